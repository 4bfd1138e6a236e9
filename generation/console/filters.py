"""Which candidates of a run to list."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from accounts.naming import NamesValues
from ratings.library.models import VERDICT_CHOICES


class CandidateFilterForm(NamesValues):
    verdict = forms.ChoiceField(required=False, choices=[("", "Any verdict"), *VERDICT_CHOICES])
    question = forms.CharField(max_length=200, required=False, label="Question id", strip=True)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data, auto_id="filter-%s")

    def chosen(self) -> dict[str, Any]:
        """The filters that are set, by the names that the selector knows; none if one is not usable."""
        if not self.is_valid():
            return {}
        return {name: value for name, value in self.cleaned_data.items() if value}

    def query(self) -> str:
        """The filters as a query string, for links to other pages of the list."""
        return urlencode(self.chosen())
