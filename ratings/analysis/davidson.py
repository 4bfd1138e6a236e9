"""Davidson's (1970) model: Bradley-Terry with ties as an outcome of their own.

With strengths s (natural log) and a tie parameter v > 0, the outcomes of a against b have the weights
exp(s_a), exp(s_b) and v exp((s_a + s_b) / 2) for a win of a, of b, and a tie. v = 2 ties half of the
comparisons of equals. Unlike ties as half wins it says how often to expect ties; both order the sources
alike when all pairs are compared equally often. Source: Davidson (1970), "On extending the Bradley-Terry
model to accommodate ties".
"""

from dataclasses import dataclass

import numpy as np
import scipy

from ratings.analysis.clustering import Clusters, clustered_variance
from ratings.analysis.newton import maximise
from ratings.analysis.strengths import TOLERANCE, Strength, with_intervals
from ratings.analysis.table import FloatArray, RatingTable

OUTCOMES = 3


@dataclass(frozen=True, slots=True)
class DavidsonFit:
    """strengths: in the study's order, mean 0, with 95 % intervals. tie_parameter: v; None when undefined."""

    strengths: list[Strength]
    tie_parameter: float | None


def davidson(table: RatingTable) -> DavidsonFit:
    """Strengths and tie parameter by maximum likelihood, with clustered intervals as for Bradley-Terry.

    Undefined (None for all) where the likelihood has no maximum: without any tie, without any win, or when
    some direction of the parameters makes no outcome less likely. Raises DidNotConverge.
    """
    designs, counts = _designs(table), _outcome_counts(table)
    if not _has_maximum(designs, counts):
        return DavidsonFit([Strength(s, None, None, None) for s in range(table.sources)], None)
    point = _fit(designs, counts)
    spread = clustered_variance(*_influences(table, designs, counts, point))
    return DavidsonFit(with_intervals(point[:-1], spread), float(np.exp(point[-1])))


def _designs(table: RatingTable) -> FloatArray:
    """(pairs, 3, S + 1): log weight of a win of b, a tie, a win of a, linear in the strengths and log v."""
    designs = np.zeros((len(table.source_pairs), OUTCOMES, table.sources + 1))
    for pair, (a, b) in enumerate(table.source_pairs):
        designs[pair, 0, b] = designs[pair, 2, a] = 1
        designs[pair, 1, [a, b, -1]] = 0.5, 0.5, 1
    return designs


def _outcome_counts(table: RatingTable) -> FloatArray:
    """(pairs, 3): how often b won, they tied, a won."""
    outcomes = [table.outcomes(a, b) for a, b in table.source_pairs]
    return np.array([[(o == value).sum() for value in (0, 0.5, 1)] for o in outcomes], dtype=np.float64)


def _has_maximum(designs: FloatArray, counts: FloatArray) -> bool:
    """Whether every direction makes some observed outcome less likely (a linear programme).

    A direction along which each observed outcome stays the likeliest of its pair, and some other one falls,
    is one along which the likelihood never stops rising. Directions that change nothing but the sum of
    strengths are not counted; any other must change the odds of some comparison, else it is not estimable.
    """
    if not len(designs):
        return False
    observed = counts > 0
    gains = designs[:, :, None, :] - designs[:, None, :, :]
    # Rows (pair, outcome, other): the log odds of an observed outcome against another of its pair.
    rows = gains[np.broadcast_to(observed[:, :, None], gains.shape[:3])].reshape(-1, designs.shape[2])
    if np.linalg.matrix_rank(rows) < designs.shape[2] - 1:
        return False
    best = scipy.optimize.linprog(-rows.sum(axis=0), A_ub=-rows, b_ub=np.zeros(len(rows)), bounds=(-1, 1))
    return bool(best.fun > -1e-9)


def _chances(designs: FloatArray, point: FloatArray) -> FloatArray:
    """(pairs, 3): chance of each outcome."""
    chances: FloatArray = scipy.special.softmax(designs @ point, axis=1)
    return chances


def _fit(designs: FloatArray, counts: FloatArray) -> FloatArray:
    """Strengths with mean 0 and log v, shape (S + 1,)."""
    games = counts.sum(axis=1, keepdims=True)
    point = maximise(
        lambda p: float((counts * scipy.special.log_softmax(designs @ p, axis=1)).sum()),
        lambda p: np.tensordot(counts - games * _chances(designs, p), designs, axes=2),
        lambda p, slope: _information_inverse(designs, games, p) @ slope,
        start=np.zeros(designs.shape[2]),
        tolerance=TOLERANCE * float(games.sum()),
    )
    point[:-1] -= point[:-1].mean()
    return point


def _information_inverse(designs: FloatArray, games: FloatArray, point: FloatArray) -> FloatArray:
    """(S + 1, S + 1), on strengths that sum to 0; as for Bradley-Terry a constant block makes it regular."""
    chances = _chances(designs, point)
    centred = designs - (chances[:, :, None] * designs).sum(axis=1, keepdims=True)
    information = np.einsum("po,poi,poj->ij", games * chances, centred, centred)
    sources = len(information) - 1
    information[:-1, :-1] += np.trace(information[:-1, :-1]) / sources**2
    inverse: FloatArray = np.linalg.inv(information)
    return inverse


def _influences(
    table: RatingTable, designs: FloatArray, counts: FloatArray, point: FloatArray
) -> tuple[FloatArray, Clusters]:
    """Each comparing rating's share of the strengths, shape (n, S), and its clusters."""
    chances = _chances(designs, point)
    scores = np.zeros((len(table.ranks), designs.shape[2]))
    for pair, (a, b) in enumerate(table.source_pairs):
        outcomes = table.outcomes(a, b)
        compared = ~np.isnan(outcomes)
        surprise = np.eye(OUTCOMES)[(2 * outcomes[compared]).astype(np.int64)] - chances[pair]
        scores[compared] += surprise @ designs[pair]
    compared = (~np.isnan(table.ranks)).sum(axis=1) > 1
    inverse = _information_inverse(designs, counts.sum(axis=1, keepdims=True), point)
    return (scores[compared] @ inverse)[:, :-1], Clusters(table.raters, table.questions).where(compared)
