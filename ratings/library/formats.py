"""The file formats by name: who reads them, and what they imply."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from problems.types import Family
from ratings.library.readers import (
    commonsenseqa,
    cose,
    gsm8k,
    model_solutions,
    questions_csv,
    questions_jsonl,
    rationales_jsonl,
    triples,
)
from ratings.library.readers.options import ReadOptions
from ratings.library.records import QuestionRow, RationalesRow, RowError


@dataclass(frozen=True, slots=True)
class QuestionFormat:
    """`family`: the only one that the format holds; None: choices, or the caller, decide.
    `takes_source`: whether --source names whose the rationales beside the questions are."""

    read: Callable[[BinaryIO, ReadOptions], Iterator[QuestionRow | RowError]]
    family: Family | None = None
    takes_source: bool = False


@dataclass(frozen=True, slots=True)
class RationaleFormat:
    """`replaces`: a question has one live rationale of a source, so that a new text retires the old one."""

    read: Callable[[BinaryIO, ReadOptions], Iterator[RationalesRow | RowError]]
    replaces: bool
    takes_source: bool


#: Of rationales that models wrote, all of them.
BY_MODELS = {"gsm8k-model-solutions"}
#: Triples are imported as rationales, and bring their questions.
TRIPLES = "triples"
TRIPLES_FORMAT = QuestionFormat(triples.read)

QUESTION_FORMATS: Mapping[str, QuestionFormat] = {
    "gsm8k": QuestionFormat(gsm8k.read, family=Family.GSM8K, takes_source=True),
    "commonsenseqa": QuestionFormat(commonsenseqa.read, family=Family.COMMONSENSEQA),
    "jsonl": QuestionFormat(questions_jsonl.read),
    "csv": QuestionFormat(questions_csv.read, takes_source=True),
}

RATIONALE_FORMATS: Mapping[str, RationaleFormat] = {
    "gsm8k-model-solutions": RationaleFormat(model_solutions.read, replaces=True, takes_source=False),
    "cose": RationaleFormat(cose.read, replaces=True, takes_source=True),
    "jsonl": RationaleFormat(rationales_jsonl.read, replaces=False, takes_source=True),
}
