"""Variance of a mean, or of any sum of influences, when ratings share raters and questions.

Cameron, Gelbach and Miller (2011), "Robust inference with multiway clustering": V = V_rater + V_question -
V_intersection, each one-way variance with the factor G / (G - 1) of its own number of clusters G, and a t
reference with min(G) - 1 degrees of freedom. The difference can fall to zero or below; there the larger of
the one-way variances stands in, which is what the sum would be if the other way of clustering did not
matter.

A way of clustering with a single cluster (one rater; one question) says nothing about others of its kind:
it is left out, and the result speaks for that rater or that question only. Anonymous ratings cluster by
question.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from ratings.analysis.table import BoolArray, FloatArray, IntArray

# Below this share of the variance that independent ratings would have, a variance is rounding error.
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Clusters:
    """Who judged what, for n ratings: codes of shape (n,); None where nothing clusters that way."""

    raters: IntArray | None
    questions: IntArray | None

    def where(self, mask: BoolArray) -> Self:
        """The same clusters for the ratings in `mask`, shape (n,)."""
        return type(self)(
            raters=None if self.raters is None else self.raters[mask],
            questions=None if self.questions is None else self.questions[mask],
        )

    def usable(self) -> dict[str, IntArray]:
        """The ways of clustering with at least two clusters, codes renumbered from 0 without gaps."""
        named = {"rater": self.raters, "question": self.questions}
        coded = {
            name: _renumbered(codes) for name, codes in named.items() if codes is not None and codes.size
        }
        return {name: codes for name, codes in coded.items() if codes.max() > 0}


@dataclass(frozen=True, slots=True)
class ClusteredVariance:
    """Variances of k sums over the same ratings.

    variance: (k,), never negative; 0 where nothing varies.
    one_way: (k,), True where the two-way sum was not positive and the larger one-way variance stands in.
    clusters: the fewest clusters of any way used; 1 when there is none to use.
    by: the ways of clustering used, for example ("rater", "question").
    """

    variance: FloatArray
    one_way: BoolArray
    clusters: int
    by: tuple[str, ...]

    @property
    def degrees_of_freedom(self) -> int:
        return self.clusters - 1


def clustered_variance(influences: FloatArray, clusters: Clusters) -> ClusteredVariance:
    """Variance of the column sums of `influences`.

    influences: (n, k), each rating's share of the k estimates, columns summing to about 0; for a mean
    (y - mean) / n.
    """
    ways = clusters.usable()
    columns = influences.shape[1]
    if not ways:
        return ClusteredVariance(np.zeros(columns), np.zeros(columns, dtype=np.bool_), 1, ())
    one_way_variances = [_one_way(influences, codes) for codes in ways.values()]
    larger = np.max(one_way_variances, axis=0)
    variance = larger.copy()
    if len(ways) == 2:
        variance = np.sum(one_way_variances, axis=0) - _one_way(influences, _intersection(*ways.values()))
    floor = ROUNDING * (influences**2).sum(axis=0)
    stands_in = variance <= floor
    variance = np.where(stands_in, larger, variance)
    return ClusteredVariance(
        variance=np.where(variance <= floor, 0.0, variance),
        one_way=stands_in & (len(ways) == 2),
        clusters=min(int(codes.max()) + 1 for codes in ways.values()),
        by=tuple(ways),
    )


def cluster_sums(values: FloatArray, codes: IntArray) -> FloatArray:
    """Sum the rows of `values`, shape (n, k), within each cluster; shape (clusters, k)."""
    return np.column_stack([np.bincount(codes, weights=column) for column in values.T])


def _one_way(influences: FloatArray, codes: IntArray) -> FloatArray:
    count = int(codes.max()) + 1
    variance: FloatArray = (cluster_sums(influences, codes) ** 2).sum(axis=0) * count / (count - 1)
    return variance


def _intersection(first: IntArray, second: IntArray) -> IntArray:
    return _renumbered(first * (second.max() + 1) + second)


def _renumbered(codes: IntArray) -> IntArray:
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)
