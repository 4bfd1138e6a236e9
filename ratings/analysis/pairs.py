"""How often each source beat each other one: counts, odds, the papers' naive test, and a clustered win rate.

The naive test is the exact binomial test of wins against losses with every comparison taken as independent,
ties left out. It is what reproduces the STaR paper's printed p values (docs/papers.md) and it is too sure
of itself: the comparisons of one rater and of one question are alike. The clustered win rate is the one to
believe.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from ratings.analysis.clustering import Clusters
from ratings.analysis.intervals import MeanInterval, mean_interval
from ratings.analysis.table import RatingTable


@dataclass(frozen=True, slots=True)
class NaiveTest:
    """p_one_sided is for the better-faring source; both are None without a win or loss."""

    p_one_sided: float | None
    p_two_sided: float | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Source a against source b, a first in the study's order; ratings that rank both.

    odds: wins_a / wins_b, None without losses. clustered: win rate of a, ties counting half.
    """

    a: int
    b: int
    wins_a: int
    wins_b: int
    ties: int
    odds: float | None
    naive: NaiveTest
    clustered: MeanInterval


def compare_pairs(table: RatingTable) -> list[Pair]:
    """Every pair of sources in the study's order; a source left out of a ranking is not compared in it."""
    return [_compare(table, a, b) for a, b in table.source_pairs]


def naive_test(wins: int, losses: int) -> NaiveTest:
    """Exact binomial test of wins = losses; at one half it is symmetric, so two-sided is twice one-sided."""
    if wins + losses == 0:
        return NaiveTest(None, None)
    one_sided = float(scipy.stats.binom.sf(max(wins, losses) - 1, wins + losses, 0.5))
    return NaiveTest(one_sided, min(1.0, 2 * one_sided))


def _compare(table: RatingTable, a: int, b: int) -> Pair:
    outcomes = table.outcomes(a, b)
    compared = ~np.isnan(outcomes)
    wins, losses = int((outcomes == 1).sum()), int((outcomes == 0).sum())
    return Pair(
        a=a,
        b=b,
        wins_a=wins,
        wins_b=losses,
        ties=int(compared.sum()) - wins - losses,
        odds=wins / losses if losses else None,
        naive=naive_test(wins, losses),
        clustered=mean_interval(outcomes[compared], Clusters(table.raters, table.questions).where(compared)),
    )
