"""Intervals for means over questions: the percentile bootstrap, questions drawn with replacement.

Everything about a question (its samples, their scores) moves with it, so the intervals say how much the figures would
vary over other questions of the same kind; they say nothing about other seeds of a training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

CONFIDENCE = 0.95
RESAMPLES = 2000
#: Resamples times questions held in memory at once.
CELLS = 4_000_000


def resampled_means(values: FloatArray, *, seed: int, resamples: int = RESAMPLES) -> FloatArray:
    """Means of `values`, shape (Q, M), over `resamples` bootstrap draws of its Q questions; (resamples, M).

    All M columns see the same draws, so that differences of columns are paired by question.
    """
    questions = len(values)
    return np.concatenate(
        [weights @ values / questions for weights in draws(questions, seed=seed, resamples=resamples)]
    )


def draws(questions: int, *, seed: int, resamples: int) -> Iterator[FloatArray]:
    """How often each question is in each resample, in parts of shape (some resamples, Q)."""
    rng = np.random.default_rng(seed)
    part = max(1, CELLS // questions)
    chances = np.full(questions, 1 / questions)
    for start in range(0, resamples, part):
        yield rng.multinomial(questions, chances, size=min(part, resamples - start)).astype(np.float64)


def mean_intervals(
    values: FloatArray, *, seed: int, resamples: int = RESAMPLES, probabilities: bool = True
) -> list[tuple[float, float] | None]:
    """The 95 % interval of each column's mean.

    values: (Q, M), one row a question. None for a column with a NaN, and for all when there are fewer than two
    questions. probabilities: columns of nothing but 0 or nothing but 1, which do not vary between resamples, get
    Clopper and Pearson's exact interval for Q questions.
    """
    questions, columns = values.shape
    if questions < 2:
        return [None] * columns
    means = resampled_means(values, seed=seed, resamples=resamples)
    tails = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    bounds = np.quantile(means, tails, axis=0)
    return [
        _exact(values[:, column])
        if probabilities and _is_settled(values[:, column])
        else _pair(bounds[:, column])
        for column in range(columns)
    ]


def share_by_question(
    questions: Sequence[str],
    outcomes: FloatArray,
    *,
    weights: FloatArray | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> tuple[float, tuple[float, float] | None, int]:
    """The weighted share of `outcomes`, its 95 % interval, and the number of questions; all of a question's together.

    questions, outcomes (in [0, 1]), weights (above 0): (N,), N >= 1. None with fewer than two questions.
    """
    weights = np.ones(len(outcomes)) if weights is None else weights
    names, codes = np.unique(questions, return_inverse=True)
    # Sums by question: what came out, and all; a resample's share is the ratio of its sums.
    came = np.bincount(codes, weights=weights * outcomes)
    total = np.bincount(codes, weights=weights)
    share = float(came.sum() / total.sum())
    if len(names) < 2:
        return share, None, len(names)
    ratios = np.concatenate(
        [(drawn @ came) / (drawn @ total) for drawn in draws(len(names), seed=seed, resamples=resamples)]
    )
    low, high = np.quantile(ratios, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return share, (float(low), float(high)), len(names)


def _pair(bounds: FloatArray) -> tuple[float, float] | None:
    return None if np.isnan(bounds).any() else (float(bounds[0]), float(bounds[1]))


def _is_settled(values: FloatArray) -> bool:
    return bool((values == 0).all() or (values == 1).all())


def _exact(values: FloatArray) -> tuple[float, float]:
    from scipy import stats  # most of a second, which a training that reports no interval need not spend

    tail = (1 - CONFIDENCE) / 2
    if values[0] == 0:
        return 0.0, float(stats.beta.ppf(1 - tail, 1, len(values)))
    return float(stats.beta.ppf(tail, len(values), 1)), 1.0


def difference_intervals(
    first: FloatArray, second: FloatArray, *, seed: int, resamples: int = RESAMPLES
) -> list[tuple[float, float] | None]:
    """The 95 % interval of the mean of first - second, paired by question.

    first, second: (Q, M). None as in `mean_intervals`. Where the two never differ the interval is (0, 0).
    """
    return mean_intervals(first - second, seed=seed, resamples=resamples, probabilities=False)
