"""Two models on the same questions: how many more one gets right, and whether that could be chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt

import numpy as np

from training.evaluation.intervals import difference_intervals

#: Standard errors of a 95 % interval.
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """first minus second, over the questions that both answered.

    questions: how many. difference: of the shares right. low, high: 95 % bootstrap over questions, None below two.
    only_first, only_second: questions that one of them alone gets right. p: exact McNemar, two-sided.
    """

    questions: int
    difference: float
    low: float | None
    high: float | None
    only_first: int
    only_second: int
    p: float


def paired_difference(first: Sequence[bool], second: Sequence[bool], *, seed: int = 0) -> PairedDifference:
    """first, second: right or not, question by question. Raises ValueError for unequal lengths and for none at all."""
    if len(first) != len(second) or not first:
        raise ValueError(
            f"first, second: {len(first)} and {len(second)} results; expected equally many, at least one"
        )
    one, two = np.array(first, dtype=np.float64), np.array(second, dtype=np.float64)
    [bounds] = difference_intervals(one[:, None], two[:, None], seed=seed)
    low, high = bounds or (None, None)
    only_first, only_second = int(((one == 1) & (two == 0)).sum()), int(((one == 0) & (two == 1)).sum())
    return PairedDifference(
        questions=len(one),
        difference=float((one - two).mean()),
        low=low,
        high=high,
        only_first=only_first,
        only_second=only_second,
        p=mcnemar_p(only_first, only_second),
    )


def mcnemar_p(only_first: int, only_second: int) -> float:
    """McNemar's exact test: the questions that only one gets right fall on either side like a fair coin.

    Source: McNemar 1947, in the exact binomial form; two-sided, at most 1.
    """
    discordant = only_first + only_second
    fewer = min(only_first, only_second)
    tail: int = sum(comb(discordant, k) for k in range(fewer + 1))
    return min(1.0, 2.0 * tail / 2.0**discordant)


def wilson_interval(share: float, count: int) -> tuple[float, float] | None:
    """The 95 % interval of a share of `count` questions; None of none. Source: Wilson 1927."""
    if count < 1:
        return None
    spread = _Z**2 / count
    middle = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * sqrt(share * (1 - share) / count + spread / (4 * count))
    return max(0.0, middle - half), min(1.0, middle + half)
