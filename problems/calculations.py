"""Counting a solution's calculator steps: how much computing it does, whatever it says around it.

The STaR paper (Zelikman et al. 2022, section 4.5, figure 6) compares the number of GSM8K's calculator annotations in a
model's solution with that in the human one. A text without any annotation is counted by what it computes openly:

    Sold 48/2 = <<48/2=24>>24 in May, 48+24 = <<48+24=72>>72 in all.    2
    $2 x 3 = $6, and 20 - 6 - 4 = 10                                   2
    4 * 12 = 48 - 6 = 42                                              2
    They sold half as many, 24.                                       0
"""

from __future__ import annotations

import re

from problems.text import remove_thinking

#: Longer lines are a model that ran away; what is behind so many characters is not counted.
MAX_LINE = 4_000

_NUMBER = r"\(*[-−]?[$€£]?(?:[0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+)%?\)*"
_OPERATOR = r"\s{0,3}(?:[-+*/×÷−]|(?<=[\s0-9)%])[xX](?=\s{0,3}\(*[$0-9.]))\s{0,3}"
#: The result is only looked at, since in `4 * 12 = 48 - 6 = 42` it is also the next operand.
_STATEMENT = re.compile(rf"{_NUMBER}(?:{_OPERATOR}{_NUMBER})+\s{{0,3}}[=≈](?=\s{{0,3}}{_NUMBER})")


def count_calculations(text: str) -> int:
    """The calculator steps of a solution: its annotations `<<…=…>>`, or without any its statements `a op b = c`.

    An annotation lies in one line, has an `=` in it, and is closed; what a model thinks apart does not count.
    """
    text = remove_thinking(text)
    lines = [line[:MAX_LINE] for line in text.split("\n")]
    annotated = sum(_annotations(line) for line in lines if "<<" in line)
    return annotated or sum(len(_STATEMENT.findall(line)) for line in lines if "=" in line or "≈" in line)


def _annotations(line: str) -> int:
    found, position = 0, 0
    while (start := line.find("<<", position)) >= 0 and (end := line.find(">>", start + 2)) >= 0:
        found += "=" in line[start:end]
        position = end + 2
    return found
