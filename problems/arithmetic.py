"""The value of an arithmetic expression, exactly: four operators over fractions, and no `eval`.

Safe in any thread and on any text: what is too long, or says anything else, has no value.
"""

from __future__ import annotations

import re
from fractions import Fraction

#: Longer expressions are a model that ran away.
MAX_EXPRESSION = 100

_EXPRESSION = re.compile(r"[0-9+\-*/(). ]+")
_SIGNS = frozenset("+-*/()")
_TOKEN = re.compile(r"\s*(?:(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)|(?P<sign>[-+*/()]))")


def evaluate(expression: str) -> Fraction | None:
    """What `expression` comes to.

    expression: numbers, + - * / ( ) and spaces, at most MAX_EXPRESSION characters. None for anything else and for a
    division by zero.
    """
    if len(expression) > MAX_EXPRESSION or not _EXPRESSION.fullmatch(expression):
        return None
    try:
        return _Parser(expression).whole()
    except (_NoExpression, ZeroDivisionError):
        return None


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
