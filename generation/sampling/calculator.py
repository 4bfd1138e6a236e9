"""The calculator of GSM8K (Cobbe et al. 2021): `<<3*4=` is answered with `12>>` while a model writes.

The model decides what to compute, the calculator what comes out: its tokens are put into the completion, take part in
what the model reads next, and are left out of log-probability and loss, since the model chose none of them.

Departures from the released `calculator.py`: no `eval` and no alarm signal but a parser of four operators over exact
fractions, bounded in length, so that it is safe in any thread; a result that no decimal can write (`10/3`) is left to
the model instead of being rounded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from generation.registry.tokens import Tokenizer
from generation.sampling.text import token_text
from problems.arithmetic import MAX_EXPRESSION, evaluate
from problems.numbers import canonical

OPEN, CLOSE = "<<", ">>"


def compute(expression: str) -> str | None:
    """What `expression` comes to, as it is written: `12`, `-3`, `0.25`.

    expression: numbers, + - * / ( ) and spaces, at most MAX_EXPRESSION characters. None for anything else, for a
    division by zero, and for a result that has no end as a decimal.
    """
    value = evaluate(expression)
    if value is None:
        return None
    result = canonical(value)
    return None if "/" in result else result


def splice_after(text: str) -> str | None:
    """What the calculator writes behind `text`: `12>>` if it ends in `<<3*4=`; None if nothing is asked of it."""
    if not text.endswith("="):
        return None
    # Long enough for the longest expression and its brackets, so that a long text costs no more than a short one.
    tail = text[-(MAX_EXPRESSION + len(OPEN) + 1) : -1]
    before, found, expression = tail.rpartition(OPEN)
    result = compute(expression) if found else None
    return None if result is None else f"{result}{CLOSE}"


def find_spliced(text: str) -> list[tuple[int, int]]:
    """Where the calculator wrote, or would have written the very same, in a finished text: [start, end) of each."""
    spans = []
    for match in re.finditer("=", text):
        splice = splice_after(text[max(0, match.end() - MAX_EXPRESSION - 10) : match.end()])
        if splice is not None and text.startswith(splice, match.end()):
            spans.append((match.end(), match.end() + len(splice)))
    return spans


def spliced_mask(tokenizer: Tokenizer, completion_tokens: Sequence[int]) -> list[bool]:
    """Which of a completion's tokens are the calculator's: the same ones whether it was sampled or is a training text.

    A result whose first or last character shares a token with its neighbours was not spliced in: it is the model's.
    """
    text, ends = token_text(tokenizer).ascii_text(completion_tokens)
    mask = [False] * len(completion_tokens)
    if OPEN not in text:
        return mask
    starts = [0, *ends[:-1]]
    for start, end in find_spliced(text):
        inside = [number for number, at in enumerate(starts) if start <= at < end]
        if inside and starts[inside[0]] == start and ends[inside[-1]] == end:
            for number in inside:
                mask[number] = True
    return mask
