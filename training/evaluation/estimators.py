"""Exact estimates over N samples of a question: what k of them, drawn at random, would have done. No drawing.

Each function answers for one question, or for Q of them at once, and gives a probability per question; the figure of a
data set is their mean. k draws are without replacement. Where candidates tie, the answer is the mean over all orders
in which the tied ones could stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from functools import lru_cache
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def pass_at_k(correct: ArrayLike, samples: int, k: int) -> FloatArray:
    """Probability that at least one of k samples is right: 1 - C(N - c, k) / C(N, k).

    correct: (Q,) or scalar, the number c of right samples of each question, 0 to N. samples: N. k: 1 to N.
    Returns an array of the shape of `correct`.
    Source: Chen et al. 2021, eq. 1. Computed in whole numbers, rounded once.
    """
    _check(samples, k)
    counts = np.asarray(correct)
    if counts.size and (counts.min() < 0 or counts.max() > samples):
        raise ValueError(f"correct: {counts.min()} to {counts.max()}; expected 0 to {samples}")
    all_draws = comb(samples, k)
    by_count = np.array([(all_draws - comb(samples - c, k)) / all_draws for c in range(samples + 1)])
    return np.asarray(by_count[counts], dtype=np.float64)


def best_of_k(correct: ArrayLike, scores: ArrayLike, k: int) -> FloatArray:
    """Probability that the best scored of k samples is right.

    correct: (Q, N) or (N,), 0 or 1. scores: the same shape, higher is better, never NaN. k: 1 to N.
    Without ties this is V-STaR's estimator (papers.md 3.3): with the samples sorted by score, the sum over ranks i of
    C(N - i - 1, k - 1) a_i / C(N, k). Samples of equal score have equal chances to stand before one another, so each
    counts as the mean of its group: the group is on top with the summed weight of its ranks, and each of its members
    is then the chosen one equally often.
    """
    right = np.atleast_2d(np.asarray(correct, dtype=np.float64))
    values = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    if right.shape != values.shape:
        raise ValueError(f"scores: shape {values.shape}; expected that of correct, {right.shape}")
    if np.isnan(values).any():
        raise ValueError("scores: NaN; expected numbers, -inf for a sample that is worse than all")
    samples = right.shape[1]
    _check(samples, k)
    order = np.argsort(-values, axis=1, kind="stable")
    ranked = _group_means(np.take_along_axis(right, order, 1), np.take_along_axis(values, order, 1))
    all_draws = comb(samples, k)
    weights = np.array([comb(samples - rank - 1, k - 1) / all_draws for rank in range(samples)])
    means: FloatArray = ranked @ weights
    return means.reshape(np.shape(correct)[:-1])


def _group_means(right: FloatArray, values: FloatArray) -> FloatArray:
    """(Q, N): each sample's correctness replaced by the mean of those that share its score; `values` is sorted."""
    new = np.ones_like(values, dtype=np.bool_)
    new[:, 1:] = values[:, 1:] != values[:, :-1]
    starts = np.flatnonzero(new)
    sizes = np.diff(np.append(starts, new.size))
    means = np.add.reduceat(right.ravel(), starts) / sizes if starts.size else np.empty(0)
    return np.repeat(means, sizes).reshape(right.shape)


def majority_at_k(answers: Sequence[Hashable | None], right: Hashable | None, k: int) -> float:
    """Probability that the right answer wins a vote of k samples.

    answers: of the N samples, None where none could be read: such a sample is drawn like any other, but does not vote.
    right: the gold answer in the same form; None when no sample has it. k: 1 to N.
    The winner has the most votes; m answers that share first place win with chance 1/m each, which is what breaking
    the tie by the order of the samples comes to on average. Without any vote nothing wins, and the result is wrong.

    Exact: the votes of a draw are multivariate hypergeometric, that is, independent binomials given that they sum to
    k. For each number of votes v of the right answer a recursion over the other answers that could reach v counts the
    draws in which none has more, by how many have as many.
    """
    _check(len(answers), k)
    counts = Counter(answer for answer in answers if answer is not None)
    own = counts.pop(right, 0) if right is not None else 0
    return majority_from_counts(own, sorted(counts.values(), reverse=True), len(answers), k)


def majority_from_counts(own: int, others: Sequence[int], samples: int, k: int) -> float:
    """`majority_at_k` from the number of samples with the right answer, and with each other answer."""
    _check(samples, k)
    if own == 0:
        return 0.0
    # Any p gives the same result; k / N keeps every term in range, however large N is.
    p = k / samples
    wins = 0.0
    for votes in range(1, min(own, k) + 1):
        rivals = [count for count in others if count >= votes]
        bystanders = samples - own - sum(rivals)
        ways = _pmf(own, p)[votes] * _shared_wins(votes, rivals, bystanders, k - votes, p)
        wins += float(ways)
    return min(1.0, wins / float(_pmf(samples, p)[k]))


def _shared_wins(votes: int, rivals: Sequence[int], bystanders: int, rest: int, p: float) -> float:
    """Probability that the other samples make up `rest` draws with no rival above `votes`, each draw divided by the
    number of those in first place.

    bystanders: samples that cannot reach `votes`: unread ones, and answers with fewer samples than that.
    """
    most_tied = rest // votes
    # state[t, s]: probability of s draws so far with t rivals at exactly `votes`.
    state = np.zeros((most_tied + 1, rest + 1))
    free = _pmf(bystanders, p)[: rest + 1]
    state[0, : len(free)] = free
    for count in rivals:
        chances = _pmf(count, p)
        after = np.zeros_like(state)
        for drawn in range(min(votes - 1, rest) + 1):
            after[:, drawn:] += chances[drawn] * state[:, : rest + 1 - drawn]
        if most_tied:
            after[1:, votes:] += chances[votes] * state[:-1, : rest + 1 - votes]
        state = after
    return float(state[:, rest] @ (1 / (1 + np.arange(most_tied + 1))))


@lru_cache(maxsize=20_000)
def _pmf(samples: int, p: float) -> FloatArray:
    """(samples + 1,): chances of 0, 1, … drawn of `samples`, each drawn with chance p. Not to be written to."""
    return np.asarray(stats.binom.pmf(np.arange(samples + 1), samples, p), dtype=np.float64)


def _check(samples: int, k: int) -> None:
    if not 1 <= k <= samples:
        raise ValueError(f"k: {k}; expected 1 to {samples}, the number of samples")
