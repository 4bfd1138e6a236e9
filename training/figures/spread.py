"""Means over seeds, with how much these differ. Pure.

The interval is Student's t for the mean of so many seeds, cut to [0, 1] for shares: it says where the mean over all
seeds of this recipe lies. Three seeds give a wide one (t = 4.30), and that is what three seeds can say. Two say less
than a number shows (t = 12.7), and seeds that all agree, as they do at 100 % and on few questions, have no spread to go
by: neither gets an interval. It says nothing about other questions; an evaluation's own interval does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95
#: Of fewer seeds no spread is told.
FEWEST_SEEDS = 3


@dataclass(frozen=True, slots=True)
class Spread:
    """deviation: the standard deviation (n - 1) of single seeds; it, low and high are None for fewer than three seeds.

    low, high: the interval for the mean; None also where all seeds agree.
    """

    mean: float
    deviation: float | None
    low: float | None
    high: float | None
    seeds: int


def spread_of(values: Sequence[float]) -> Spread:
    """Of shares, one for each seed. Raises ValueError without any, and for what is no share."""
    if not values or not all(0 <= value <= 1 for value in values):
        raise ValueError(f"values: {list(values)}; expected at least one, each from 0 to 1")
    count, mean = len(values), math.fsum(values) / len(values)
    if count < FEWEST_SEEDS:
        return Spread(mean, None, None, None, count)
    if min(values) == max(values):
        return Spread(values[0], 0.0, None, None, count)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    half = _quantile(count - 1) * deviation / math.sqrt(count)
    return Spread(mean, deviation, max(0.0, mean - half), min(1.0, mean + half), count)


def _quantile(freedom: int) -> float:
    from scipy import stats  # most of a second, only where there are several seeds

    return float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom))
