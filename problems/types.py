"""The words of the problem families: what a family is, what a verdict is, what grading returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """How a dataset's questions are parsed, graded, normalised and split into steps."""

    ADDITION = "addition"
    WORD_PROBLEM = "word_problem"
    GSM8K = "gsm8k"
    COMMONSENSEQA = "commonsenseqa"
    OPEN = "open"


class Verdict(StrEnum):
    """What became of a rationale's answer."""

    CORRECT = "correct"
    WRONG = "wrong"
    UNPARSABLE = "unparsable"
    #: Written for a stated answer, and names none itself.
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a multiple-choice question."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Grade:
    """A verdict, the canonical answer behind it, and whether the choice's text agrees with its letter."""

    verdict: Verdict
    answer: str | None
    text_agrees: bool | None
