"""Triples: a question with its gold answer and three rationales of three sources, written for that answer.

`answer_key` (a label) decides where it is there; `answer` may be a label or a choice's exact text. Further numbers of
a rationale (mean human ratings, say) become its meta.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from ratings.library.readers import questions_jsonl
from ratings.library.readers.fields import answer_in, meta_in
from ratings.library.readers.lines import json_rows
from ratings.library.readers.options import ReadOptions
from ratings.library.records import QuestionRow, RationaleRow, RowError, RowProblem

RATIONALES = 3


def read(stream: BinaryIO, options: ReadOptions) -> Iterator[QuestionRow | RowError]:
    return json_rows(stream, lambda row, record: parse(row, record, options))


def parse(row: int, record: dict[str, Any], options: ReadOptions) -> QuestionRow:
    question = questions_jsonl.parse(row, record, options)
    if len(question.rationales) != RATIONALES:
        sources = [rationale.source for rationale in question.rationales]
        raise RowProblem(
            "rationales", sources, f"has {len(sources)}; expected {RATIONALES} of different sources"
        )
    key = answer_in(record, "answer_key")
    if key is not None and question.choices is not None and key not in {c.label for c in question.choices}:
        raise RowProblem("answer_key", key, "is no choice's label; expected " + _labels(question))
    rationales = tuple(map(_written_for_the_answer, question.rationales, record["rationales"]))
    if key is None:
        return replace(question, rationales=rationales)
    return replace(question, rationales=rationales, answer=key, answer_field="answer_key")


def _written_for_the_answer(rationale: RationaleRow, entry: dict[str, Any]) -> RationaleRow:
    numbers = {name: value for name, value in entry.items() if type(value) in (int, float)}
    given = True if rationale.given is None else rationale.given
    meta = meta_in({"meta": {**numbers, **(rationale.meta or {})}})
    return replace(rationale, given=given, meta=meta or None)


def _labels(question: QuestionRow) -> str:
    return ", ".join(choice.label for choice in question.choices or ())
