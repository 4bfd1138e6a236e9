"""Does the card that is shown first win more often? For ratings that show two of the triple's rationales.

Mean ranks of three positions (ratings.analysis.position) say nothing about pairs. Here each rating of two cards has one
outcome, 1 where the first one won, 0 where the second did, 1/2 for a tie, and

    outcome = share + sum over pairs {a, b} of effect_ab * (+1 if a stood first, -1 if b did) + error

by least squares. A strong source wins wherever it stands: that goes into `effect_ab`, so that neither orders that are
not quite balanced nor the strengths themselves pass for an effect of position, and the interval is as narrow as it may
be. With orders balanced within each pair, as they are dealt, `share` is the plain mean of the outcomes. Without an
effect of position it is 1/2.

The interval and the test are those of ratings.analysis.intervals (clustered by rater and question, on the logit scale),
on the influence of each rating on `share`: (X'X)^-1 x_i e_i. Where a pair was only ever shown in one order, position
and source can not be told apart; the plain mean stands in, and the method says so.

Coverage of the nominal 95 % interval in the paper's design (20 raters x 10 of 50 questions), 4,000 studies each: 95.1 %
without any effect, 94.3 % with strengths of +-2 logits, 94.9 and 95.5 % with biases for the first card of 0.5 and 1.5
logits that vary by rater and question (Monte Carlo error 0.34 %; tests/analysis/test_first_shown.py).
"""

from dataclasses import dataclass

import numpy as np

from ratings.analysis.clustering import Clusters
from ratings.analysis.intervals import MeanInterval, interval_of, mean_interval
from ratings.analysis.table import FloatArray, RatingTable

#: Of outcomes in [0, 1].
ROUNDING = 1e-12

UNADJUSTED = "not adjusted: a pair was shown in one order only"


@dataclass(frozen=True, slots=True)
class FirstShown:
    """wins, losses, ties: of the first card, as counted. share: its win rate, ties counting half, adjusted as above."""

    wins: int
    losses: int
    ties: int
    share: MeanInterval


def first_shown_effect(table: RatingTable) -> FirstShown | None:
    """Over ratings that showed two cards and compared them; None without any."""
    paired = (table.shown >= 0).sum(axis=1) == 2
    rows = np.flatnonzero(paired)
    first, second = table.shown[rows, 0], table.shown[rows, 1]
    outcomes = np.full(len(rows), np.nan)
    signs = np.zeros((len(rows), len(table.source_pairs)))
    for column, (a, b) in enumerate(table.source_pairs):
        forward, backward = (first == a) & (second == b), (first == b) & (second == a)
        of_a = table.outcomes(a, b)[rows]
        outcomes[forward], outcomes[backward] = of_a[forward], 1 - of_a[backward]
        signs[forward, column], signs[backward, column] = 1, -1
    compared = ~np.isnan(outcomes)
    if not compared.any():
        return None
    outcomes, signs, rows = outcomes[compared], signs[compared], rows[compared]
    whose = np.zeros(len(table.questions), dtype=np.bool_)
    whose[rows] = True
    clusters = Clusters(table.raters, table.questions).where(whose)
    wins, losses = int((outcomes == 1).sum()), int((outcomes == 0).sum())
    return FirstShown(wins, losses, len(outcomes) - wins - losses, _share(outcomes, signs, clusters))


def _share(outcomes: FloatArray, signs: FloatArray, clusters: Clusters) -> MeanInterval:
    """outcomes: (n,). signs: (n, pairs), 0 but for the rating's own pair."""
    design = np.column_stack([np.ones(len(outcomes)), signs[:, signs.any(axis=0)]])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        plain = mean_interval(outcomes, clusters)
        return MeanInterval(
            plain.mean, plain.low, plain.high, plain.p_two_sided, f"{plain.method}; {UNADJUSTED}"
        )
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ (design.T @ outcomes)
    residuals = outcomes - design @ coefficients
    # What the sources alone decided leaves none, but for rounding.
    residuals[np.abs(residuals) < ROUNDING] = 0.0
    # Outside of [0, 1] there is no logit; it is reached only where every rating went the same way.
    share = float(np.clip(coefficients[0], 0.0, 1.0))
    return interval_of(share, (design @ inverse[0]) * residuals, clusters)
