"""Forms whose fields refuse a value by telling it: what was given and what was expected, as API and commands do."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

#: A choice among more options than these is told without them.
MOST_NAMED = 10
#: What Django says of a value that it can not take. That a value is missing says itself.
_CODES = {"invalid", "invalid_choice", "invalid_list", "min_value", "max_value", "max_length", "step_size"}


class NamesValues(forms.Form):
    """A form whose own errors read `'fast' is not usable, expected a number.`

    `expected` says what a field takes; a form that knows better says it instead.
    """

    def expected(self, name: str) -> str:
        return expected_by(self.fields[name])

    def add_error(self, field: str | None, error: Any) -> None:
        """As forms.Form does; what a field's own check says is said in other words."""
        if field in self.fields and isinstance(error, ValidationError):
            error = self._told(field, error)
        super().add_error(field, error)

    def _told(self, name: str, error: ValidationError) -> ValidationError:
        # One of several names: each is an error of its own, whose parameters hold the value.
        known = [one for one in getattr(error, "error_list", []) if one.code in _CODES]
        if not known:
            return error
        given = (known[0].params or {}).get("value", self[name].data)
        return ValidationError(unusable(given, self.expected(name)), code=known[0].code)


def unusable(given: object, expected: str) -> str:
    """What is wrong with a value, as training.recipes and the API's lists say it."""
    shown = repr(given)
    shown = shown if len(shown) <= 200 else shown[:197] + "..."
    return f"{shown} is not usable, expected {expected}."


def expected_by(field: forms.Field) -> str:
    """What a field takes, in words."""
    match field:
        case forms.ChoiceField():
            return _one_of(field)
        case forms.FloatField():
            return f"a number{_bounds(field.min_value, field.max_value)}"
        case forms.IntegerField():
            return f"a whole number{_bounds(field.min_value, field.max_value)}"
        case forms.SlugField():
            most = f", at most {field.max_length} of them" if field.max_length else ""
            return f"letters, digits, - and _{most}"
        case forms.CharField() if field.max_length:
            return f"at most {field.max_length} characters"
    return "something else"


def _one_of(field: forms.ChoiceField) -> str:
    options: list[str] = []
    choices: Any = field.choices
    for value, words in choices:
        # A group of choices holds choices of its own.
        inside = words if isinstance(words, list | tuple) else [(value, words)]
        options += [repr(str(one)) for one, _ in inside if one != ""]
    if not options:
        return "one of those offered, of which there are none"
    return f"one of {', '.join(options)}" if len(options) <= MOST_NAMED else "one of those offered"


def _bounds(least: Any, most: Any) -> str:
    words = [f"of at least {least:g}"] if least is not None else []
    words += [f"at most {most:g}" if abs(most) < 10**6 else f"at most {most}"] if most is not None else []
    return " " + " and ".join(words) if words else ""
