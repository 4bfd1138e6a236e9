"""Bradley-Terry strengths against three other implementations, by hand, and where they are undefined."""

import choix
import evalica
import numpy as np
import pytest
import statsmodels.api as sm
from scipy import special

from ratings.analysis import newton
from ratings.analysis.clustering import Clusters
from ratings.analysis.intervals import mean_interval
from ratings.analysis.strengths import bradley_terry, fit_bradley_terry, win_counts
from ratings.analysis.table import RatingTable, rating_table
from ratings.analysis.types import JudgedTriple

from .designs import judged, simulated_study


def points(ratings: list[JudgedTriple], *, sources: int = 3) -> list[float]:
    return known_points(rating_table(ratings, source_count=sources))


def known_points(table: RatingTable) -> list[float]:
    return [s.strength for s in bradley_terry(table) if s.strength is not None]


@pytest.fixture
def study() -> RatingTable:
    ratings = simulated_study(
        np.random.default_rng(3), strengths=(0.8, 0.1, -0.9), rater_sd=0.5, question_sd=0.5, tie_width=0.4
    )
    return rating_table(ratings, source_count=3)


def test_strengths_equal_choix_on_the_same_comparisons() -> None:
    ratings = simulated_study(np.random.default_rng(4), strengths=(0.8, 0.1, -0.9))
    table = rating_table(ratings, source_count=3)
    beaten = [
        (a, b) if outcome == 1 else (b, a) for a, b in table.source_pairs for outcome in table.outcomes(a, b)
    ]
    expected = choix.opt_pairwise(3, beaten)
    np.testing.assert_allclose(points(ratings), expected - np.mean(expected), atol=1e-5)


def test_strengths_equal_evalica_with_ties_as_half_wins(study: RatingTable) -> None:
    xs, ys, winners = [], [], []
    kinds = {1.0: evalica.Winner.X, 0.0: evalica.Winner.Y, 0.5: evalica.Winner.Draw}
    for a, b in study.source_pairs:
        for outcome in study.outcomes(a, b):
            xs.append(a)
            ys.append(b)
            winners.append(kinds[float(outcome)])
    assert evalica.Winner.Draw in winners
    scores = evalica.bradley_terry(xs, ys, winners, win_weight=1.0, tie_weight=0.5, tolerance=1e-12).scores
    logs = np.log([scores[source] for source in range(3)])
    ours = known_points(study)
    np.testing.assert_allclose(ours, logs - logs.mean(), atol=1e-5)


def test_strengths_and_the_sandwich_equal_a_clustered_logit_of_statsmodels(study: RatingTable) -> None:
    # One row per comparison, +1 and -1 for the two sources, the last source as the reference.
    outcomes = np.concatenate([study.outcomes(a, b) for a, b in study.source_pairs])
    design = np.concatenate([np.tile(np.eye(3)[a] - np.eye(3)[b], (200, 1)) for a, b in study.source_pairs])[
        :, :2
    ]
    fit = sm.GLM(outcomes, design, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": np.tile(study.questions, 3), "use_correction": False}
    )
    centred = np.array([[2, -1], [-1, 2], [-1, -1]]) / 3
    by_question = RatingTable(study.ranks, None, study.questions, study.shown, None)
    ours = bradley_terry(by_question)
    np.testing.assert_allclose(known_points(by_question), centred @ fit.params, atol=1e-7)
    factor = (
        np.sqrt(50 / 49) * 2.0095752371
    )  # G / (G - 1), and the 97.5 % point of t with 49 degrees of freedom
    errors = factor * np.sqrt(np.diag(centred @ fit.cov_params() @ centred.T))
    reaches = [(s.high - s.low) / 2 for s in ours if s.high is not None and s.low is not None]
    np.testing.assert_allclose(reaches, errors, rtol=1e-6)


