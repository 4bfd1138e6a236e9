"""The options of an import, checked before the file is opened."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NoReturn, TypeVar

from accounts.errors import InvalidInput
from problems.seeds import SEEDS, is_seed
from ratings.library.readers.fields import MAX_LABEL_CHARACTERS, MAX_SPLIT_CHARACTERS
from ratings.library.records import Writer

F = TypeVar("F")

_SLUG = re.compile(r"[-a-zA-Z0-9_]+")


def refuse(field: str, value: object, expected: str) -> NoReturn:
    """Raises InvalidInput that names the option, its value and what was expected."""
    is_number = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    shown = value if value is None or is_number else str(value)[:200]
    raise InvalidInput(
        f"{field}: {shown!r} is not usable, expected {expected}.",
        details={"field": field, "value": shown, "expected": expected},
    )


def choose_format(name: str, formats: Mapping[str, F]) -> F:
    """The format of this name. Raises InvalidInput."""
    if name not in formats:
        refuse("format", name, "one of " + ", ".join(formats))
    return formats[name]


def check_seed(seed: object, *, field: str = "seed") -> None:
    """Raises InvalidInput unless it may be a seed (problems.seeds)."""
    if not is_seed(seed):
        refuse(field, seed, SEEDS)


#: Its page has this address already.
RESERVED_NAMES = {"import"}


def check_names(*, dataset: str, split: str | None = None, source: str | None = None) -> None:
    """Raises InvalidInput unless all of them are slugs."""
    _check_slug("dataset", dataset, MAX_LABEL_CHARACTERS)
    if dataset in RESERVED_NAMES:
        refuse("dataset", dataset, "another name: this one is the address of a page")
    if split is not None:
        _check_slug("split", split, MAX_SPLIT_CHARACTERS)
    if source is not None:
        _check_slug("source", source, MAX_LABEL_CHARACTERS)


def check_writer(written_by: str | None) -> None:
    """Raises InvalidInput unless it names who may have written a rationale."""
    if written_by is not None and written_by not in list(Writer):
        refuse("written_by", written_by, "one of " + ", ".join(Writer))


def _check_slug(field: str, value: str, longest: int) -> None:
    if len(value) > longest or not _SLUG.fullmatch(value):
        refuse(field, value, f"letters, digits, - and _, at most {longest} characters")
