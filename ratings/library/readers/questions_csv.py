"""Questions as CSV: columns `id, question, choice_A …, answer, split`, or those of the few-shot-explanations files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from problems.types import Choice
from ratings.library.digests import derived_id
from ratings.library.readers import few_shot_explanations
from ratings.library.readers.csv_records import CsvRecord, Parse, csv_rows
from ratings.library.readers.fields import (
    answer_in,
    checked_choices,
    checked_label,
    checked_text,
    id_in,
    required_text,
    split_in,
    text_in,
)
from ratings.library.readers.options import ReadOptions
from ratings.library.records import QuestionRow, RowError, RowProblem

CHOICE_PREFIX = "choice_"


def read(stream: BinaryIO, options: ReadOptions) -> Iterator[QuestionRow | RowError]:
    def parser_for(header: Sequence[str]) -> Parse[QuestionRow]:
        if few_shot_explanations.recognises(header):
            return few_shot_explanations.parser(header, options)
        if "question" not in header and "id" not in header:
            expected = "expected the columns question, answer and, if there are any, id, choice_A …, split"
            raise RowProblem("", ", ".join(header), f"are the columns; {expected}")
        return _parse

    return csv_rows(stream, parser_for)


def _parse(row: int, record: CsvRecord) -> QuestionRow:
    external_id = id_in(record, "id")
    question = text_in(record, "question") if external_id else required_text(record, "question")
    return QuestionRow(
        row=row,
        external_id=external_id or derived_id(question or ""),
        text=question,
        choices=_choices(record),
        answer=answer_in(record, "answer"),
        split=split_in(record),
    )


def _choices(record: CsvRecord) -> tuple[Choice, ...] | None:
    named = {name: text for name, text in record.items() if name.startswith(CHOICE_PREFIX)}
    if not named:
        return None
    choices = [
        Choice(checked_label(name, name.removeprefix(CHOICE_PREFIX)), checked_text(name, text))
        for name, text in named.items()
    ]
    return checked_choices("choice_A", choices)
