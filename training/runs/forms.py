"""The launch form, made from a recipe: one field for each key, its explanation beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from accounts.naming import NamesValues
from generation.registry.models import LanguageModel
from generation.registry.services import OWN_BASES
from problems.types import Family
from ratings.library.models import Dataset, Source
from ratings.studies.models import Study
from training.recipes.fields import Flag, Kind, Many, Number, OneOf, SetOf, Text, Whole
from training.recipes.reader import KeyAbout, ReadRecipe, RecipeAbout, read_recipe
from training.runs.launching import MAX_LABEL

_TYPED = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
#: What the form calls keys whose own name says little.
_LABELS = {
    "base": "Base model",
    "raters": "Whose votes",
    "clip": "Gradient clip",
    "export": "Export",
    "beta": "Beta",
}
#: Keys of which every recipe has one, though these algorithms make no use of them.
_UNUSED = {"star": {"studies", "raters"}}


#: What kind of questions the recipes' own datasets hold.
_FAMILIES = {"addition": Family.ADDITION, "word-problems": Family.WORD_PROBLEM}


class LaunchForm(NamesValues):
    """`label`, and the recipe's keys under their own names."""

    label = forms.SlugField(
        max_length=MAX_LABEL,
        help_text="What the resulting model is called: letters, digits, - and _. New for every run.",
        widget=forms.TextInput(attrs=_TYPED),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        about: RecipeAbout,
        values: Mapping[str, Any] | None = None,
        label: str = "",
        base: str = "",
    ) -> None:
        """values: instead of the recipe's own, for a clone. base: the model that was chosen on the way, if one was."""
        super().__init__(data)
        self.about = about
        self.fields["label"].initial = label
        chosen = {key.name: key.default for key in about.keys} | dict(values or {})
        for key in self._keys():
            field = field_for(key)
            field.label = _LABELS.get(key.name, key.name.replace("_", " ").capitalize())
            field.help_text = f"{key.words} Recipe: {_shown(key.default)}."
            field.initial = _initial(key.kind, chosen[key.name], field)
            if key.name == "dataset" and values is None:
                field.initial = _usual_dataset(key.default)
            if key.name == "base" and base:
                field.initial = base
            self.fields[key.name] = field

    def expected(self, name: str) -> str:
        """A key takes what the recipe says; what is chosen from rows, one of them."""
        kinds = {key.name: key.kind for key in self.about.keys}
        if name in kinds and not isinstance(self.fields[name], forms.ChoiceField):
            return kinds[name].expected
        return super().expected(name)

    def recipe(self) -> ReadRecipe:
        """The recipe with what was chosen. Raises RecipeError."""
        return read_recipe(self.about.algorithm, self.about.name, self.chosen())

    def chosen(self) -> dict[str, Any]:
        """Every key of the form with its value as TOML would hold it, not yet checked."""
        return {key.name: _value(key.kind, self.cleaned_data[key.name]) for key in self._keys()}

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField], bool]]:
        """(heading, fields, whether it stands open): the first group, and those with errors, are open."""
        shown = {key.name for key in self._keys()}
        return [
            (
                heading,
                [self[key.name] for key in keys if key.name in shown],
                not place or any(key.name in self.errors for key in keys),
            )
            for place, (heading, keys) in enumerate(self.about.groups)
        ]

    def _keys(self) -> list[KeyAbout]:
        unused = _UNUSED.get(self.about.algorithm, set())
        return [key for key in self.about.keys if key.name not in unused]


def field_for(key: KeyAbout) -> forms.Field:
    """The form field of a key; what it lets through is checked again as a recipe."""
    match key.name:
        case "dataset":
            return forms.ChoiceField(choices=_dataset_choices(key.default))
        case "base":
            return forms.ChoiceField(choices=_base_choices(key.default))
        case "verifier":
            return forms.ChoiceField(
                choices=[("", "None"), *((label, label) for label in _base_models())], required=False
            )
        case "studies":
            return _several([(name, name) for name in _visible_studies()])
        case "sources":
            return _several([(label, label) for label in _names(Source, "label")])
    match key.kind:
        case OneOf(options):
            return forms.ChoiceField(choices=[(option, option.replace("_", " ")) for option in options])
        case SetOf(options):
            return _several([(option, option) for option in options], required=True)
        case Flag():
            return forms.BooleanField(required=False)
        case Whole(minimum, _):
            return forms.IntegerField(widget=forms.NumberInput(attrs={"min": minimum, "step": 1}))
        case Number():
            return forms.FloatField(widget=forms.NumberInput(attrs={"step": "any"}))
        case Many():
            return forms.CharField(required=False, widget=forms.TextInput(attrs=_TYPED))
        case Text(_, may_be_empty):
            return forms.CharField(required=not may_be_empty, widget=forms.TextInput(attrs=_TYPED))
    raise TypeError(f"{key.name}: no form field takes {key.kind!r}")


def _several(choices: list[tuple[str, str]], *, required: bool = False) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(choices=choices, required=required, widget=forms.CheckboxSelectMultiple)


def _initial(kind: Kind, value: Any, field: forms.Field) -> Any:
    """As the field takes it: a list where boxes are ticked, its entries between commas where it is typed."""
    match kind:
        case SetOf():
            return str(value).split(",")
        case Many() if isinstance(field, forms.MultipleChoiceField):
            return list(value)
        case Many():
            return ", ".join(map(str, value))
    return value


def _value(kind: Kind, cleaned: Any) -> Any:
    """As TOML would hold it."""
    match kind:
        case SetOf():
            return ",".join(cleaned)
        case Many(of=Whole()):
            return [_whole(part) for part in cleaned.split(",") if part.strip()]
        case Many() if isinstance(cleaned, str):
            return [part.strip() for part in cleaned.split(",") if part.strip()]
    return cleaned


def _whole(text: str) -> int | str:
    """A text that is no number stays one, and is refused as such."""
    return int(text) if text.strip().isdecimal() else text.strip()


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value) or "none"


def _names(model: type[Dataset] | type[Source], field: str) -> list[str]:
    return list(model.objects.order_by(field).values_list(field, flat=True))


def _dataset_choices(usual: str) -> list[tuple[str, str]]:
    """All datasets; where none fits the recipe, the first choice is none."""
    found = [(name, name) for name in _names(Dataset, "name")]
    return found if _usual_dataset(usual) else [("", "Choose a dataset"), *found]


def _usual_dataset(usual: str) -> str:
    """The recipe's own, or the one that there is of its family; "" where there is neither, or a choice to make."""
    if Dataset.objects.filter(name=usual).exists():
        return usual
    found = Dataset.objects.filter(family=_FAMILIES.get(usual, "")).values_list("name", flat=True)[:2]
    return found[0] if len(found) == 1 else ""


def _base_choices(usual: str) -> list[tuple[str, str]]:
    """All models to begin with; where the recipe's own is not here, the first choice is none."""
    found = [(label, label) for label in _base_models()]
    return found if any(label == usual for label, _ in found) else [("", "Choose a base model"), *found]


def _base_models() -> list[str]:
    """Those whose weights are here, newest first; the committed bases are registered when they are first named."""
    here = LanguageModel.objects.exclude(kind=LanguageModel.Kind.ENDPOINT)
    return list(dict.fromkeys([*here.order_by("-id").values_list("label", flat=True), *OWN_BASES]))


def _visible_studies() -> list[str]:
    return [study.name for study in Study.objects.order_by("-id") if study.results_are_visible]
