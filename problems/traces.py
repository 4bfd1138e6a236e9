"""Whether the reasoning of a rationale holds, apart from its answer: is each of its steps right?

Addition: the one gold scratchpad, line by line (`problems.addition`). Word problems and GSM8K: every computation that
is written down comes to what is said of it. That is a check of the arithmetic and not of the plan: a text that adds
where it should multiply passes. A text without any computation, and any other family, can not be told.

    At first Leo has 7 * 12 = <<7*12=84>>84 eggs.     right
    He sells 84 - 30 = <<84-30=44>>44 of them.        wrong, and the first wrong step of its rationale

Where a line has calculator marks they are what is checked, with the number behind them; where it has none, the plain
`84 - 30 = 44`. Values within 1 % are equal: GSM8K's own solutions round so (papers.md 4.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from problems import addition
from problems.arithmetic import evaluate
from problems.retries import MARK
from problems.steps import split_steps
from problems.types import Family

#: Families whose rationales compute.
_COMPUTED = (Family.WORD_PROBLEM, Family.GSM8K)
TOLERANCE = Fraction(1, 100)

_MARK = re.compile(
    r"<<(?P<left>[^<>=\n]+)=(?P<right>[^<>=\n]+)>>"
    r"(?P<shown>[$€£]?-?[0-9][0-9,]*+(?:\.[0-9]++)?(?!/[0-9]))?"
)
_NUMBER = r"[$€£]?(?:[0-9][0-9,]*+(?:\.[0-9]++)?|\.[0-9]++)"
#: A computation from its first number on: nothing before it may belong to it ("half of", an operator, the whole part of
#: a mixed number), nothing behind it to its result ("1 1/2", "5 and 2/3", "50 cents").
_PLAIN = re.compile(
    rf"(?<!\bof )(?<!\bx )(?<![0-9%)/*×÷+\-−–=] )(?<![\w.,%)(/*×÷+\-−–$€£])"
    rf"(?P<left>{_NUMBER}(?: ?[-+*/×÷x] ?{_NUMBER})+)"
    rf" ?= ?(?P<right>-?{_NUMBER})(?![\w%/½¼¾]| ?[-+*/×÷=]| [0-9]| and\b| cents\b)"
)
#: "3 / 1/4" may be a division by a fraction or two divisions: it is not told.
_TWO_DIVISIONS = re.compile(r"[/÷][^-+*×x]*[/÷]")
_SIGNS = str.maketrans({"×": "*", "x": "*", "÷": "/", "−": "-", ",": None, "$": None, "€": None, "£": None})


@dataclass(frozen=True, slots=True)
class Span:
    """Where one step stands in its text: [start, end), without the white space around it."""

    start: int
    end: int


def trace_is_valid(family: Family, question: str, text: str) -> bool | None:
    """Whether every step of `text` is right, those taken back aside; None where family or text can not tell."""
    text = settled(family, text)
    if family is Family.ADDITION:
        return addition.is_valid_scratchpad(question, text)
    if family not in _COMPUTED:
        return None
    verdicts = list(_verdicts(text))
    return all(verdicts) if verdicts else None


def first_wrong_step(family: Family, question: str, text: str) -> Span | None:
    """Where the first wrong step of `text` stands; None if there is none, or it can not be told.

    A scratchpad that ends too soon has no wrong step. A text that takes steps back is not looked into.
    """
    if MARK in text:
        return None
    if family is Family.ADDITION:
        return _first_wrong_line(question, text)
    if family not in _COMPUTED:
        return None
    return next((span for span in step_spans(text) if not all(_verdicts(text[span.start : span.end]))), None)


def step_spans(text: str) -> list[Span]:
    """Where the steps of `problems.steps` stand in `text`."""
    spans: list[Span] = []
    at = 0
    for step in split_steps(text):
        letters = [letter for letter in step if not letter.isspace()]
        start = end = -1
        for letter in letters:
            at = text.index(letter, at)
            start = at if start < 0 else start
            at = end = at + 1
        spans.append(Span(start, end))
    return spans


def line_spans(text: str) -> list[Span]:
    """Where the lines that are not blank stand in `text`."""
    return [Span(match.start(), match.end()) for match in re.finditer(r"\S(?:[^\n]*\S)?", text)]


def settled(family: Family, text: str) -> str:
    """`text` without the steps that it takes back and the marks behind them (`problems.retries`)."""
    before, *corrections = text.split(MARK)
    for correction in corrections:
        spans = line_spans(before) if family is Family.ADDITION else step_spans(before)
        start = spans[-1].start if spans else 0
        before = before[:start] + correction.lstrip()
    return before


def computed_values(text: str) -> list[Fraction]:
    """What the computations of `text` come to by their own words, in their order."""
    return [right for _, right, _ in _computations(text)]


def _first_wrong_line(question: str, text: str) -> Span | None:
    asked = addition.read_question(question)
    if asked is None:
        return None
    gold = addition.scratchpad(asked.a, asked.b, reversed=asked.reversed).splitlines()
    for place, span in enumerate(line_spans(text)):
        if place >= len(gold) or text[span.start : span.end] != gold[place]:
            return span
    return None


def _verdicts(text: str) -> Iterator[bool]:
    for left, right, shown in _computations(text):
        yield all(abs(one - right) <= TOLERANCE * max(abs(one), abs(right)) for one in (left, shown))


def _computations(text: str) -> Iterator[tuple[Fraction, Fraction, Fraction]]:
    """What each computation comes to, what it is said to come to, and what is shown behind its calculator mark."""
    for line in text.split("\n"):
        marks = list(_MARK.finditer(line))
        for found in marks or _PLAIN.finditer(line):
            left, right = (evaluate(found[name].translate(_SIGNS)) for name in ("left", "right"))
            if left is None or right is None or (not marks and _TWO_DIVISIONS.search(found["left"])):
                continue
            shown = evaluate(found["shown"].translate(_SIGNS)) if marks and found["shown"] else None
            yield left, right, right if shown is None else shown
