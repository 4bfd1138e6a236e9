"""Which examples, and which pairs, a page lists."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms

from accounts.naming import NamesValues
from problems.types import Verdict
from training.runs.models import Fate, Origin, PreferencePair, TrainingRun


class _FilterForm(NamesValues):
    """A GET form whose empty fields say nothing."""

    def chosen(self) -> dict[str, Any]:
        if not self.is_valid():
            return {}
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}

    def query(self) -> str:
        """The filters as the query string of a link to another page of the list."""
        return urlencode(self.chosen())


class ExampleFilterForm(_FilterForm):
    iteration = forms.TypedChoiceField(required=False, coerce=int, empty_value=None)
    origin = forms.ChoiceField(required=False, choices=[("", "Any"), *Origin.choices])
    verdict = forms.ChoiceField(
        required=False, choices=[("", "Any"), *((verdict.value, verdict.value) for verdict in Verdict)]
    )
    fate = forms.ChoiceField(required=False, choices=[("", "Any"), *Fate.choices])
    learned_in = forms.TypedChoiceField(required=False, coerce=int, empty_value=None, label="Learned in")
    question = forms.CharField(required=False, max_length=200, label="Question id")

    def __init__(self, data: Any, *, run: TrainingRun) -> None:
        super().__init__(data, auto_id="filter-%s")
        numbers = run.iterations.order_by("number").values_list("number", flat=True)
        found = [(str(number), str(number)) for number in numbers if number]
        for name, nothing in (("iteration", "All"), ("learned_in", "Any or none")):
            field = self.fields[name]
            assert isinstance(field, forms.TypedChoiceField)
            field.choices = [("", nothing), *found]


class PairFilterForm(_FilterForm):
    use = forms.ChoiceField(required=False, choices=[("", "Any"), *PreferencePair.Use.choices])
    origin = forms.ChoiceField(required=False, choices=[("", "Any"), *PreferencePair.Origin.choices])

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id="filter-%s")
