"""Questions as JSON lines, in the project's own format (CONTRACT.md, Files)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from ratings.library.digests import derived_id
from ratings.library.readers.fields import (
    answer_in,
    choices_in,
    id_in,
    rationales_in,
    required_text,
    split_in,
    text_in,
)
from ratings.library.readers.lines import json_rows
from ratings.library.readers.options import ReadOptions
from ratings.library.records import QuestionRow, RowError


def read(stream: BinaryIO, options: ReadOptions) -> Iterator[QuestionRow | RowError]:
    return json_rows(stream, parse)


def parse(row: int, record: dict[str, Any]) -> QuestionRow:
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
        rationales=rationales_in(record),
    )
