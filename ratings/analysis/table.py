"""Ratings as arrays: what every estimator of this package computes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ratings.analysis.types import JudgedTriple

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

POSITIONS = 3


@dataclass(frozen=True, slots=True)
class RatingTable:
    """n ratings of S sources.

    ranks: (n, S), 1 = best, tied sources share the mean of their ranks, NaN where not ranked. Sources that were beaten
        together share the mean rank of the places below the ranked ones.
    beaten: (n, S), True for sources below the ranked ones that were not compared with each other.
    raters: (n,), codes from 0; each anonymous rating has a code of its own. None when all are anonymous.
    questions: (n,), codes from 0.
    shown: (n, 3), the source at each position, -1 where unknown; a pair has no third.
    rater_count: how many raters; None when any rating is anonymous.
    """

    ranks: FloatArray
    raters: IntArray | None
    questions: IntArray
    shown: IntArray
    rater_count: int | None
    beaten: BoolArray | None = None

    @property
    def sources(self) -> int:
        return int(self.ranks.shape[1])

    @property
    def source_pairs(self) -> list[tuple[int, int]]:
        """Each pair of sources once, in the study's order."""
        return list(combinations(range(self.sources), 2))

    def outcomes(self, a: int, b: int) -> FloatArray:
        """(n,): 1 where a was ranked above b, 0 where below, 0.5 for a tie, NaN where not compared."""
        outcomes: FloatArray = (np.sign(self.ranks[:, b] - self.ranks[:, a]) + 1) / 2
        if self.beaten is not None:
            outcomes[self.beaten[:, a] & self.beaten[:, b]] = np.nan
        return outcomes


def rating_table(ratings: Sequence[JudgedTriple], *, source_count: int) -> RatingTable:
    """Turn ratings into arrays.

    Raises ValueError for a source index outside the study, a source ranked (or beaten) twice, an order that is not two
    or three different sources, and two ratings of one question by one rater (only the current one may be counted).
    """
    ranks = np.full((len(ratings), source_count), np.nan)
    beaten = np.zeros((len(ratings), source_count), dtype=np.bool_)
    shown = np.full((len(ratings), POSITIONS), -1, dtype=np.int64)
    for row, rating in enumerate(ratings):
        for source, rank in _ranked_sources(rating, source_count):
            ranks[row, source] = rank
        beaten[row, list(rating.beaten)] = True
        if rating.shown is not None:
            order = _checked_order(rating, source_count)
            shown[row, : len(order)] = order
    _refuse_double_ratings(ratings)
    named = [rating.rater for rating in ratings if rating.rater is not None]
    return RatingTable(
        ranks=ranks,
        raters=_codes([row if r.rater is None else r.rater for row, r in enumerate(ratings)])
        if named
        else None,
        questions=_codes([rating.question for rating in ratings]),
        shown=shown,
        rater_count=len(set(named)) if len(named) == len(ratings) else None,
        beaten=beaten,
    )


def _ranked_sources(rating: JudgedTriple, source_count: int) -> list[tuple[int, float]]:
    """(source, rank) of each judged source; a group of k after m better ones shares rank m + (k + 1) / 2."""
    ranked: list[tuple[int, float]] = []
    for group in [*rating.ranking, rating.beaten]:
        rank = len(ranked) + (len(group) + 1) / 2
        ranked.extend((source, rank) for source in group)
    found = [source for source, _ in ranked]
    if len(set(found)) != len(found) or any(not 0 <= source < source_count for source in found):
        raise ValueError(
            f"ranking of question {rating.question!r} is {rating.ranking!r}; "
            f"expected each source index at most once, from 0 to {source_count - 1}"
        )
    return ranked


def _checked_order(rating: JudgedTriple, source_count: int) -> tuple[int, ...]:
    order = rating.shown or ()
    if (
        len(set(order)) != len(order)
        or len(order) not in (2, POSITIONS)
        or any(not 0 <= source < source_count for source in order)
    ):
        raise ValueError(
            f"shown of question {rating.question!r} is {order!r}; "
            f"expected 2 or {POSITIONS} different source indices from 0 to {source_count - 1}"
        )
    return order


def _refuse_double_ratings(ratings: Sequence[JudgedTriple]) -> None:
    seen: set[tuple[str, str]] = set()
    for rating in ratings:
        if rating.rater is None:
            continue
        key = (rating.rater, rating.question)
        if key in seen:
            raise ValueError(
                f"rater {key[0]!r} has two ratings of question {key[1]!r}; expected one, the current"
            )
        seen.add(key)


def _codes(labels: Sequence[str | int]) -> IntArray:
    """Number labels from 0 in order of first appearance. Anonymous ratings are integers, so never a name."""
    numbers: dict[str | int, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], dtype=np.int64)
