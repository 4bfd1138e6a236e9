"""Which keys the tables of a base's recipe have, and what each takes; what is of no use is named by key and value.

The kinds of values, and the words in which they refuse, are those of all recipes (`training.recipes.fields`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any

from training.recipes.errors import bad_value
from training.recipes.fields import Flag, Kind, Number, Text, Whole


@dataclass(frozen=True, slots=True)
class Table:
    """kinds: of all keys that it may have; None where a table stands. needed: keys that it must have."""

    kinds: Mapping[str, Kind | None]
    needed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Pair:
    expected: str = "two numbers"

    def read(self, key: str, value: object) -> tuple[float, ...]:
        if not isinstance(value, list) or len(value) != 2:
            raise bad_value(key, value, self.expected)
        return tuple(Number(0).read(f"{key}[{place}]", one) for place, one in enumerate(value))


#: By annotation; texts with a vocabulary are checked by the part that knows it.
_KINDS: Mapping[str, Kind] = {
    "int": Whole(0),
    "float": Number(0),
    "bool": Flag(),
    "tuple[float, float]": Pair(),
}


def table_of(part: Any, *, needed: tuple[str, ...] = (), apart_from: tuple[str, ...] = ()) -> Table:
    """The table that a dataclass is read from. needed: keys that the file must have for all their defaults."""
    own: list[Field[Any]] = [one for one in fields(part) if one.name not in apart_from]
    without = {one.name for one in own if one.default is MISSING and one.default_factory is MISSING}
    return Table({one.name: _kind_of(str(one.type)) for one in own}, frozenset(without | set(needed)))


def _kind_of(annotation: str) -> Kind | None:
    if annotation.startswith("Mapping") or annotation == "Schedule":
        return None
    return _KINDS.get(annotation, Text("a text"))


def set_value(table: dict[str, Any], key: str, value: Any) -> None:
    """Raises RecipeError where there is no such table."""
    *names, last = key.split(".")
    inner = table
    for name in names:
        if not isinstance(inner.get(name), dict):
            there = sorted(one for one, held in inner.items() if isinstance(held, dict))
            raise bad_value(key, value, f"a key in one of the tables {', '.join(there) or '(none)'}")
        inner = inner[name]
    inner[last] = value


def check_tables(recipe: Mapping[str, Any], tables: Mapping[str, Table]) -> None:
    """tables: by their dotted names, "" for the whole, each behind the one that it is in. Raises RecipeError."""
    for path, table in tables.items():
        inner: Any = recipe
        for name in filter(None, path.split(".")):
            inner = None if inner is None else inner.get(name)
        if inner is None:
            continue  # left out as a whole; a table that is needed is missed where it should stand
        for key in sorted(inner.keys() - table.kinds.keys()):
            raise bad_value(_dotted(path, key), inner[key], f"one of {', '.join(sorted(table.kinds))}")
        for key in sorted(table.needed - inner.keys()):
            raise bad_value(_dotted(path, key), None, "a value: this key is needed")
        for key, value in inner.items():
            kind = table.kinds[key]
            if kind is not None:
                kind.read(_dotted(path, key), value)
            elif not isinstance(value, dict):
                raise bad_value(_dotted(path, key), value, "a table")


def _dotted(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


@contextmanager
def in_table(path: str, table: Mapping[str, Any]) -> Iterator[None]:
    """What a part says of a value, `key: value; expected …`, becomes a RecipeError with the key's whole name."""
    try:
        yield
    except ValueError as error:
        found = re.fullmatch(r"(\w+): .*; expected (.*)", str(error), re.DOTALL)
        if found is None:
            raise
        raise bad_value(_dotted(path, found[1]), table.get(found[1]), found[2]) from error