def test_two_sources_have_half_the_logit_of_the_win_rate_with_its_interval() -> None:
    rng = np.random.default_rng(0)
    ratings = [
        judged((0,), (1,), rater=f"r{n % 20}", question=f"q{n % 50}/{n // 100}")
        if rng.random() < 0.6
        else judged((1,), (0,), rater=f"r{n % 20}", question=f"q{n % 50}/{n // 100}")
        for n in range(100)
    ]
    table = rating_table(ratings, source_count=2)
    rate = mean_interval(table.outcomes(0, 1), Clusters(table.raters, table.questions))
    first, second = bradley_terry(table)
    assert rate.mean is not None and rate.low is not None and rate.high is not None
    assert first.strength == pytest.approx(special.logit(rate.mean) / 2)
    assert first.low == pytest.approx(special.logit(rate.low) / 2)
    assert first.high == pytest.approx(special.logit(rate.high) / 2)
    assert second.strength == pytest.approx(-special.logit(rate.mean) / 2)


def test_a_cycle_has_equal_strengths_and_renaming_sources_moves_the_numbers_along() -> None:
    cycle = [judged((a,), (b,), question=f"{a}{b}") for a, b in ((0, 1), (1, 2), (2, 0))]
    assert points(cycle) == pytest.approx([0, 0, 0], abs=1e-9)
    wins = np.array([[0, 5, 8], [3, 0, 6], [1, 2, 0]], dtype=float)
    order = [2, 0, 1]
    np.testing.assert_allclose(fit_bradley_terry(wins)[order], fit_bradley_terry(wins[np.ix_(order, order)]))


def test_extreme_counts_still_reach_the_closed_form() -> None:
    strengths = fit_bradley_terry(np.array([[0, 1e6], [0.5, 0]]))
    assert strengths[0] - strengths[1] == pytest.approx(np.log(2e6), abs=1e-5)


@pytest.mark.parametrize(
    "ratings",
    [
        [],
        [judged((0,), (1,), (2,))],
        [judged((0,), (1, 2))],
        [judged((0, 1), rater="x"), judged((0,), (1,), rater="y")],
        [judged((0,), question="q1"), judged(question="q2", all_bad=True)],
    ],
    ids=["no ratings", "no loss", "first unbeaten", "third never compared", "nothing compared"],
)
def test_strengths_are_undefined_where_the_likelihood_has_no_maximum(ratings: list[JudgedTriple]) -> None:
    for result in bradley_terry(rating_table(ratings, source_count=3)):
        assert (result.strength, result.low, result.high) == (None, None, None)


def test_ties_alone_are_equal_strengths_without_an_interval() -> None:
    ratings = [judged((0, 1, 2), question=f"q{n}") for n in range(5)]
    for result in bradley_terry(rating_table(ratings, source_count=3)):
        assert (result.strength, result.low, result.high) == (0, None, None)


def test_a_fit_without_a_maximum_is_refused_and_one_cut_short_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="strongly connected"):
        fit_bradley_terry(np.array([[0.0, 3.0], [0.0, 0.0]]))
    monkeypatch.setattr(newton, "MAXIMUM_STEPS", 2)
    with pytest.raises(newton.DidNotConverge, match="no maximum within 2 Newton steps"):
        fit_bradley_terry(np.array([[0.0, 50.0], [1.0, 0.0]]))


def test_intervals_hold_the_true_strengths_in_95_percent_of_studies() -> None:
    # Gumbel noise without effects of raters or questions: the strengths are known exactly.
    truth, held, total = (0.6, 0.1, -0.7), 0, 0
    rng = np.random.default_rng(8)
    for _ in range(150):
        table = rating_table(simulated_study(rng, strengths=truth), source_count=3)
        for result, true in zip(bradley_terry(table), truth, strict=True):
            assert result.low is not None and result.high is not None
            held += result.low <= true <= result.high
            total += 1
    assert held / total == pytest.approx(0.95, abs=0.04)


def test_win_counts_hold_half_a_win_for_each_side_of_a_tie() -> None:
    ratings = [judged((0, 1), (2,), question="q1"), judged((0,), (1,), question="q2")]
    wins = win_counts(rating_table(ratings, source_count=3))
    np.testing.assert_array_equal(wins, [[0, 1.5, 1], [0.5, 0, 1], [0, 0, 0]])
