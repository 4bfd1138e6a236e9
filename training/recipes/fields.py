"""The kinds of values that a recipe's keys take: what is accepted, and in which words the rest is refused.

A key is a field of a dataclass in `schema.py`; its kind stands in the field's metadata. TOML's own types come in
(str, int, float, bool, list), plain Python values go out: lists become tuples, whole numbers become floats where a
float is wanted, and nothing else is converted.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from training.recipes.errors import bad_value

#: Where a field keeps its kind.
KIND = "kind"
#: More entries than this in one list are a mistake.
MAX_ENTRIES = 1_000
MAX_TEXT = 1_000
#: What the largest whole number of a database column is, and so no limit worth words.
NO_LIMIT = 2**31 - 1


class Kind(Protocol):
    """read: the value, as the dataclass holds it, or RecipeError naming the key. expected: what it takes, in words."""

    @property
    def expected(self) -> str: ...

    def read(self, key: str, value: object) -> Any: ...


@dataclass(frozen=True, slots=True)
class Text:
    what: str
    may_be_empty: bool = False

    @property
    def expected(self) -> str:
        return self.what + (', or "" for none' if self.may_be_empty else "")

    def read(self, key: str, value: object) -> str:
        good = isinstance(value, str) and len(value) <= MAX_TEXT and "\0" not in value
        if not good or not (value or self.may_be_empty):
            raise bad_value(key, value, self.expected)
        assert isinstance(value, str)
        return value


@dataclass(frozen=True, slots=True)
class OneOf:
    options: tuple[str, ...]

    @property
    def expected(self) -> str:
        return f"one of {', '.join(map(repr, self.options))}"

    def read(self, key: str, value: object) -> str:
        if value not in self.options:
            raise bad_value(key, value, self.expected)
        assert isinstance(value, str)
        return value


@dataclass(frozen=True, slots=True)
class SetOf:
    """Words of a small vocabulary, separated by commas: "best,last"."""

    options: tuple[str, ...]

    @property
    def expected(self) -> str:
        return f"some of {', '.join(map(repr, self.options))}, separated by commas"

    def read(self, key: str, value: object) -> str:
        words = [word.strip() for word in value.split(",")] if isinstance(value, str) else []
        if not words or any(word not in self.options for word in words):
            raise bad_value(key, value, self.expected)
        return ",".join(option for option in self.options if option in words)


@dataclass(frozen=True, slots=True)
class Flag:
    expected: str = "true or false"

    def read(self, key: str, value: object) -> bool:
        if not isinstance(value, bool):
            raise bad_value(key, value, self.expected)
        return value


@dataclass(frozen=True, slots=True)
class Whole:
    minimum: int
    maximum: int = NO_LIMIT

    @property
    def expected(self) -> str:
        upper = f" and at most {self.maximum}" if self.maximum != NO_LIMIT else ""
        return f"a whole number of at least {self.minimum}{upper}"

    def read(self, key: str, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not self.minimum <= value <= self.maximum:
            raise bad_value(key, value, self.expected)
        return value


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number between the bounds; `above` excludes the lower one."""

    minimum: float
    maximum: float = math.inf
    above: bool = False

    @property
    def expected(self) -> str:
        upper = "" if math.isinf(self.maximum) else f" and at most {self.maximum:g}"
        return f"a number {'above' if self.above else 'of at least'} {self.minimum:g}{upper}"

    def read(self, key: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise bad_value(key, value, self.expected)
        low = value > self.minimum if self.above else value >= self.minimum
        if not low or value > self.maximum:
            raise bad_value(key, value, self.expected)
        return float(value)


@dataclass(frozen=True, slots=True)
class Many:
    """A list of values of one kind, in the order given, none twice."""

    of: Kind
    at_least: int = 0

    @property
    def expected(self) -> str:
        few = f", at least {self.at_least} of them" if self.at_least else ""
        return f"a list, each entry {self.of.expected}{few}"

    def read(self, key: str, value: object) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple) or not self.at_least <= len(value) <= MAX_ENTRIES:
            raise bad_value(key, value, self.expected)
        entries = tuple(self.of.read(f"{key}[{index}]", entry) for index, entry in enumerate(value))
        if len(set(entries)) != len(entries):
            raise bad_value(key, value, f"{self.expected}, none of them twice")
        return entries


def key(kind: Kind) -> Any:
    """A key of a recipe, for the right-hand side of a dataclass field. Its default stands in the TOML file."""
    return dataclasses.field(metadata={KIND: kind})


def kinds_of(schema: type[Any]) -> dict[str, Kind]:
    """The keys of a recipe's dataclass, in their order."""
    return {field.name: field.metadata[KIND] for field in dataclasses.fields(schema)}


def text(what: str, *, may_be_empty: bool = False) -> Any:
    return key(Text(what, may_be_empty))


def one_of(*options: str) -> Any:
    return key(OneOf(options))


def some_of(*options: str) -> Any:
    return key(SetOf(options))


def flag() -> Any:
    return key(Flag())


def whole(minimum: int, maximum: int = NO_LIMIT) -> Any:
    return key(Whole(minimum, maximum))


def number(minimum: float, maximum: float = math.inf, *, above: bool = False) -> Any:
    return key(Number(minimum, maximum, above))


def names(what: str, *, at_least: int = 0) -> Any:
    return key(Many(Text(what), at_least))


def wholes(minimum: int, *, at_least: int = 0) -> Any:
    return key(Many(Whole(minimum), at_least))


def as_toml_value(value: object) -> object:
    """The value as TOML and JSON hold it: tuples become lists."""
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
