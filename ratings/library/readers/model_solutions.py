"""The example model solutions of the GSM8K release (Cobbe et al. 2021): one GSM8K test problem a line, with

`"6b_finetuning": {"is_correct", "solution"}` and its like for each model. A model is a source. `is_correct` is kept
beside the solution and never believed: the verdict is our grader's. `ground_truth` is the human solution that the
question's own file brings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from ratings.library.digests import derived_id
from ratings.library.readers.fields import required_text, slug
from ratings.library.readers.lines import json_rows
from ratings.library.readers.options import ReadOptions
from ratings.library.records import RationaleRow, RationalesRow, RowError, RowProblem, Writer


def read(stream: BinaryIO, options: ReadOptions) -> Iterator[RationalesRow | RowError]:
    return json_rows(stream, parse)


def parse(row: int, record: dict[str, Any]) -> RationalesRow:
    question = required_text(record, "question")
    models = {key: value for key, value in record.items() if isinstance(value, dict)}
    if not models:
        there = ", ".join(record)
        raise RowProblem(
            "", there, "are the keys; expected models with {is_correct, solution} beside the question"
        )
    return RationalesRow(
        row=row,
        question=derived_id(question),
        rationales=tuple(_solution(model, value) for model, value in models.items()),
    )


def _solution(model: str, value: dict[str, Any]) -> RationaleRow:
    try:
        text = required_text(value, "solution")
    except RowProblem as problem:
        raise RowProblem(f"{model}.{problem.field}", problem.value, problem.message) from None
    is_correct = value.get("is_correct")
    if is_correct is not None and not isinstance(is_correct, bool):
        raise RowProblem(f"{model}.is_correct", is_correct, "expected true or false")
    meta = None if is_correct is None else {"is_correct": is_correct}
    return RationaleRow(source=slug("source", model), text=text, meta=meta, written_by=Writer.MODEL)
