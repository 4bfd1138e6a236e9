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
from fractions import Fraction

from generation.registry.tokens import Tokenizer
from generation.sampling.text import token_text
from problems.numbers import canonical

OPEN, CLOSE = "<<", ">>"
#: Longer expressions are a model that ran away.
MAX_EXPRESSION = 100

_EXPRESSION = re.compile(r"[0-9+\-*/(). ]+")
_SIGNS = frozenset("+-*/()")
_TOKEN = re.compile(r"\s*(?:(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)|(?P<sign>[-+*/()]))")


def compute(expression: str) -> str | None:
    """What `expression` comes to, as it is written: `12`, `-3`, `0.25`.

    expression: numbers, + - * / ( ) and spaces, at most MAX_EXPRESSION characters. None for anything else, for a
    division by zero, and for a result that has no end as a decimal.
    """
    if len(expression) > MAX_EXPRESSION or not _EXPRESSION.fullmatch(expression):
        return None
    try:
        result = canonical(_Parser(expression).whole())
    except (_NoExpression, ZeroDivisionError):
        return None
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


class _NoExpression(ValueError):
    pass


class _Parser:
    """Recursive descent over sum -> product -> factor, exact."""

    def __init__(self, expression: str) -> None:
        self._tokens = self._split(expression)
        self._at = 0

    def whole(self) -> Fraction:
        value = self._sum()
        if self._next() is not None:
            raise _NoExpression
        return value

    def _sum(self) -> Fraction:
        value = self._product()
        while (sign := self._take("+", "-")) is not None:
            term = self._product()
            value = value + term if sign == "+" else value - term
        return value

    def _product(self) -> Fraction:
        value = self._factor()
        while (sign := self._take("*", "/")) is not None:
            factor = self._factor()
            value = value * factor if sign == "*" else value / factor
        return value

    def _factor(self) -> Fraction:
        negative = False
        while (sign := self._take("+", "-")) is not None:
            negative ^= sign == "-"
        if self._take("(") is not None:
            value = self._sum()
            if self._take(")") is None:
                raise _NoExpression
        else:
            value = self._number()
        return -value if negative else value

    def _number(self) -> Fraction:
        digits = self._next()
        if digits is None or digits in _SIGNS:
            raise _NoExpression
        self._at += 1
        return Fraction(f"{digits}0" if digits.endswith(".") else digits)

    def _next(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, *signs: str) -> str | None:
        token = self._next()
        if token not in signs:
            return None
        self._at += 1
        return token

    @staticmethod
    def _split(expression: str) -> list[str]:
        tokens, at = [], 0
        expression = expression.rstrip()
        while at < len(expression):
            match = _TOKEN.match(expression, at)
            if match is None:
                raise _NoExpression
            tokens.append(match["number"] or match["sign"])
            at = match.end()
        return tokens
