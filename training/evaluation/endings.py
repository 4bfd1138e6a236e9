"""Whether a training came to a bad end, told by its losses. Pure; the rules are written here and nowhere else.

    diverged             a loss ends above 1.5 times what it began with, and more than 0.5 nats above it
    worse_than_guessing  a loss of tokens ends more than 0.1 nats above ln(vocabulary): to think every token equally
                         likely would be better
    worse_than_chance    a loss of pairs ends more than 0.05 nats above ln 2, where DPO begins and a coin stands

A loss begins with its first step, whose batch the untrained model still answers. It ends with the mean of its last
steps: half of all, at most ten, so that no single batch decides: a loss of pairs may be 0 on one and 40 on the next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Bad = Literal["diverged", "worse_than_guessing", "worse_than_chance"]

_FACTOR, _RISE = 1.5, 0.5
_ABOVE_GUESSING = 0.1
_ABOVE_CHANCE = 0.05
_MOST_LAST = 10


@dataclass(frozen=True, slots=True)
class Ending:
    """start, end: of the loss, in nats per token or per pair. bound: what a guess would have; None where none is."""

    bad: Bad
    start: float
    end: float
    bound: float | None = None


def last_steps(count: int) -> int:
    """How many of `count` steps the end of a loss is the mean of."""
    return min(_MOST_LAST, (count + 1) // 2)


def ending_of_tokens(start: float, last: Sequence[float], *, vocabulary: int = 0) -> Ending | None:
    """last: the losses of the last steps, or what was measured last. vocabulary: tokens, 0 where nobody knows.

    None where the end is as it should be. Raises ValueError without any.
    """
    end = _mean(last)
    if vocabulary > 1 and end > math.log(vocabulary) + _ABOVE_GUESSING:
        return Ending("worse_than_guessing", start, end, math.log(vocabulary))
    return Ending("diverged", start, end) if end > max(_FACTOR * start, start + _RISE) else None


def ending_of_pairs(start: float, last: Sequence[float]) -> Ending | None:
    """The same of a loss of preference pairs."""
    end = _mean(last)
    return Ending("worse_than_chance", start, end, math.log(2)) if end > math.log(2) + _ABOVE_CHANCE else None


def _mean(values: Sequence[float]) -> float:
    if not values:
        raise ValueError("last: empty; expected at least one loss")
    return sum(values) / len(values)
