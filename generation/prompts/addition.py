"""Addition as in the STaR paper (Zelikman et al. 2022, section 4.2): digits apart, a scratchpad, the sum repeated.

    Input:
    5 6 0 + 5 8 3
    Target:
    <scratch>
    …
    </scratch>
    1 1 4 3

The hint is the sum behind `Target:`. Departure: the task with reversed digits is ours, and says so behind its numbers.
"""

from __future__ import annotations

from generation.prompts.types import Asked, NotAsked
from problems.addition import REVERSED, read_question, spaced

STOP = ("\n\nInput:",)


def ask(asked: Asked, *, hint: bool) -> str:
    question = read_question(asked.text)
    if question is None:
        raise NotAsked(
            f"question: {asked.text[:200]!r} is no addition; expected two whole numbers, such as 560 + 583"
        )
    shown = f"{spaced(question.a)} + {spaced(question.b)}{REVERSED if question.reversed else ''}"
    answer = f" {spaced(_digits(asked))}" if hint else ""
    return f"Input:\n{shown}\nTarget:{answer}\n"


def completion(rationale: str, asked: Asked | None) -> str:
    return rationale.strip()


def direct(asked: Asked) -> str:
    return spaced(_digits(asked))


def _digits(asked: Asked) -> str:
    digits = (asked.answer or "").replace(" ", "")
    if not digits.isdigit():
        raise NotAsked(
            f"answer: {asked.answer!r} is no string of digits, and a hint or direct answer needs it"
        )
    return digits
