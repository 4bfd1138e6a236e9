"""Davidson's model: closed form for two sources, an independent fit for three, and where it is undefined."""

import numpy as np
import pytest
import statsmodels.api as sm

from ratings.analysis.davidson import davidson
from ratings.analysis.strengths import bradley_terry
from ratings.analysis.table import RatingTable, rating_table
from ratings.analysis.types import JudgedTriple

from .designs import judged, simulated_study


def two_sources(wins: int, losses: int, ties: int) -> RatingTable:
    groups = [((0,), (1,))] * wins + [((1,), (0,))] * losses + [((0, 1),)] * ties
    return rating_table([judged(*g, question=f"q{n}") for n, g in enumerate(groups)], source_count=2)


def test_two_sources_have_the_closed_form() -> None:
    # Log odds of a win against a loss are s_a - s_b, and v = ties / sqrt(wins * losses).
    fit = davidson(two_sources(18, 8, 6))
    assert fit.tie_parameter == pytest.approx(6 / 12)
    assert fit.strengths[0].strength == pytest.approx(np.log(18 / 8) / 2)
    assert fit.strengths[1].strength == pytest.approx(-np.log(18 / 8) / 2)


def test_the_interval_of_two_sources_is_the_delta_method_of_their_odds() -> None:
    # Ratings are independent: Var(log(wins / losses)) = 1 / wins + 1 / losses, times G / (G - 1); half of it.
    row = davidson(two_sources(18, 8, 6)).strengths[0]
    assert row.low is not None and row.high is not None
    error = np.sqrt((1 / 18 + 1 / 8) * 32 / 31) / 2
    assert (row.high - row.low) / 2 == pytest.approx(2.0395134464 * error)  # t with 31 degrees of freedom


def test_three_sources_equal_a_poisson_fit_of_the_counts() -> None:
    # Davidson's model in log-linear form: a Poisson count per pair and outcome, and an effect of the pair.
    ratings = simulated_study(np.random.default_rng(6), strengths=(0.7, 0.0, -0.7), tie_width=0.5)
    table = rating_table(ratings, source_count=3)
    counts, rows = [], []
    for pair, (a, b) in enumerate(table.source_pairs):
        outcomes = table.outcomes(a, b)
        for value, weights in ((1, {a: 1.0}), (0, {b: 1.0}), (0.5, {a: 0.5, b: 0.5, 3: 1.0})):
            counts.append(float((outcomes == value).sum()))
            row = np.zeros(7)
            row[list(weights)] = list(weights.values())
            row[4 + pair] = 1
            rows.append(row)
    # Without the third strength, which is the reference.
    fit = sm.GLM(counts, np.delete(np.array(rows), 2, axis=1), family=sm.families.Poisson()).fit(tol=1e-12)
    expected = np.array([fit.params[0], fit.params[1], 0])
    ours = davidson(table)
    found = [row.strength for row in ours.strengths if row.strength is not None]
    np.testing.assert_allclose(found, expected - expected.mean(), atol=1e-6)
    assert ours.tie_parameter == pytest.approx(np.exp(fit.params[2]), rel=1e-6)


def test_intervals_lie_around_the_strengths_and_order_them_as_bradley_terry_does() -> None:
    ratings = simulated_study(
        np.random.default_rng(7), strengths=(0.7, 0.0, -0.7), rater_sd=0.5, question_sd=0.5, tie_width=0.5
    )
    table = rating_table(ratings, source_count=3)
    points = []
    for row in davidson(table).strengths:
        assert row.strength is not None and row.low is not None and row.high is not None
        assert row.low < row.strength < row.high
        points.append(row.strength)
    half_wins = [row.strength for row in bradley_terry(table) if row.strength is not None]
    assert np.argsort(points).tolist() == np.argsort(half_wins).tolist()


@pytest.mark.parametrize(
    "table",
    [
        rating_table([], source_count=3),
        two_sources(5, 4, 0),
        two_sources(0, 0, 5),
        two_sources(5, 0, 3),
        rating_table([judged((0,), (1,), rater="x"), judged((1,), (0,), rater="y")], source_count=3),
        rating_table(
            [judged((0,), (1,), rater="x"), judged((1,), (0,), rater="y"), judged((0, 1), rater="z")],
            source_count=3,
        ),
    ],
    ids=["no ratings", "no tie", "only ties", "no loss", "third not compared", "third not compared, ties"],
)
def test_it_is_undefined_where_the_likelihood_has_no_maximum(table: RatingTable) -> None:
    fit = davidson(table)
    assert fit.tie_parameter is None
    assert {(row.strength, row.low, row.high) for row in fit.strengths} == {(None, None, None)}


def test_a_cycle_with_ties_is_defined_without_a_win_in_both_directions() -> None:
    cycle: list[JudgedTriple] = []
    for a, b in ((0, 1), (1, 2), (2, 0)):
        cycle += [judged((a,), (b,), question=f"{a}{b}"), judged((a, b), question=f"{a}={b}")]
    fit = davidson(rating_table(cycle, source_count=3))
    assert [row.strength for row in fit.strengths] == pytest.approx([0, 0, 0], abs=1e-9)
    # Equals, half of whose comparisons are ties: v / (2 + v) = 1/2.
    assert fit.tie_parameter == pytest.approx(2)
