"""Grading: one door to all families. What a rationale answers, and whether that is the gold answer.

A family joins by a reader in `_READERS`; the callers do not change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from problems import addition, commonsenseqa, gsm8k
from problems import open as open_questions
from problems.types import Choice, Family, Grade, Verdict


@dataclass(frozen=True, slots=True)
class Answer:
    """A parsed answer in canonical form; `text_agrees` as in `Grade`."""

    canonical: str
    text_agrees: bool | None = None


class Reader(Protocol):
    """How one family reads answers. All three return None for what they cannot read."""

    def read(self, text: str, choices: Sequence[Choice]) -> Answer | None: ...

    def read_stated(self, answer: str, choices: Sequence[Choice]) -> Answer | None: ...

    def read_gold(self, gold: str, choices: Sequence[Choice]) -> str | None: ...


class _Gsm8k:
    def read(self, text: str, choices: Sequence[Choice]) -> Answer | None:
        return _number(gsm8k.parse(text))

    def read_stated(self, answer: str, choices: Sequence[Choice]) -> Answer | None:
        return _number(gsm8k.parse_stated(answer))

    def read_gold(self, gold: str, choices: Sequence[Choice]) -> str | None:
        return gsm8k.parse_stated(gold)


class _CommonsenseQA:
    def read(self, text: str, choices: Sequence[Choice]) -> Answer | None:
        return _choice(commonsenseqa.parse(text, choices))

    def read_stated(self, answer: str, choices: Sequence[Choice]) -> Answer | None:
        return _choice(commonsenseqa.parse_stated(answer, choices))

    def read_gold(self, gold: str, choices: Sequence[Choice]) -> str | None:
        return commonsenseqa.canonical_answer(gold, choices)


class _Addition:
    def read(self, text: str, choices: Sequence[Choice]) -> Answer | None:
        return _number(addition.parse(text))

    def read_stated(self, answer: str, choices: Sequence[Choice]) -> Answer | None:
        return _number(addition.parse_stated(answer))

    def read_gold(self, gold: str, choices: Sequence[Choice]) -> str | None:
        return addition.parse_stated(gold)


_READERS: dict[Family, Reader] = {
    Family.ADDITION: _Addition(),
    Family.WORD_PROBLEM: _Gsm8k(),
    Family.GSM8K: _Gsm8k(),
    Family.COMMONSENSEQA: _CommonsenseQA(),
}


def grade(
    family: Family,
    text: str,
    *,
    gold: str | None,
    choices: Sequence[Choice] = (),
    stated_answer: str | None = None,
    given: bool = False,
) -> Grade:
    """Compare the answer of a rationale with the gold answer.

    text: the rationale, with its final-answer line if it has one.
    gold: what `canonical_answer` reads; only open questions may have None.
    stated_answer: the rationale file's own `answer` field; it is then read instead of the text.
    given: the rationale was written for a stated answer. It is graded all the same if it names an answer;
    if not, its verdict is `given` and not `unparsable`.

    Open questions are never graded: `given`, without an answer. Raises ValueError for a gold answer that is
    missing or cannot be read.
    """
    if family is Family.OPEN:
        return Grade(Verdict.GIVEN, None, None)
    reader = _READERS[family]
    right = None if gold is None else reader.read_gold(gold, choices)
    if right is None:
        raise ValueError(
            f"gold: {_short(gold)} is no answer of family {family.value!r}; expected {_EXPECTED[family]}"
        )
    answer = (
        reader.read(text, choices) if stated_answer is None else reader.read_stated(stated_answer, choices)
    )
    if answer is None:
        return Grade(Verdict.GIVEN if given else Verdict.UNPARSABLE, None, None)
    verdict = Verdict.CORRECT if answer.canonical == right else Verdict.WRONG
    return Grade(verdict, answer.canonical, answer.text_agrees)


def canonical_answer(family: Family, gold_text: str, choices: Sequence[Choice] = ()) -> str | None:
    """The one form in which a gold answer is stored and compared; None if `gold_text` cannot be read.

    gsm8k, word_problem: the number behind the last `####` (or another statement of the answer), or a bare
    number, as a decimal string. addition: the digits as they are written. commonsenseqa: a label, or the
    label of the first choice with exactly this text. open: the text.

    The canonical form of a canonical form is itself.
    """
    if family is Family.OPEN:
        return open_questions.canonical_answer(gold_text)
    return _READERS[family].read_gold(gold_text, choices)


_EXPECTED = {
    Family.ADDITION: "the digits of the sum",
    Family.WORD_PROBLEM: "a number, or a solution that ends in '#### number'",
    Family.GSM8K: "a number, or a solution that ends in '#### number'",
    Family.COMMONSENSEQA: "one of the choices' labels or exact texts",
}


def _number(number: str | None) -> Answer | None:
    return None if number is None else Answer(number)


def _choice(chosen: commonsenseqa.Chosen | None) -> Answer | None:
    return None if chosen is None else Answer(chosen.label, chosen.text_agrees)


def _short(value: str | None) -> str:
    return repr(value if value is None or len(value) <= 60 else value[:57] + "...")
