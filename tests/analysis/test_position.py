"""The position effect: mean ranks, size under the null, power under a bias, degenerate covariances."""

import numpy as np
import pytest
from scipy import stats

from ratings.analysis.position import PositionEffect, position_effect
from ratings.analysis.table import rating_table
from ratings.analysis.types import JudgedTriple

from .designs import ORDERS, judged, simulated_study


def effect(ratings: list[JudgedTriple]) -> PositionEffect:
    result = position_effect(rating_table(ratings, source_count=3))
    assert result is not None
    return result


def rejected(*, studies: int, seed: int, **study: float) -> float:
    rng = np.random.default_rng(seed)
    return float(
        np.mean(
            [
                effect(simulated_study(rng, strengths=(0.5, 0.0, -0.5), **study)).p_two_sided < 0.05
                for _ in range(studies)
            ]
        )
    )


def test_mean_ranks_follow_the_shown_order_with_ties_averaged() -> None:
    ratings = [
        judged((2,), (0,), (1,), question="q1", shown=(2, 1, 0)),
        judged((0, 1), (2,), question="q2", shown=(2, 0, 1)),
        judged((0,), (1,), question="partial", shown=(0, 1, 2)),
        judged((0,), (1,), (2,), question="unknown order"),
    ]
    assert effect(ratings).mean_rank == ((1 + 3) / 2, (3 + 1.5) / 2, (2 + 1.5) / 2)


def test_no_known_order_is_no_effect_to_speak_of() -> None:
    for ratings in ([], [judged((0,), (1,), (2,))], [judged((0,), (1,), shown=(0, 1, 2))]):
        assert position_effect(rating_table(ratings, source_count=3)) is None


def test_the_test_rejects_a_true_null_in_5_percent_of_studies() -> None:
    assert rejected(studies=300, seed=0, rater_sd=0.5, question_sd=0.5) == pytest.approx(0.05, abs=3 * 0.0126)


@pytest.mark.slow
@pytest.mark.parametrize("left_bias_sd", [0.0, 1.0])
def test_size_holds_in_many_studies_with_raters_of_opposite_habits(left_bias_sd: float) -> None:
    size = rejected(
        studies=4000, seed=1, rater_sd=0.5, question_sd=0.5, left_bias_sd=left_bias_sd, tie_width=0.2
    )
    assert size == pytest.approx(0.05, abs=0.015)


def test_raters_of_opposite_habits_do_not_count_as_a_common_habit() -> None:
    assert rejected(studies=200, seed=2, left_bias_sd=1.5) == pytest.approx(0.05, abs=3 * 0.0154)


def test_a_left_bias_is_found_and_seen_in_the_first_position() -> None:
    assert rejected(studies=100, seed=3, left_bias=0.6) > 0.85
    biased = effect(simulated_study(np.random.default_rng(4), left_bias=1.0))
    assert biased.mean_rank[0] < 1.8 < 2 < min(biased.mean_rank[1:])


def test_it_equals_hotellings_test_when_every_rater_judged_as_much() -> None:
    ratings = simulated_study(np.random.default_rng(5), left_bias=0.3)
    table = rating_table(ratings, source_count=3)
    assert table.raters is not None
    ranks = np.take_along_axis(table.ranks, table.shown, axis=1)
    means = np.array([ranks[table.raters == rater].mean(axis=0)[:2] - 2 for rater in range(20)])
    t_squared = 20 * means.mean(axis=0) @ np.linalg.inv(np.cov(means.T)) @ means.mean(axis=0)
    assert effect(ratings).p_two_sided == pytest.approx(stats.f.sf(18 / (2 * 19) * t_squared, 2, 18))


@pytest.mark.parametrize("rater", ["one judge", None])
def test_one_rater_or_anonymous_ones_are_tested_over_questions(rater: str | None) -> None:
    rng = np.random.default_rng(6)
    named = simulated_study(rng, left_bias=1.0)
    ratings = [
        judged(*r.ranking, rater=rater, question=f"{r.question}/{n}", shown=r.shown)
        for n, r in enumerate(named)
    ]
    assert effect(ratings).p_two_sided < 1e-4


def test_a_judge_who_always_takes_the_order_shown_is_caught_though_nothing_varies() -> None:
    ratings = [
        judged(*((source,) for source in ORDERS[n % 6]), rater="one", question=f"q{n}", shown=ORDERS[n % 6])
        for n in range(30)
    ]
    result = effect(ratings)
    assert list(result.mean_rank) == [1, 2, 3]
    # All 30 clusters alike: 2 |S|^2 / sum |s|^2 = 2 * 30 = 60, chi-square with 2 degrees: exp(-30).
    assert result.p_two_sided == pytest.approx(np.exp(-30))


def test_the_fallback_is_friedmans_test_with_one_ranking_per_cluster() -> None:
    # Position 0 always last, so that Wald's covariance is singular.
    orders = [(1, 2, 0), (2, 1, 0), (1, 2, 0), (1, 2, 0)]
    ratings = [judged(*((s,) for s in o), rater=f"r{n}", shown=(0, 1, 2)) for n, o in enumerate(orders)]
    ranks = [[3, 1, 2], [3, 2, 1], [3, 1, 2], [3, 1, 2]]
    expected = stats.friedmanchisquare(*zip(*ranks, strict=True)).pvalue
    assert effect(ratings).p_two_sided == pytest.approx(expected)


def test_everything_tied_is_no_evidence() -> None:
    ratings = [judged((0, 1, 2), question=f"q{n}", shown=(0, 1, 2)) for n in range(5)]
    assert effect(ratings) == PositionEffect((2, 2, 2), 1.0)
