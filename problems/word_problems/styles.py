"""Three ways of arguing for the same answer, and telling them apart."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from enum import StrEnum

from problems.word_problems.types import Step


class Style(StrEnum):
    """How a rationale argues."""

    EXPLICIT = "explicit"  # a sentence and a computation for each step
    TERSE = "terse"  # computations, hardly a word
    CIRCULAR = "circular"  # the answer, and that it is the answer
    OTHER = "other"


_CIRCLES = (
    "{Claim}, because {number} is what it comes to.",
    "It is {number}, since with {number} the whole story fits. So {claim}.",
    "{Claim}. Nothing but {number} would be right here.",
)

_FINAL = re.compile(r"\s*####[^\n]*\s*")
_MARK = re.compile(r"<<[^<>\n]*>>")
_COMPUTATION = re.compile(r"[0-9]+ ?[-+*/×÷] ?[0-9]+ ?= ?")
_WORD = re.compile(r"[^\W\d_]{2,}")


def write_explicit(steps: Sequence[Step], answer: int | None = None) -> str:
    """A line a step: `At first Leo has 7 * 12 = <<7*12=84>>84 eggs.`

    answer: what the last line states; by default the last step's result.
    """
    lines = [step.text.replace("{it}", computation(step)) for step in steps]
    return "\n".join([*lines, final_line(steps[-1].result if answer is None else answer)])


def write_terse(steps: Sequence[Step], answer: int | None = None) -> str:
    """A line a step: `7 * 12 = <<7*12=84>>84`."""
    final = final_line(steps[-1].result if answer is None else answer)
    return "\n".join([*map(computation, steps), final])


def write_circular(claim: str, answer: int, rng: random.Random) -> str:
    """A claim that leans on itself. claim: with `{it}` where the number stands."""
    stated = claim.replace("{it}", str(answer))
    text = rng.choice(_CIRCLES).format(Claim=stated[0].upper() + stated[1:], claim=stated, number=answer)
    return f"{text}\n{final_line(answer)}"


def computation(step: Step) -> str:
    """`7 * 12 = <<7*12=84>>84`: for people, then for the calculator, then its result."""
    left, operator, right, result = step.left, step.operator, step.right, step.result
    return f"{left} {operator} {right} = <<{left}{operator}{right}={result}>>{result}"


def final_line(answer: int) -> str:
    return f"#### {answer}"


def style_of(text: str) -> Style:
    """The style of any rationale, by its look: with or without its calculator marks and its final line.

    Words around every computation make it explicit, computations alone terse, words alone circular.
    """
    lines = [line for line in _FINAL.sub("\n", _MARK.sub("", text)).split("\n") if line.strip()]
    computed = [line for line in lines if _COMPUTATION.search(line)]
    if not lines:
        return Style.OTHER
    if not computed:
        return Style.CIRCULAR if _WORD.search(" ".join(lines)) else Style.OTHER
    with_words = [line for line in computed if len(_WORD.findall(line)) >= 2]
    if len(with_words) == len(lines):
        return Style.EXPLICIT
    return Style.TERSE if not with_words else Style.OTHER
