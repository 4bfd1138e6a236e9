"""Reading the values of a journey, each refusal with the field's path, its value and what was expected. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from problems.text import not_usable


class BadJourney(ValueError):
    """A journey that no study can have. `field` (a path), `value` and `expected` say why."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(not_usable(field, value, expected))
        self.field, self.value, self.expected = field, value, expected


def at(path: str, name: str | int) -> str:
    """The path of a part: `practice.items[2].feedback`."""
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name


def read_object(value: Any, path: str, names: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadJourney(path, value, f"an object with {', '.join(names)}")
    read_names(value, path, names)
    return value


def read_names(value: Mapping[str, Any], path: str, names: Sequence[str]) -> None:
    """Refuses a key that nothing reads: a typing error would silently ask for nothing."""
    for name in value:
        if name not in names:
            raise BadJourney(at(path, str(name)), value[name], f"one of {', '.join(names)}")


def read_text(value: Mapping[str, Any], path: str, name: str, *, limit: int, required: bool = False) -> str:
    """Text without surrounding white space; absent is empty."""
    text = value.get(name, "")
    return check_text(text, at(path, name), limit=limit, required=required)


def check_text(text: Any, path: str, *, limit: int, required: bool = True) -> str:
    expected = f"text of {1 if required else 0} to {limit} characters without NUL"
    if not isinstance(text, str) or "\0" in text or len(text) > limit or _is_broken(text):
        raise BadJourney(path, text, expected)
    stripped = text.strip()
    if required and not stripped:
        raise BadJourney(path, text, expected)
    return stripped


def _is_broken(text: str) -> bool:
    """Whether it holds half a surrogate pair, which no database takes."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def read_switch(value: Mapping[str, Any], path: str, name: str, *, default: bool = False) -> bool:
    switch = value.get(name, default)
    if not isinstance(switch, bool):
        raise BadJourney(at(path, name), switch, "true or false")
    return switch


def read_number(value: Mapping[str, Any], path: str, name: str, *, low: int, high: int, default: int) -> int:
    return check_number(value.get(name, default), at(path, name), low=low, high=high)


def check_number(number: Any, path: str, *, low: int, high: int) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
        raise BadJourney(path, number, f"a whole number from {low} to {high}")
    return number


def read_list(
    value: Mapping[str, Any], path: str, name: str, *, most: int, least: int = 0
) -> list[tuple[str, Any]]:
    """Each part with its path; absent is empty."""
    parts = value.get(name, [])
    if not isinstance(parts, list | tuple) or not least <= len(parts) <= most:
        raise BadJourney(at(path, name), parts, f"a list of {least} to {most}")
    return [(at(at(path, name), index), part) for index, part in enumerate(parts)]
