"""What somebody asks of an export, checked before anything is read or written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug

from accounts.errors import InvalidInput
from problems.text import not_usable
from ratings.exports.formats import FORMATS, Format
from ratings.exports.pairs import DROP, TIES
from ratings.slots.models import Rater

JSONL, PARQUET = CONTAINERS = ("jsonl", "parquet")


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """raters: one kind, kinds are never pooled. split: only questions of this split; None: all."""

    format: Format
    container: str
    raters: str
    ties: str
    split: str | None
    lineage: bool

    def as_json(self) -> dict[str, Any]:
        """What is stored with the export and goes into its pseudonyms' key."""
        return {"raters": self.raters, "ties": self.ties, "split": self.split, "lineage": self.lineage}


def check_options(
    *, format: str, container: str, raters: str, ties: str, split: str | None, lineage: bool
) -> ExportOptions:
    """Raises InvalidInput, naming field, value and what was expected.

    `ties` of a format without pairs becomes "drop": it keeps ties as they are, so the option says nothing there
    and must not make two exports of one.
    """
    _check_choice("format", format, list(FORMATS))
    _check_choice("container", container, list(CONTAINERS))
    _check_choice("raters", raters, Rater.Kind.values)
    _check_choice("ties", ties, list(TIES))
    if split is not None:
        try:
            validate_slug(split)
        except ValidationError:
            _refuse("split", split, "letters, digits, - and _")
    found = FORMATS[format]
    return ExportOptions(
        format=found,
        container=container,
        raters=raters,
        ties=ties if found.has_pairs else DROP,
        split=split,
        lineage=lineage,
    )


def container_of(path: Path) -> str:
    """Parquet for a name that ends so, else JSON lines."""
    return PARQUET if path.suffix.lower() == ".parquet" else JSONL


def _check_choice(field: str, value: str, known: list[str]) -> None:
    if value not in known:
        _refuse(field, value, f"one of {', '.join(known)}")


def _refuse(field: str, value: str, expected: str) -> NoReturn:
    raise InvalidInput(
        not_usable(field, value, expected),
        details={"field": field, "value": value, "expected": expected},
    )
