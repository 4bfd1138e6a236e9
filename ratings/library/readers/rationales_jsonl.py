"""Rationales as JSON lines, in the project's own format (CONTRACT.md, Files). Any number a question and source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from ratings.library.readers.fields import (
    answer_in,
    assumed_of,
    checked_text,
    given_in,
    meta_in,
    required_text,
    slug,
    writer_in,
)
from ratings.library.readers.lines import json_rows
from ratings.library.readers.options import ReadOptions
from ratings.library.records import RationaleRow, RationalesRow, RowError, RowProblem


def read(stream: BinaryIO, options: ReadOptions) -> Iterator[RationalesRow | RowError]:
    def parse(row: int, record: dict[str, Any]) -> RationalesRow:
        question = record.get("question")
        if isinstance(question, int) and not isinstance(question, bool):
            question = str(question)
        if question is None:
            required_text(record, "question")
        source = _source(record, options)
        rationale = RationaleRow(
            source=source,
            text=required_text(record, "text"),
            answer=answer_in(record, "answer"),
            given=given_in(record),
            meta=meta_in(record),
            written_by=writer_in(record) or options.written_by,
            assumed=assumed_of(source),
        )
        return RationalesRow(row=row, question=checked_text("question", question), rationales=(rationale,))

    return json_rows(stream, parse)


def _source(record: dict[str, Any], options: ReadOptions) -> str:
    label = record.get("source")
    if label is None and options.source is None:
        raise RowProblem("source", None, "is missing; expected a label here or by --source")
    return slug("source", options.source if label is None else label)
