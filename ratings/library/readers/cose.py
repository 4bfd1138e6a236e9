"""CoS-E v1.11 (Rajani et al. 2019): `{"id", "explanation": {"open-ended", "selected"}}`, joined to CommonsenseQA by id.

The explanations were written for the stated answer, so one that names none is `given`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from ratings.library.readers.fields import id_in, required_text
from ratings.library.readers.lines import json_rows, kind_of
from ratings.library.readers.options import ReadOptions
from ratings.library.records import RationaleRow, RationalesRow, RowError, RowProblem


def read(stream: BinaryIO, options: ReadOptions) -> Iterator[RationalesRow | RowError]:
    def parse(row: int, record: dict[str, Any]) -> RationalesRow:
        question = id_in(record, "id")
        if question is None:
            raise RowProblem("id", None, "is missing; expected the id of a CommonsenseQA question")
        explanation = record.get("explanation")
        if not isinstance(explanation, dict):
            expected = "expected an object with open-ended"
            raise RowProblem("explanation", explanation, f"is {kind_of(explanation)}; {expected}")
        try:
            text = required_text(explanation, "open-ended")
        except RowProblem as problem:
            raise RowProblem(f"explanation.{problem.field}", problem.value, problem.message) from None
        rationale = RationaleRow(source=options.people, text=text, given=True, written_by=options.writers)
        return RationalesRow(row=row, question=question, rationales=(rationale,), question_field="id")

    return json_rows(stream, parse)
