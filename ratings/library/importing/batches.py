"""Rows in batches that are bounded in number and in characters, so that memory is, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from ratings.library.importing.report import RowErrors
from ratings.library.records import QuestionRow, RationaleRow, RationalesRow, RowError

BATCH_ROWS = 1_000
BATCH_CHARACTERS = 8_000_000

AnyRow = TypeVar("AnyRow", QuestionRow, RationalesRow)


def in_batches(rows: Iterable[AnyRow | RowError], errors: RowErrors) -> Iterator[list[AnyRow]]:
    """The good rows in batches; the bad ones go to `errors`."""
    batch: list[AnyRow] = []
    characters = 0
    for row in rows:
        if isinstance(row, RowError):
            errors.add(row)
            continue
        batch.append(row)
        characters += sum(map(_characters, row.rationales))
        if len(batch) >= BATCH_ROWS or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _characters(rationale: RationaleRow) -> int:
    return len(rationale.text)
