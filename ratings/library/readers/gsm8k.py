"""GSM8K: `{"question", "answer"}`, where the answer is a person's solution that ends in `#### number`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from ratings.library.digests import derived_id
from ratings.library.readers.fields import required_text, split_in
from ratings.library.readers.lines import json_rows
from ratings.library.readers.options import ReadOptions
from ratings.library.records import QuestionRow, RationaleRow, RowError


def read(stream: BinaryIO, options: ReadOptions) -> Iterator[QuestionRow | RowError]:
    def parse(row: int, record: dict[str, Any]) -> QuestionRow:
        question = required_text(record, "question")
        solution = required_text(record, "answer")
        return QuestionRow(
            row=row,
            external_id=derived_id(question),
            text=question,
            choices=None,
            answer=solution,
            split=split_in(record),
            rationales=(RationaleRow(source=options.people, text=solution, written_by=options.writers),),
        )

    return json_rows(stream, parse)
