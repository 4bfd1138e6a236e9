"""Interval and test for a mean of outcomes in [0, 1] under clustering.

The interval is made on the logit scale by the delta method, se(logit p) = se(p) / (p (1 - p)), and mapped
back, so it stays within [0, 1] and agrees with the test of p = 1/2 made on the same scale. It is the
interval that Bradley-Terry would give for two sources.

Where nothing varies (win rate 0 or 1, all ties, or residuals that cancel in every cluster) there is no
variance to
estimate: each cluster then counts as one observation, and the interval is Clopper and Pearson's (1934) for
G observations with G times the mean successes, by the beta distribution, which also takes a broken number
of them.

Coverage of the nominal 95 % interval by simulation, normal rater and question effects on the logit scale,
win rates 0.50 to 0.89, with and without ties. 20 raters x 10 of 50 questions, 4 ratings a question: 95.0 to
96.3 % in seven cases of 10,000 studies each (Monte Carlo error 0.22 %), 95.0 % without any clustering.
Small studies in which all judge all, 4,000 each: 8 raters x 12 questions 93.7 to 96.6 %, 5 x 30 95.5 to
97.8 %, 3 x 50 97.1 to 98.7 %. tests/analysis/test_intervals.py repeats them.
"""

from dataclasses import dataclass

import numpy as np
import scipy  # its parts load when they are first used: no web process starts with them

from ratings.analysis.clustering import ClusteredVariance, Clusters, clustered_variance
from ratings.analysis.table import FloatArray

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class MeanInterval:
    """A mean in [0, 1], its 95 % interval, the two-sided p of mean = 1/2, and the estimator's name."""

    mean: float | None
    low: float | None
    high: float | None
    p_two_sided: float | None
    method: str


def mean_interval(outcomes: FloatArray, clusters: Clusters) -> MeanInterval:
    """Mean of `outcomes`, shape (n,), each in [0, 1] and none NaN, with the clusters of these n ratings."""
    if not outcomes.size:
        return MeanInterval(None, None, None, None, "none: nothing to compare")
    mean = float(outcomes.mean())
    return interval_of(mean, (outcomes - mean) / outcomes.size, clusters)


def interval_of(mean: float, influences: FloatArray, clusters: Clusters) -> MeanInterval:
    """The same for any estimate in [0, 1], by the influence of each of n ratings on it, shape (n,)."""
    spread = clustered_variance(influences[:, None], clusters)
    variance = float(spread.variance[0])
    if variance == 0 or mean in (0.0, 1.0):
        return _exact_on_clusters(mean, spread.clusters)
    standard_error = np.sqrt(variance) / (mean * (1 - mean))
    reach = t_quantile(spread.degrees_of_freedom) * standard_error
    centre = float(scipy.special.logit(mean))
    return MeanInterval(
        mean=mean,
        low=float(scipy.special.expit(centre - reach)),
        high=float(scipy.special.expit(centre + reach)),
        p_two_sided=float(2 * scipy.stats.t.sf(abs(centre) / standard_error, spread.degrees_of_freedom)),
        method=_method(spread),
    )


def t_quantile(degrees_of_freedom: int) -> float:
    """The factor of the standard error in a 95 % interval."""
    return float(scipy.stats.t.ppf((1 + CONFIDENCE) / 2, degrees_of_freedom))


def _exact_on_clusters(mean: float, clusters: int) -> MeanInterval:
    wins, losses = clusters * mean, clusters * (1 - mean)
    tail = (1 - CONFIDENCE) / 2
    # I_x(a, b) is the chance of at least a successes in a + b - 1 trials of probability x.
    at_least = float(scipy.special.betainc(wins, losses + 1, 0.5)) if wins > 0 else 1.0
    at_most = float(scipy.special.betainc(losses, wins + 1, 0.5)) if losses > 0 else 1.0
    return MeanInterval(
        mean=mean,
        low=float(scipy.special.betaincinv(wins, losses + 1, tail)) if wins > 0 else 0.0,
        high=float(scipy.special.betaincinv(wins + 1, losses, 1 - tail)) if losses > 0 else 1.0,
        p_two_sided=min(1.0, 2 * at_least, 2 * at_most),
        method="exact, one observation per cluster (nothing varies)",
    )


def _method(spread: ClusteredVariance) -> str:
    ways = " and ".join(spread.by)
    if spread.one_way[0]:
        return f"clustered by {ways} (larger one-way variance), t on the logit scale"
    return f"clustered by {ways}, t on the logit scale"
