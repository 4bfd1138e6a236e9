"""Bradley-Terry strengths of the sources, ties as half a win for each, with clustered intervals.

P(a above b) = 1 / (1 + exp(strength_b - strength_a)) (Bradley and Terry 1952). Maximum likelihood by Newton's
method; intervals by the sandwich H^-1 M H^-1 whose middle clusters the ratings by rater and question
(ratings.analysis.clustering), so that the three comparisons inside one ranking are not taken as independent.
With two sources it is exactly the logit interval of the win rate.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from ratings.analysis.clustering import ClusteredVariance, Clusters, clustered_variance
from ratings.analysis.intervals import t_quantile
from ratings.analysis.newton import maximise
from ratings.analysis.table import FloatArray, RatingTable

# Largest gradient, per comparison, at which the likelihood counts as maximised.
TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Strength:
    """Log strength (natural log, mean 0 over the sources) and its 95 % interval.

    All None when the strengths are undefined; low and high None also when no variance can be estimated (a
    single cluster, or nothing that varies).
    """

    source: int
    strength: float | None
    low: float | None
    high: float | None


def bradley_terry(table: RatingTable) -> list[Strength]:
    """Strength of every source, in the study's order.

    Undefined (None for all) when some group of sources never lost to, nor tied with, the others, or was never
    compared with them: the likelihood then has no maximum. Raises DidNotConverge.
    """
    wins = win_counts(table)
    if not _has_maximum(wins):
        return [Strength(source, None, None, None) for source in range(table.sources)]
    strengths = fit_bradley_terry(wins)
    influences, clusters = _influences(table, wins, strengths)
    return with_intervals(strengths, clustered_variance(influences, clusters))


def with_intervals(strengths: FloatArray, spread: ClusteredVariance) -> list[Strength]:
    """Strengths, shape (S,), with t intervals from their clustered variances."""
    reaches = np.zeros(len(strengths))
    if spread.degrees_of_freedom:
        reaches = t_quantile(spread.degrees_of_freedom) * np.sqrt(spread.variance)
    return [
        Strength(source, value, value - reach, value + reach)
        if reach
        else Strength(source, value, None, None)
        for source, (value, reach) in enumerate(zip(strengths.tolist(), reaches.tolist(), strict=True))
    ]


def win_counts(table: RatingTable) -> FloatArray:
    """(S, S): how often the row's source beat the column's, a tie counting half for both."""
    wins = np.zeros((table.sources, table.sources))
    for a, b in table.source_pairs:
        outcomes = table.outcomes(a, b)
        wins[a, b], wins[b, a] = np.nansum(outcomes), np.nansum(1 - outcomes)
    return wins


def fit_bradley_terry(wins: FloatArray) -> FloatArray:
    """Log strengths with mean 0, shape (S,), for `wins` of shape (S, S) with a strongly connected graph.

    Raises ValueError when it is not strongly connected, DidNotConverge.
    """
    if not _has_maximum(wins):
        raise ValueError(f"wins is {wins.tolist()}; expected a strongly connected graph of wins")
    games = wins + wins.T
    strengths = maximise(
        lambda point: _log_likelihood(wins, point),
        lambda point: wins.sum(axis=1) - (games * _chances(point)).sum(axis=1),
        lambda point, slope: _information_inverse(games, point) @ slope,
        start=np.zeros(len(wins)),
        tolerance=TOLERANCE * float(games.sum()),
    )
    centred: FloatArray = strengths - strengths.mean()
    return centred


def _has_maximum(wins: FloatArray) -> bool:
    """Ford (1957): every split of the sources has a win in both directions."""
    parts, _ = scipy.sparse.csgraph.connected_components(wins > 0, directed=True, connection="strong")
    return len(wins) > 1 and parts == 1


def _chances(strengths: FloatArray) -> FloatArray:
    """(S, S): the chance that the row's source is ranked above the column's."""
    chances: FloatArray = scipy.special.expit(strengths[:, None] - strengths[None, :])
    return chances


def _log_likelihood(wins: FloatArray, strengths: FloatArray) -> float:
    return float((wins * scipy.special.log_expit(strengths[:, None] - strengths[None, :])).sum())


def _information_inverse(games: FloatArray, strengths: FloatArray) -> FloatArray:
    """Inverse of the information on the strengths that sum to 0, shape (S, S).

    The information is the Laplacian of a connected graph: adding a constant matrix of its own size makes it
    regular and changes nothing for vectors that sum to 0.
    """
    chances = _chances(strengths)
    weights = games * chances * chances.T
    laplacian = np.diag(weights.sum(axis=1)) - weights
    inverse: FloatArray = np.linalg.inv(laplacian + np.trace(laplacian) / len(games) ** 2)
    return inverse


def _influences(table: RatingTable, wins: FloatArray, strengths: FloatArray) -> tuple[FloatArray, Clusters]:
    """Each comparing rating's share of the strengths, (n, S): its score times the inverse information."""
    chances = _chances(strengths)
    scores = np.zeros((len(table.ranks), table.sources))
    for a, b in table.source_pairs:
        residuals = np.nan_to_num(table.outcomes(a, b) - chances[a, b], nan=0.0)
        scores[:, a] += residuals
        scores[:, b] -= residuals
    compared = (~np.isnan(table.ranks)).sum(axis=1) > 1
    influences = scores[compared] @ _information_inverse(wins + wins.T, strengths)
    return influences, Clusters(table.raters, table.questions).where(compared)
