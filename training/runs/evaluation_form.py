"""The form behind an evaluation: the choices of EvaluationSpec, with their defaults explained."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.naming import NamesValues
from generation.registry.models import LanguageModel
from problems.seeds import LARGEST_SEED
from ratings.library.models import Dataset, Question
from training.runs import evaluating as bounds
from training.runs.evaluating import EvaluationSpec

_DEFAULTS = EvaluationSpec(model="", dataset="")


class EvaluationForm(NamesValues):
    model = forms.ChoiceField(help_text="What answers the questions.")
    dataset = forms.ChoiceField(help_text="Whose questions are asked.")
    split = forms.ChoiceField(help_text="Which of them. Nothing should have been learned from these.")
    verifiers = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Models whose log-likelihood ranks the samples. The generator's own always does.",
    )
    samples = forms.IntegerField(
        label="Samples per question",
        min_value=1,
        max_value=bounds.MAX_SAMPLES,
        initial=_DEFAULTS.samples,
        help_text="The more, the further best-of-k can be told.",
    )
    temperature = forms.FloatField(
        min_value=0,
        max_value=bounds.MAX_TEMPERATURE,
        initial=_DEFAULTS.temperature,
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text="Of the samples. The greedy answer is asked for as well.",
    )
    k = forms.CharField(
        label="Draws",
        required=False,
        help_text="Numbers of samples of which the best is taken, such as 1, 4, 16. Empty: the powers of two.",
    )
    questions = forms.IntegerField(
        label="Questions",
        min_value=0,
        initial=_DEFAULTS.questions,
        help_text="Only so many, chosen by the seed. 0: all of the split.",
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=LARGEST_SEED,
        initial=_DEFAULTS.seed,
        help_text="The same model, settings and seed give the same samples again.",
    )
    top_p = forms.FloatField(
        label="Top p",
        min_value=0,
        max_value=1,
        initial=_DEFAULTS.top_p,
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text="Only the likeliest tokens that together reach this probability are drawn from; 1: all.",
    )
    shots = forms.IntegerField(
        label="Worked examples in the prompt",
        min_value=0,
        initial=_DEFAULTS.shots,
        help_text="Drawn by the seed from split prompt. A trained model needs none.",
    )
    max_new_tokens = forms.IntegerField(
        label="Longest answer in tokens",
        required=False,
        min_value=1,
        max_value=bounds.MAX_NEW_TOKENS,
        help_text="Empty: what the model's context has room for, at most 256.",
    )

    #: How the page groups the fields.
    main = ("model", "dataset", "split", "verifiers", "samples", "temperature")
    more = ("k", "questions", "seed", "top_p", "shots", "max_new_tokens")

    def __init__(self, data: Any = None, *, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        models = LanguageModel.objects.order_by("-id")
        here = models.exclude(kind=LanguageModel.Kind.ENDPOINT)
        splits = Question.objects.order_by("split").values_list("split", flat=True).distinct()
        self._offer("model", models.values_list("label", flat=True))
        self._offer("verifiers", here.values_list("label", flat=True))
        self._offer("dataset", Dataset.objects.order_by("name").values_list("name", flat=True))
        self._offer("split", splits)
        self.fields["split"].initial = _DEFAULTS.split

    def clean_k(self) -> tuple[int, ...]:
        parts = [part.strip() for part in self.cleaned_data["k"].split(",") if part.strip()]
        wrong = [part for part in parts if not (part.isdecimal() and len(part) < 8)]
        if wrong:
            raise forms.ValidationError(
                f"{wrong[0][:100]!r} is not usable, expected whole numbers, separated by commas."
            )
        return tuple(int(part) for part in parts)

    def spec(self) -> EvaluationSpec:
        return EvaluationSpec(**{**self.cleaned_data, "verifiers": tuple(self.cleaned_data["verifiers"])})

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.main]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.more]

    @property
    def more_has_errors(self) -> bool:
        return any(name in self.errors for name in self.more)

    def _offer(self, name: str, values: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(value, value) for value in values]
