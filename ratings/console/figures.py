"""Numbers as a paper writes them, and forest plots as plain geometry in percent of their width. Pure.

Percent rather than a view box: lines and type keep their size on a phone, only distances shrink.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Room left and right of the axis, in percent of the width, so that the outermost marks and ticks are whole.
_MARGIN = 5.0
_STEPS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
MISSING = "–"


@dataclass(frozen=True, slots=True)
class Tick:
    """x: percent of the width."""

    x: str
    words: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One row of a forest plot: an estimate with its interval; all x in percent of the width, "" where undefined."""

    label: str
    words: str
    x: str
    low: str
    width: str


@dataclass(frozen=True, slots=True)
class Forest:
    """base: where nothing is different."""

    marks: list[Mark]
    ticks: list[Tick]
    base: str


def write_p(value: float | None) -> str:
    """`.032`, `< .001`, `> .999`: three decimals and no leading zero."""
    if value is None:
        return MISSING
    if value < 0.001:
        return "< .001"
    return "> .999" if value > 0.999 else f"{value:.3f}".removeprefix("0")


def write_p_of(value: float | None) -> str:
    """`p = .032` or `p < .001`."""
    if value is None:
        return "p not defined"
    words = write_p(value)
    return f"p {words}" if words[0] in "<>" else f"p = {words}"


def write_percent(value: float | None) -> str:
    return MISSING if value is None else f"{100 * value:.1f}%"


def write_number(value: float | None, *, signed: bool = False) -> str:
    """Two decimals, with a real minus sign."""
    if value is None:
        return MISSING
    words = f"{value:+.2f}" if signed else f"{value:.2f}"
    return "0.00" if words in ("-0.00", "+0.00") else words.replace("-", "−")


def write_interval(low: str, high: str) -> str:
    return MISSING if MISSING in (low, high) else f"{low} to {high}"


def forest_of_pairs(pairs: Iterable[Mapping[str, Any]]) -> Forest:
    """Win rates of `a` over `b` from 0 to 100%; the base line is an even match."""
    ends = (0.0, 1.0)
    marks = []
    for pair in pairs:
        rate = pair["clustered"]
        words = write_percent(rate["win_rate"])
        marks.append(
            _mark(f"{pair['a']} over {pair['b']}", words, rate["win_rate"], rate["low"], rate["high"], ends)
        )
    ticks = [Tick(_at(share / 100, ends), f"{share}%") for share in (0, 25, 50, 75, 100)]
    return Forest(marks=marks, ticks=ticks, base=_at(0.5, ends))


def forest_of_strengths(strengths: Sequence[Mapping[str, Any]]) -> Forest:
    """Natural logs around their mean, 0."""
    values = [
        abs(row[part]) for row in strengths for part in ("strength", "low", "high") if row[part] is not None
    ]
    step = _step(max(values, default=1.0))
    count = max(1, math.ceil(max(values, default=1.0) / step))
    ends = (-count * step, count * step)
    marks = [
        _mark(
            row["source"],
            write_number(row["strength"], signed=True),
            row["strength"],
            row["low"],
            row["high"],
            ends,
        )
        for row in strengths
    ]
    ticks = [
        Tick(_at(place * step, ends), "0" if place == 0 else f"{place * step:+g}".replace("-", "−"))
        for place in range(-count, count + 1)
    ]
    return Forest(marks=marks, ticks=ticks, base=_at(0.0, ends))


def _mark(
    label: str,
    words: str,
    value: float | None,
    low: float | None,
    high: float | None,
    ends: tuple[float, float],
) -> Mark:
    if value is None:
        return Mark(label=label, words="not defined", x="", low="", width="")
    if low is None or high is None:
        return Mark(label=label, words=words, x=_at(value, ends), low="", width="")
    left, right = _place(low, ends), _place(high, ends)
    return Mark(
        label=label,
        words=words,
        x=_at(value, ends),
        low=f"{left:.2f}%",
        width=f"{max(right - left, 0.2):.2f}%",
    )


def _step(largest: float) -> float:
    """The distance of ticks: at most two on either side of the base, so that they have room on a phone."""
    return next((step for step in _STEPS if largest <= 2 * step), math.ceil(largest / 2))


def _place(value: float, ends: tuple[float, float]) -> float:
    share = (value - ends[0]) / (ends[1] - ends[0])
    return _MARGIN + (100 - 2 * _MARGIN) * min(max(share, 0.0), 1.0)


def _at(value: float, ends: tuple[float, float]) -> str:
    return f"{_place(value, ends):.2f}%"
