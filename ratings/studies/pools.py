"""Rater pools: named groups of a study's raters, each with its own quota and number of places. Pure.

A study stores its pools as a JSON list; an empty one is a study whose raters are all alike.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from problems.text import not_usable

MAX_POOLS = 50
MAX_PLACES = 1_000_000
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_NAMES = ("name", "places", "per_rater")


class BadPools(ValueError):
    """Pools that no study can have. `field`, `value` and `expected` say why."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(not_usable(field, value, expected))
        self.field, self.value, self.expected = field, value, expected


@dataclass(frozen=True, slots=True)
class Pool:
    """places: how many raters may enter it, None for any number. per_rater: the quota of each, None for the study's."""

    name: str
    places: int | None = None
    per_rater: int | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read_pools(value: Sequence[Any]) -> tuple[Pool, ...]:
    """Stored or submitted pools. Raises BadPools."""
    if not isinstance(value, list | tuple) or len(value) > MAX_POOLS:
        raise BadPools("pools", value, f"a list of at most {MAX_POOLS} pools")
    pools = tuple(_read_pool(entry, f"pools.{index}") for index, entry in enumerate(value))
    names = [pool.name for pool in pools]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise BadPools(f"pools.{index}.name", name, "a name of its own: an earlier pool has it")
    return pools


def _read_pool(entry: Any, path: str) -> Pool:
    if not isinstance(entry, dict):
        raise BadPools(path, entry, "an object with name, places and per_rater")
    for key in entry:
        if key not in _NAMES:
            raise BadPools(f"{path}.{key}", entry[key], f"one of {', '.join(_NAMES)}")
    name = entry.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadPools(f"{path}.name", name, "1 to 100 letters, digits, - and _")
    return Pool(name, _number(entry, "places", path), _number(entry, "per_rater", path))


def _number(entry: dict[str, Any], key: str, path: str) -> int | None:
    number = entry.get(key)
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MAX_PLACES:
        raise BadPools(f"{path}.{key}", number, f"a whole number from 1 to {MAX_PLACES}, or nothing")
    return number


def find_pool(pools: Sequence[Pool], name: str) -> Pool | None:
    return next((pool for pool in pools if pool.name == name), None)
