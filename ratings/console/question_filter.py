"""Which questions of a dataset to list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Count
from django.http import QueryDict

from accounts.naming import NamesValues
from ratings.library.models import VERDICT_CHOICES, Question, Rationale
from ratings.library.selectors import DatasetSummary


class QuestionFilterForm(NamesValues):
    """Filters of a dataset's questions; those by source only for whoever may see sources."""

    search = forms.CharField(max_length=200, required=False, label="Words or id", strip=True)
    split = forms.ChoiceField(required=False)
    source = forms.ChoiceField(required=False)
    verdict = forms.ChoiceField(required=False, choices=[("", "Any verdict"), *VERDICT_CHOICES])

    def __init__(self, data: QueryDict, *, dataset: DatasetSummary, by_source: bool) -> None:
        super().__init__(data, auto_id="filter-%s")
        self._offer("split", "Any split", dataset.splits)
        self._offer("source", "Any source", dataset.sources)
        if not by_source:
            del self.fields["source"], self.fields["verdict"]
        for field in self.fields.values():
            field.required = False

    def _offer(self, name: str, nothing: str, values: Iterable[str]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", nothing), *((value, value) for value in values)]

    def chosen(self) -> dict[str, Any]:
        """The filters that are set, by the names that the library's selector knows; none if one is not usable."""
        if not self.is_valid():
            return {}
        return {name: value for name, value in self.cleaned_data.items() if value}

    def query(self) -> str:
        """The filters as a query string, for links to other pages of the list."""
        return urlencode(self.chosen())


def verdicts_of(questions: Iterable[Question]) -> dict[int, list[tuple[str, int]]]:
    """Live rationales by verdict of each question, in one statement."""
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    keys = [question.pk for question in questions]
    rows = Rationale.objects.filter(question_id__in=keys, live=True).values_list("question_id", "verdict")
    for key, verdict, count in rows.annotate(count=Count("pk")).order_by("question_id", "verdict"):
        found[key].append((verdict, count))
    return found
