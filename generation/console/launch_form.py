"""The form behind a generation run: the choices of GenerationSpec, with their defaults explained."""

from __future__ import annotations

from typing import Any

from django import forms

from generation.registry.selectors import models
from generation.runs import spec as bounds
from generation.runs.spec import GenerationSpec
from problems.seeds import LARGEST_SEED
from ratings.library.models import Dataset, Question
from ratings.studies.draw import PROMPT_SPLIT

_DEFAULTS = GenerationSpec(dataset="", model="", samples=4)


class LaunchForm(forms.Form):
    model = forms.ChoiceField(help_text="What the candidates are sampled from.")
    dataset = forms.ChoiceField(help_text="Whose questions are asked.")
    samples = forms.IntegerField(
        label="Samples per question",
        min_value=1,
        max_value=bounds.MAX_SAMPLES,
        initial=_DEFAULTS.samples,
        help_text="All are kept, right or wrong; a study draws one of the right ones.",
    )
    temperature = forms.FloatField(
        min_value=0,
        max_value=bounds.MAX_TEMPERATURE,
        initial=_DEFAULTS.temperature,
        help_text="1 samples as the model would; 0 takes the likeliest token each time, whatever the seed.",
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=LARGEST_SEED,
        initial=_DEFAULTS.seed,
        help_text="The same model, settings and seed give the same candidates again.",
    )
    split = forms.ChoiceField(
        required=False,
        help_text="Questions of split prompt stand in few-shot prompts, and are asked only if they are chosen here.",
    )
    shots = forms.IntegerField(
        label="Worked examples in the prompt",
        min_value=0,
        max_value=bounds.MAX_SHOTS,
        initial=_DEFAULTS.shots,
        help_text="Drawn by the seed from split prompt, each with a right rationale. A trained model needs none.",
    )
    source = forms.SlugField(
        required=False,
        max_length=100,
        help_text="What the rationales are filed under. Empty: the model's label, or label-hinted for hinted ones.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    hint = forms.BooleanField(
        required=False,
        label="Give the right answer away in the prompt",
        help_text="STaR's rationalization: for what a model can not solve by itself.",
    )
    top_p = forms.FloatField(
        label="Top p",
        min_value=0,
        max_value=1,
        initial=_DEFAULTS.top_p,
        help_text="Only the likeliest tokens that together reach this probability are drawn from; 1: all.",
    )
    max_new_tokens = forms.IntegerField(
        label="Longest answer in tokens",
        required=False,
        min_value=1,
        max_value=bounds.MAX_NEW_TOKENS,
        help_text="A longer one is cut off, and then mostly unparsable. Empty: what the model's context has room for, "
        f"at most {bounds.DEFAULT_NEW_TOKENS}.",
    )
    batch_size = forms.IntegerField(
        label="Candidates per batch",
        required=False,
        min_value=1,
        max_value=bounds.MAX_BATCH,
        help_text=f"What is stored, or repeated after a kill, as one. Empty: {bounds.LOCAL_BATCH}, "
        f"or {bounds.ENDPOINT_BATCH} for a server.",
    )
    lanes = forms.IntegerField(
        label="Workers at a time",
        required=False,
        min_value=1,
        max_value=bounds.MAX_LANES,
        help_text="Empty: as many as are alive.",
    )

    #: How the page groups the fields.
    main = ("model", "dataset", "samples", "temperature", "seed")
    more = ("split", "shots", "source", "hint", "top_p", "max_new_tokens", "batch_size", "lanes")

    def __init__(self, data: Any = None, *, initial: dict[str, str] | None = None) -> None:
        super().__init__(data, initial=initial)
        splits = Question.objects.order_by("split").values_list("split", flat=True).distinct()
        self._offer("model", models().order_by("label").values_list("label", flat=True))
        self._offer("dataset", Dataset.objects.order_by("name").values_list("name", flat=True))
        self._offer("split", splits, nothing=f"All but {PROMPT_SPLIT}")

    def spec(self) -> GenerationSpec:
        cleaned = self.cleaned_data
        return GenerationSpec(
            **{**cleaned, "split": cleaned["split"] or None, "source": cleaned["source"] or None}
        )

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.main]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.more]

    @property
    def more_has_errors(self) -> bool:
        return any(name in self.errors for name in self.more)

    def _offer(self, name: str, values: Any, *, nothing: str | None = None) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        offered = [(value, value) for value in values]
        field.choices = offered if nothing is None else [("", nothing), *offered]
