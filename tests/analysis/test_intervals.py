"""The clustered interval of a win rate: coverage, agreement with its test, cases without variation."""

from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from ratings.analysis.clustering import Clusters
from ratings.analysis.intervals import mean_interval
from ratings.analysis.table import IntArray

from .designs import paper_design

# Latent mean, sd of raters, sd of questions, half-width of the tie band.
CASES = [(0.4, 0.0, 0.0, 0.0), (0.4, 1.0, 1.0, 0.0), (0.4, 0.5, 1.0, 0.5), (2.5, 0.5, 1.0, 0.0)]


Case = tuple[float, float, float, float]
Design = Callable[[np.random.Generator], tuple[IntArray, IntArray]]


def crossed_design(raters: int, questions: int) -> Design:
    """Every rater judges every question."""
    return lambda rng: (np.repeat(np.arange(raters), questions), np.tile(np.arange(questions), raters))


def coverage(case: Case, *, studies: int, seed: int, design: Design = paper_design) -> float:
    """Share of simulated studies whose 95 % interval holds the true win rate."""
    centre, rater_sd, question_sd, tie = case
    rng = np.random.default_rng(seed)
    truth = sum(_win_chance(centre + shift, rater_sd, question_sd) for shift in (-tie, tie)) / 2
    covered = 0
    for _ in range(studies):
        raters, questions = design(rng)
        latent = centre + rng.normal(0, rater_sd, raters.max() + 1)[raters]
        latent += rng.normal(0, question_sd, questions.max() + 1)[questions] + rng.logistic(size=len(raters))
        outcomes = (latent > tie) * 0.5 + (latent > -tie) * 0.5
        interval = mean_interval(outcomes, Clusters(raters, questions))
        assert interval.low is not None and interval.high is not None
        covered += interval.low <= truth <= interval.high
    return covered / studies


def _win_chance(centre: float, rater_sd: float, question_sd: float) -> float:
    """Mean of a logistic over the normal effects, by the midpoints of 20,000 equal slices of probability."""
    normal = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    return float(special.expit(centre + np.hypot(rater_sd, question_sd) * normal).mean())


@pytest.mark.parametrize("case", CASES)
def test_the_interval_holds_the_truth_in_95_percent_of_studies(case: Case) -> None:
    assert coverage(case, studies=1000, seed=0) == pytest.approx(0.95, abs=3 * 0.0069)


@pytest.mark.slow
@pytest.mark.parametrize("case", [*CASES, (0.0, 2.0, 2.0, 0.0), (0.4, 1.0, 0.0, 0.0), (2.5, 1.0, 1.0, 0.5)])
def test_the_interval_holds_the_truth_in_95_percent_of_many_studies(case: Case) -> None:
    assert coverage(case, studies=10_000, seed=1) == pytest.approx(0.95, abs=0.015)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("raters", "questions"), [(3, 50), (5, 30), (8, 12)])
def test_the_interval_of_small_studies_holds_the_truth_nearly_as_often_or_more(
    case: Case, raters: int, questions: int
) -> None:
    assert coverage(case, studies=4000, seed=2, design=crossed_design(raters, questions)) > 0.925


def test_naive_intervals_fail_where_the_clustered_one_holds() -> None:
    rng = np.random.default_rng(0)
    truth, held = _win_chance(0.4, 1.0, 1.0), 0
    for _ in range(500):
        raters, questions = paper_design(rng)
        latent = 0.4 + rng.normal(size=20)[raters] + rng.normal(size=50)[questions] + rng.logistic(size=200)
        mean = float((latent > 0).mean())
        held += abs(mean - truth) <= NormalDist().inv_cdf(0.975) * (mean * (1 - mean) / 200) ** 0.5
    assert held / 500 < 0.85


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from([0, 0.5, 1])), min_size=1))
def test_interval_and_test_agree_and_stay_within_bounds(rows: list[tuple[int, int, float]]) -> None:
    raters, questions, outcomes = (np.array(column) for column in zip(*rows, strict=True))
    result = mean_interval(outcomes.astype(float), Clusters(raters, questions))
    mirrored = mean_interval(1 - outcomes.astype(float), Clusters(raters, questions))
    assert result.mean is not None and result.low is not None and result.high is not None
    assert result.p_two_sided is not None and mirrored.low is not None
    assert 0 <= result.low <= result.mean <= result.high <= 1
    assert 0 <= result.p_two_sided <= 1
    assert (result.p_two_sided < 0.05) == (not result.low <= 0.5 <= result.high)
    assert mirrored.low == pytest.approx(1 - result.high, abs=1e-9)
    assert mirrored.p_two_sided == pytest.approx(result.p_two_sided, abs=1e-9)


def test_the_delta_method_by_hand() -> None:
    # Four questions, one rating each, 3 of 4 won: se = sqrt(3/16 / 4 * 4/3) = 1/4, on the logit scale 4/3.
    interval = mean_interval(np.array([1.0, 1, 1, 0]), Clusters(None, np.arange(4)))
    reach = stats.t.ppf(0.975, 3) * 4 / 3
    assert interval.low == pytest.approx(1 / (1 + np.exp(reach) / 3))
    assert interval.high == pytest.approx(1 / (1 + np.exp(-reach) / 3))
    assert interval.p_two_sided == pytest.approx(2 * stats.t.sf(np.log(3) * 3 / 4, 3))
    assert interval.method == "clustered by question, t on the logit scale"


def test_all_won_is_clopper_pearson_with_one_observation_per_cluster() -> None:
    raters, questions = paper_design(np.random.default_rng(0))
    interval = mean_interval(np.ones(200), Clusters(raters, questions))
    exact = stats.binomtest(20, 20).proportion_ci(0.95, "exact")
    assert [interval.low, interval.high] == pytest.approx([exact.low, 1.0])
    assert interval.p_two_sided == pytest.approx(2 * 0.5**20)


def test_all_ties_are_a_win_rate_of_one_half_with_an_interval_that_is_not_a_point() -> None:
    interval = mean_interval(np.full(40, 0.5), Clusters(np.arange(40) % 10, np.arange(40) // 2))
    exact = stats.binomtest(5, 10).proportion_ci(0.95, "exact")
    assert [interval.low, interval.high] == pytest.approx([exact.low, exact.high])
    assert interval.p_two_sided == 1


def test_a_single_rating_shows_nothing_and_says_so() -> None:
    interval = mean_interval(np.array([1.0]), Clusters(np.array([0]), np.array([0])))
    assert [interval.mean, interval.low, interval.high] == pytest.approx([1, 0.025, 1])
    assert interval.p_two_sided == 1


def test_one_rater_is_clustered_by_question_and_the_method_says_so() -> None:
    interval = mean_interval(np.array([1.0, 1, 0, 1]), Clusters(np.zeros(4, dtype=np.int64), np.arange(4)))
    assert interval.method == "clustered by question, t on the logit scale"


def test_nothing_compared_is_undefined() -> None:
    interval = mean_interval(np.array([]), Clusters(None, np.array([], dtype=np.int64)))
    assert (interval.mean, interval.low, interval.high, interval.p_two_sided) == (None, None, None, None)
