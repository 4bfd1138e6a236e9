"""A design as JSON: what `create_study --design` and POST studies/ read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from accounts.errors import InvalidInput
from problems.text import not_usable
from ratings.studies.design import StudyDesign
from ratings.studies.presets import PRESETS

_NUMBERS = ("questions", "ratings_per_triple", "per_rater", "seed", "lease_seconds")
_TEXTS = ("name", "dataset", "instructions", "split")
_SWITCHES = ("any_answer", "strict_text")
_OBJECTS = ("form", "journey", "quality", "pay", "protocol")
_REQUIRED = ("name", "dataset", "sources")

#: Beside the fields of StudyDesign.
PRESET = "preset"


def read_design(value: Any) -> StudyDesign:
    """The design that a JSON object says, over its preset's choices, over the defaults.

    Only types are checked here; `check_design` knows what may stand where. Raises InvalidInput, naming the field.
    """
    if not isinstance(value, Mapping):
        _refuse("design", value, "one JSON object")
    names = [field.name for field in fields(StudyDesign)]
    for name in value:
        if name not in names and name != PRESET:
            _refuse(str(name), value[name], f"one of {', '.join([*names, PRESET])}")
    choices = {**preset_choices(value.get(PRESET)), **{n: v for n, v in value.items() if n != PRESET}}
    for name in _REQUIRED:
        if name not in choices:
            _refuse(name, None, "a value: it has no default")
    for name, given in choices.items():
        _check_type(name, given)
    return StudyDesign(**choices)


def preset_choices(code: Any) -> dict[str, Any]:
    """The choices of a preset by its code; none for none. Raises InvalidInput."""
    if code is None or code == "":
        return {}
    if not isinstance(code, str) or code not in PRESETS:
        _refuse(PRESET, code, f"one of {', '.join(PRESETS)}")
    return dict(PRESETS[code].design)


def _check_type(name: str, value: Any) -> None:
    if name in _NUMBERS:
        if value is None and name == "per_rater":
            return
        if isinstance(value, bool) or not isinstance(value, int):
            _refuse(name, value, "a whole number")
    elif name in _TEXTS:
        if not isinstance(value, str):
            _refuse(name, value, "text")
    elif name in _SWITCHES:
        if not isinstance(value, bool):
            _refuse(name, value, "true or false")
    elif name in _OBJECTS:
        if not isinstance(value, Mapping):
            _refuse(name, value, "an object")
    elif not isinstance(value, list | tuple):
        _refuse(name, value, "a list")
    elif name == "sources" and not all(isinstance(label, str) for label in value):
        _refuse(name, value, "three source labels")


def default_of(name: str) -> Any:
    """A field's default in StudyDesign."""
    [field] = [field for field in fields(StudyDesign) if field.name == name]
    if field.default_factory is not MISSING:
        return field.default_factory()
    return None if field.default is MISSING else field.default


def _refuse(name: str, value: Any, expected: str) -> None:
    raise InvalidInput(
        not_usable(name, value, expected),
        details={
            "field": name,
            "value": None if value is None else repr(value)[:200],
            "expected": expected,
        },
    )
