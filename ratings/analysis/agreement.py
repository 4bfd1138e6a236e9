"""How far raters of the same triple agree.

Krippendorff's alpha (Krippendorff 2011, "Computing Krippendorff's alpha-reliability") with the ordinal
metric, on ranks: a unit is one source in one triple, its values are the ranks that its raters gave. Ties share
the mean of their ranks; a source left out of a ranking leaves its cell empty, and the others are ranked among
themselves. Where only the best was asked for, the value says whether the source was named: those that were
not share one rank, and no decision between them is counted.

Beside it the plain share of agreeing decisions, which chance inflates but everybody understands.
"""

from dataclasses import dataclass

import numpy as np

from ratings.analysis.table import FloatArray, RatingTable


@dataclass(frozen=True, slots=True)
class Agreement:
    """alpha_ordinal: 1 at full agreement, 0 at chance, below 0 for opposition; None when undefined.
    pairwise_percent: 0 to 100; None when no two raters compared the same pair of sources in one triple.
    units: how many (triple, source) have at least two ranks.
    """

    alpha_ordinal: float | None
    pairwise_percent: float | None
    units: int


def agreement(table: RatingTable) -> Agreement:
    """Agreement over all triples with at least two ratings; every rating counts as another rater's."""
    counts = _rank_counts(table)
    counts = counts[counts.sum(axis=1) > 1]
    return Agreement(_alpha_ordinal(counts), _pairwise_percent(table), len(counts))


def _rank_counts(table: RatingTable) -> FloatArray:
    """(units, values): how often each rank, in half steps from 1 to S, was given to each unit."""
    values = 2 * table.sources - 1
    rows, sources = np.nonzero(~np.isnan(table.ranks))
    units = table.questions[rows] * table.sources + sources
    ranks = np.rint(2 * table.ranks[rows, sources]).astype(np.int64) - 2
    unit_count = int(units.max()) + 1 if units.size else 0
    counts = np.bincount(units * values + ranks, minlength=unit_count * values)
    return counts.reshape(unit_count, values).astype(np.float64)


def _alpha_ordinal(counts: FloatArray) -> float | None:
    """counts: (units, values), each unit with at least two values. None when all values are the same."""
    weighted = counts / (counts.sum(axis=1, keepdims=True) - 1)
    coincidences = weighted.T @ counts - np.diag(weighted.sum(axis=0))
    totals = counts.sum(axis=0)
    # Ordinal metric: squared number of values between two ranks, half of each rank's own counted.
    places = np.cumsum(totals) - totals / 2
    distances = (places[:, None] - places[None, :]) ** 2
    expected = float((np.outer(totals, totals) * distances).sum())
    if expected == 0:
        return None
    return 1 - (float(totals.sum()) - 1) * float((coincidences * distances).sum()) / expected


def _pairwise_percent(table: RatingTable) -> float | None:
    """Share of (pair of raters, pair of sources) in one triple with one outcome, a tie equal to a tie."""
    agreeing = decisions = 0.0
    for a, b in table.source_pairs:
        outcomes = table.outcomes(a, b)
        compared = ~np.isnan(outcomes)
        cells = table.questions[compared] * 3 + (2 * outcomes[compared]).astype(np.int64)
        counts = np.bincount(cells, minlength=3 * (int(table.questions.max(initial=0)) + 1)).reshape(-1, 3)
        raters = counts.sum(axis=1)
        agreeing += float((counts * (counts - 1)).sum())
        decisions += float((raters * (raters - 1)).sum())
    return 100 * agreeing / decisions if decisions else None
