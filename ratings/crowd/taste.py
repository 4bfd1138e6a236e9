"""What simulated raters can like about a text itself, whoever wrote it."""

from __future__ import annotations

import re

from problems.steps import split_steps

_EQUATION = re.compile(r"[0-9)]\s*=\s*[-−]?[$€£]?[0-9]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_WORDS_OF_A_SENTENCE = 3


def explicit_steps(text: str) -> int:
    """How many steps of a rationale say in words what they compute, and compute it.

    A step counts if it holds an equation (a digit, `=`, a number) and at least three words. A bare chain of equations
    has none, and so has a text that only asserts.
    """
    return sum(
        1
        for step in split_steps(text)
        if _EQUATION.search(step) and len(_WORD.findall(step)) >= _WORDS_OF_A_SENTENCE
    )
