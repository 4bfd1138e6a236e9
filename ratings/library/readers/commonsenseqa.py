"""CommonsenseQA: `{"id", "answerKey", "question": {"stem", "choices": [{"label", "text"}]}}` (Talmor et al. 2019)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from ratings.library.digests import derived_id
from ratings.library.readers.fields import answer_in, choices_in, id_in, required_text, split_in
from ratings.library.readers.lines import json_rows, kind_of
from ratings.library.readers.options import ReadOptions
from ratings.library.records import QuestionRow, RowError, RowProblem


def read(stream: BinaryIO, options: ReadOptions) -> Iterator[QuestionRow | RowError]:
    return json_rows(stream, parse)


def parse(row: int, record: dict[str, Any]) -> QuestionRow:
    question = record.get("question")
    if not isinstance(question, dict):
        raise RowProblem(
            "question", question, f"is {kind_of(question)}; expected an object with stem and choices"
        )
    try:
        stem = required_text(question, "stem")
        choices = choices_in(question)
    except RowProblem as problem:
        raise RowProblem(f"question.{problem.field}", problem.value, problem.message) from None
    if choices is None:
        raise RowProblem("question.choices", None, "is missing; expected a list of {label, text}")
    return QuestionRow(
        row=row,
        external_id=id_in(record, "id") or derived_id(stem),
        text=stem,
        choices=choices,
        answer=answer_in(record, "answerKey"),
        split=split_in(record),
        answer_field="answerKey",
    )
