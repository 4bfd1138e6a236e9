"""The form of an import."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat

from ratings.library.formats import QUESTION_FORMATS, RATIONALE_FORMATS, TRIPLES
from ratings.library.models import FAMILY_CHOICES

#: What the formats are, for people; the first of each kind is offered first.
_WORDS = {
    "questions:jsonl": "Questions, JSON lines (rationales may stand beside them)",
    "questions:csv": "Questions, CSV",
    "questions:gsm8k": "GSM8K (questions with human solutions)",
    "questions:commonsenseqa": "CommonsenseQA",
    "rationales:jsonl": "Rationales, JSON lines",
    "rationales:triples": "Triples: questions with three rationales each",
    "rationales:gsm8k-model-solutions": "GSM8K example model solutions",
    "rationales:cose": "CoS-E (human explanations of CommonsenseQA)",
}

_KNOWN = [
    *(f"questions:{name}" for name in QUESTION_FORMATS),
    *(f"rationales:{name}" for name in (*RATIONALE_FORMATS, TRIPLES)),
]
FORMAT_CHOICES = sorted(
    ((value, _WORDS.get(value, value.replace(":", ": "))) for value in _KNOWN),
    key=lambda choice: list(_WORDS).index(choice[0]) if choice[0] in _WORDS else len(_WORDS),
)

#: Who wrote what a source holds, in words.
WRITER_WORDS = {"people": "people", "program": "the program that made the questions", "model": "a model"}

#: Addresses of pages below /datasets/; a dataset of that name could not be reached.
RESERVED_NAMES = frozenset({"import"})


def writer_words(written_by: str) -> str:
    return WRITER_WORDS.get(written_by, "not said")


class ImportForm(forms.Form):
    """Which file, as what, into which dataset."""

    file = forms.FileField()
    format = forms.ChoiceField(label="What is in it", choices=FORMAT_CHOICES)
    dataset = forms.SlugField(
        max_length=100,
        help_text="A dataset that is there already, or the name of a new one.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    family = forms.ChoiceField(
        label="Problem family",
        required=False,
        help_text="How answers are read and graded. By itself: the format's, else by whether there are choices.",
    )
    split = forms.SlugField(
        max_length=50, required=False, help_text="For rows that state none; “train” by itself."
    )
    source = forms.SlugField(
        max_length=100,
        required=False,
        help_text="Of rationales whose row names none; “human” by itself, where people wrote them.",
    )
    written_by = forms.ChoiceField(
        label="Written by",
        required=False,
        choices=[("", "As the file says"), *WRITER_WORDS.items()],
        help_text="Who wrote its rationales, where the file does not say. What a model wrote is never taken for a "
        "human solution, nor learned from unless a recipe names its source.",
    )

    main = ("file", "format", "dataset")
    more = ("family", "split", "source", "written_by")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        family = self.fields["family"]
        assert isinstance(family, forms.ChoiceField)
        family.choices = [("", "By itself"), *FAMILY_CHOICES]
        largest = filesizeformat(settings.MAX_UPLOAD_BYTES)
        file = self.fields["file"]
        file.help_text = (
            f"UTF-8 text, at most {largest}. Nothing is written before you have seen the preview."
        )

    def clean_dataset(self) -> str:
        name: str = self.cleaned_data["dataset"]
        if name in RESERVED_NAMES:
            raise forms.ValidationError("This name is an address of the site's own; take another.")
        return name

    def options(self) -> dict[str, str]:
        """What the services are asked with, and `what` of them; "" for what is not said."""
        what, _, format = self.cleaned_data["format"].partition(":")
        named = {name: self.cleaned_data[name] for name in ("dataset", *self.more)}
        return {"what": what, "format": format, **named}

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.main]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.more]

    @property
    def more_has_errors(self) -> bool:
        return any(name in self.errors for name in self.more)
