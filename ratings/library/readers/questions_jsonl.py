"""Questions as JSON lines, in the project's own format (CONTRACT.md, Files)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from ratings.library.digests import derived_id
from ratings.library.readers.fields import (
    answer_in,
    assumed_of,
    choices_in,
    id_in,
    rationales_in,
    required_text,
    split_in,
    text_in,
)
from ratings.library.readers.lines import json_rows
from ratings.library.readers.options import ReadOptions
from ratings.library.records import QuestionRow, RationaleRow, RowError, Writer


def read(stream: BinaryIO, options: ReadOptions) -> Iterator[QuestionRow | RowError]:
    return json_rows(stream, lambda row, record: parse(row, record, options))


def parse(row: int, record: dict[str, Any], options: ReadOptions) -> QuestionRow:
    external_id = id_in(record, "id")
    # A question that is stored may be named by its id alone; one without an id is what its text says.
    question = text_in(record, "question") if external_id else required_text(record, "question")
    return QuestionRow(
        row=row,
        external_id=external_id or derived_id(question or ""),
        text=question,
        choices=choices_in(record),
        answer=answer_in(record, "answer"),
        split=split_in(record),
        rationales=_with_writers(rationales_in(record), options),
    )


def _with_writers(rationales: tuple[RationaleRow, ...], options: ReadOptions) -> tuple[RationaleRow, ...]:
    """The one solution beside a question is taken for people's; of several nobody knows whose they are."""
    alone = Writer.PEOPLE if len(rationales) == 1 else None
    return tuple(
        replace(
            one,
            written_by=one.written_by or options.written_by,
            assumed=assumed_of(one.source) or alone,
        )
        for one in rationales
    )
