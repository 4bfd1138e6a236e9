"""Which keys the tables of a base's recipe have, of which kinds; what is of no use is named by key and value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, NoReturn


class UnusableRecipe(ValueError):
    """key: as a plan's `set` writes it, `addition.answer_order`. value: what stands there, in words for a table."""

    def __init__(self, key: str, value: Any, expected: str) -> None:
        self.key = key
        self.value = "a table" if isinstance(value, Mapping) else "nothing" if value is None else value
        self.expected = expected
        bare = value is None or isinstance(value, Mapping)
        super().__init__(f"{key}: {self.value if bare else repr(value)}; expected {expected}")


@dataclass(frozen=True, slots=True)
class Table:
    """kinds: of all keys that it may have, as their annotations say. needed: keys that it must have."""

    kinds: Mapping[str, str]
    needed: frozenset[str]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _are_two_numbers(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))


_Kind = tuple[str, Callable[[object], bool]]
#: By annotation: what is said of it, and what it takes. Others are texts.
_KINDS: Mapping[str, _Kind] = {
    "int": ("a whole number", lambda value: type(value) is int),
    "float": ("a number", _is_number),
    "bool": ("true or false", lambda value: type(value) is bool),
    "tuple[float, float]": ("two numbers", _are_two_numbers),
}
_TEXT: _Kind = ("a text", lambda value: isinstance(value, str))
_TABLE: _Kind = ("a table", lambda value: isinstance(value, dict))


def table_of(part: Any, *, needed: tuple[str, ...] = (), apart_from: tuple[str, ...] = ()) -> Table:
    """The table that a dataclass is read from. needed: keys that the file must have for all their defaults."""
    own: list[Field[Any]] = [one for one in fields(part) if one.name not in apart_from]
    without = {one.name for one in own if one.default is MISSING and one.default_factory is MISSING}
    return Table({one.name: str(one.type) for one in own}, frozenset(without | set(needed)))


def set_value(table: dict[str, Any], key: str, value: Any) -> None:
    """Raises UnusableRecipe where there is no such table."""
    *names, last = key.split(".")
    inner = table
    for name in names:
        if not isinstance(inner.get(name), dict):
            there = sorted(one for one, held in inner.items() if isinstance(held, dict))
            raise UnusableRecipe(key, value, f"a key in one of the tables {', '.join(there) or '(none)'}")
        inner = inner[name]
    inner[last] = value


def check_tables(recipe: Mapping[str, Any], tables: Mapping[str, Table]) -> None:
    """tables: by their dotted names, "" for the whole, each behind the one that it is in. Raises UnusableRecipe."""
    for path, table in tables.items():
        inner: Any = recipe
        for name in filter(None, path.split(".")):
            inner = None if inner is None else inner.get(name)
        if inner is None:
            continue  # left out as a whole; a table that is needed is missed where it should stand
        for key in sorted(inner.keys() - table.kinds.keys()):
            _refuse(path, key, inner[key], f"one of {', '.join(sorted(table.kinds))}")
        for key in sorted(table.needed - inner.keys()):
            _refuse(path, key, None, "a value: this key is needed")
        for key, value in inner.items():
            kind = table.kinds[key]
            words, takes = _TABLE if _is_table(kind) else _KINDS.get(kind, _TEXT)
            if not takes(value):
                _refuse(path, key, value, words)


def _is_table(kind: str) -> bool:
    return kind.startswith("Mapping") or kind in ("table", "Schedule")


def _refuse(path: str, key: str, value: Any, expected: str) -> NoReturn:
    raise UnusableRecipe(f"{path}.{key}" if path else key, value, expected)


@contextmanager
def in_table(path: str, table: Mapping[str, Any]) -> Iterator[None]:
    """What a part says of a value, `key: value; expected …`, becomes an UnusableRecipe with the key's whole name."""
    try:
        yield
    except UnusableRecipe:
        raise
    except ValueError as error:
        found = re.fullmatch(r"(\w+): .*; expected (.*)", str(error), re.DOTALL)
        if found is None:
            raise
        _refuse(path, found[1], table.get(found[1]), found[2])
