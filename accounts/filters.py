"""Filters of the API's lists; django-filter ships no types, which is said here once."""

from __future__ import annotations

from typing import Any

import django_filters

_TRUTHS = {"true": True, "True": True, "1": True, "false": False, "False": False, "0": False}


class Filters(django_filters.FilterSet):  # type: ignore[misc]
    """What the lists' filters are made of."""


class TruthFilter(django_filters.TypedChoiceFilter):  # type: ignore[misc]
    """`?key=true` or false. Its own BooleanFilter takes any other word for no filter at all."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        choices = [(word, word) for word in _TRUTHS]
        super().__init__(*args, choices=choices, coerce=_TRUTHS.__getitem__, empty_value=None, **kwargs)

    def filter(self, qs: Any, value: Any) -> Any:
        return qs if value is None else qs.filter(**{self.field_name: value})
