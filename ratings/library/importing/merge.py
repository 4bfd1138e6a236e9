"""Laying a row over what is stored: what the row leaves out stays, the rest is checked against the family. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from problems.grading import canonical_answer
from problems.types import Choice, Family
from ratings.library.digests import content_digest
from ratings.library.importing.stored import StoredQuestion
from ratings.library.records import QuestionRow, RowProblem

DEFAULT_SPLIT = "train"

_EXPECTED_ANSWER = {
    Family.ADDITION: "expected the digits of the sum",
    Family.WORD_PROBLEM: "expected a number, or a solution that ends in '#### number'",
    Family.GSM8K: "expected a number, or a solution that ends in '#### number'",
    Family.COMMONSENSEQA: "expected a choice's label or exact text",
}


@dataclass(frozen=True, slots=True)
class Merged:
    """What a question shall say after the import, beside what it says now."""

    row: QuestionRow
    stored: StoredQuestion | None
    text: str
    choices: tuple[Choice, ...]
    answer: str
    split: str
    digest: str

    @property
    def says_something_new(self) -> bool:
        return self.stored is not None and self.stored.digest != self.digest

    @property
    def moves(self) -> bool:
        return self.stored is not None and self.stored.split != self.split


def merge(row: QuestionRow, stored: StoredQuestion | None, *, family: Family, split: str | None) -> Merged:
    """Raises RowProblem where row and store together make no question of this family.

    split: the split asked for by the caller, for rows that state none.
    """
    text = row.text if row.text is not None else (stored.text if stored else None)
    if text is None:
        raise RowProblem(
            "question", None, f"is missing; expected text, since question {row.external_id!r} is new"
        )
    choices = _choices(row, stored, family)
    answer = _answer(row, stored, choices, family)
    split = row.split or split or (stored.split if stored else DEFAULT_SPLIT)
    if stored and _says_the_same_unlabelled(row, stored, answer):
        choices, answer = stored.choices, stored.answer
    digest = content_digest(text, choices, answer)
    return Merged(row, stored, text, choices, answer, split, digest)


def _choices(row: QuestionRow, stored: StoredQuestion | None, family: Family) -> tuple[Choice, ...]:
    choices = row.choices if row.choices is not None else (stored.choices if stored else ())
    if family is Family.COMMONSENSEQA and not choices:
        raise RowProblem(
            "choices", None, "is missing; expected a list of {label, text} in family 'commonsenseqa'"
        )
    if choices and family not in (Family.COMMONSENSEQA, Family.OPEN):
        labels = [choice.label for choice in choices]
        raise RowProblem("choices", labels, f"are given; family {family.value!r} expected none")
    return choices


def _answer(
    row: QuestionRow, stored: StoredQuestion | None, choices: Sequence[Choice], family: Family
) -> str:
    if row.answer is None and family is Family.OPEN:
        return stored.answer if stored else ""
    gold = row.answer if row.answer is not None else (stored.answer if stored else None)
    expected = _EXPECTED_ANSWER.get(family, "expected an answer")
    if gold is None:
        raise RowProblem(
            row.answer_field, None, f"is missing; {expected}, since family {family.value!r} is graded"
        )
    answer = canonical_answer(family, gold, choices)
    if answer is None:
        raise RowProblem(row.answer_field, gold, f"is no answer of family {family.value!r}; {expected}")
    return answer


def _says_the_same_unlabelled(row: QuestionRow, stored: StoredQuestion, answer: str) -> bool:
    """Whether a row whose file has no labels differs from the stored question in nothing but their order."""
    if row.labelled or row.choices is None or row.text != stored.text:
        return False
    mine = {choice.label: choice.text for choice in row.choices}
    theirs = {choice.label: choice.text for choice in stored.choices}
    return sorted(mine.values()) == sorted(theirs.values()) and mine.get(answer) == theirs.get(stored.answer)
