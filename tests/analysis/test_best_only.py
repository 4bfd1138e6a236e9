"""Studies that ask only for the best: it beats those left out, and these are not compared with each other."""

from __future__ import annotations

import choix
import numpy as np
import pytest

from ratings.analysis.agreement import agreement
from ratings.analysis.clustering import Clusters, clustered_variance
from ratings.analysis.intervals import t_quantile
from ratings.analysis.pairs import compare_pairs
from ratings.analysis.position import position_effect
from ratings.analysis.strengths import bradley_terry, win_counts
from ratings.analysis.table import RatingTable, rating_table
from ratings.analysis.types import JudgedTriple

from .designs import ORDERS, judged

THREE = (0, 1, 2)


def best(source: int, **fields) -> JudgedTriple:
    return judged((source,), beaten=tuple(other for other in THREE if other != source), **fields)


def table_of(*chosen: int) -> RatingTable:
    """One rater a question, so that each rating stands alone."""
    return rating_table(
        [best(source, rater=f"r{n}", question=f"q{n}") for n, source in enumerate(chosen)], source_count=3
    )


def points(table: RatingTable) -> list[float]:
    return [s.strength for s in bradley_terry(table) if s.strength is not None]


def test_the_best_beats_both_others_and_they_are_not_compared() -> None:
    table = table_of(1, 1, 0)
    np.testing.assert_array_equal(table.outcomes(0, 1), [0, 0, 1])
    np.testing.assert_array_equal(table.outcomes(0, 2), [np.nan, np.nan, 1])
    np.testing.assert_array_equal(table.outcomes(1, 2), [1, 1, np.nan])
    # By hand: 1 beat 0 twice and lost once; 0 beat 2 once; 1 beat 2 twice; no ties at all.
    counts = [(pair.wins_a, pair.wins_b, pair.ties) for pair in compare_pairs(table)]
    assert counts == [(1, 2, 0), (1, 0, 0), (2, 0, 0)]


def test_a_tie_for_the_best_is_a_tie_of_those_two_alone() -> None:
    table = rating_table([judged((0, 2), beaten=(1,))], source_count=3)
    assert [(p.wins_a, p.wins_b, p.ties) for p in compare_pairs(table)] == [(1, 0, 0), (0, 0, 1), (0, 1, 0)]


def test_all_bad_without_a_best_compares_nothing() -> None:
    table = rating_table([judged(all_bad=True)], source_count=3)
    assert np.isnan(table.ranks).all()


def test_strengths_are_the_logs_of_how_often_each_was_best() -> None:
    # Luce's model of choice by hand: with n = (8, 4, 2) the maximum is at log n, whose mean is log 4.
    table = table_of(*[0] * 8, *[1] * 4, *[2] * 2)
    np.testing.assert_allclose(points(table), [np.log(2), 0, -np.log(2)], atol=1e-9)


def test_strengths_equal_choix_on_choices_of_one_out_of_three() -> None:
    rng = np.random.default_rng(11)
    chances = np.exp([0.6, 0.0, -0.6])
    chosen = rng.choice(3, size=300, p=chances / chances.sum()).tolist()
    choices = [(source, tuple(other for other in THREE if other != source)) for source in chosen]
    expected = choix.opt_top1(3, choices)
    np.testing.assert_allclose(points(table_of(*chosen)), expected - np.mean(expected), atol=1e-5)


def test_intervals_equal_the_delta_method_for_shares() -> None:
    chosen = [0] * 30 + [1] * 20 + [2] * 10
    table = table_of(*chosen)
    shares = np.array([30, 20, 10]) / 60
    influence = np.eye(3)[chosen] / shares - 1
    influence = (influence - influence.mean(axis=1, keepdims=True)) / 60
    spread = clustered_variance(influence, Clusters(table.raters, table.questions))
    reach = t_quantile(spread.degrees_of_freedom) * np.sqrt(spread.variance)
    found = [(s.high - s.low) / 2 for s in bradley_terry(table) if s.high is not None and s.low is not None]
    np.testing.assert_allclose(found, reach, rtol=1e-6)


def test_the_nominal_interval_covers_as_often_as_it_says() -> None:
    """500 studies of 120 choices by Luce's model: 95 % intervals cover the true strengths in 92 to 98 % of them."""
    rng = np.random.default_rng(5)
    true = np.array([0.5, 0.0, -0.5])
    chances = np.exp(true) / np.exp(true).sum()
    covered = 0
    for _ in range(500):
        first = bradley_terry(table_of(*rng.choice(3, size=120, p=chances).tolist()))[0]
        assert first.low is not None and first.high is not None
        covered += first.low <= true[0] <= first.high
    assert 460 <= covered <= 490


def test_agreement_counts_no_decision_between_those_left_out() -> None:
    table = rating_table([best(0, rater="x"), best(1, rater="y"), best(0, rater="z")], source_count=3)
    found = agreement(table)
    # By hand, ordered pairs of raters: on 0-1 two of six agree; on 0-2 x and z alone compared, 2 of 2; on 1-2 nobody
    # beside y.
    assert found.pairwise_percent == pytest.approx(100 * (2 + 2) / (6 + 2))
    # Krippendorff for two values (named or not): units (2 of 3, 1 of 3, 0 of 3 named), n = 9, 3 named.
    observed = (2 * 2 / 2 + 2 * 2 / 2) / 9
    expected = 2 * 3 * 6 / (9 * 8)
    assert found.alpha_ordinal == pytest.approx(1 - observed / expected)


def test_a_position_that_is_always_chosen_shows() -> None:
    ratings = [
        best(ORDERS[n % 6][0], rater=f"r{n % 5}", question=f"q{n}", shown=ORDERS[n % 6]) for n in range(30)
    ]
    effect = position_effect(rating_table(ratings, source_count=3))
    assert effect is not None
    assert effect.mean_rank == (1.0, 2.5, 2.5)
    assert effect.p_two_sided < 0.01


def test_wins_are_masked_for_every_estimator() -> None:
    np.testing.assert_array_equal(win_counts(table_of(0, 0, 2)), [[0, 2, 2], [0, 0, 0], [1, 1, 0]])


def test_a_source_both_ranked_and_beaten_is_refused() -> None:
    with pytest.raises(ValueError, match="ranking of question"):
        rating_table([judged((0,), beaten=(0, 1))], source_count=3)
