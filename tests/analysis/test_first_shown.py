"""The share of pairs that the first card wins: by hand, beside another implementation, and its interval's coverage."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import special, stats

from ratings.analysis.first_shown import UNADJUSTED, FirstShown, first_shown_effect
from ratings.analysis.position import position_effect
from ratings.analysis.table import RatingTable, rating_table
from ratings.analysis.types import JudgedTriple

from .designs import judged, paper_design

#: Source shown first, source shown second.
PAIRS = np.array(list(permutations(range(3), 2)))


def effect(ratings: list[JudgedTriple]) -> FirstShown:
    found = first_shown_effect(rating_table(ratings, source_count=3))
    assert found is not None
    return found


def pair(number: int, first: int, second: int, won: float, *, rater: str = "r") -> JudgedTriple:
    """won: by the first one; 1/2: a tie."""
    groups = {1.0: ((first,), (second,)), 0.0: ((second,), (first,)), 0.5: ((first, second),)}[won]
    return judged(*groups, rater=rater, question=f"q{number}", shown=(first, second))


def test_with_balanced_orders_it_is_the_plain_share() -> None:
    said = [(0, 1, 1.0), (1, 0, 1.0), (0, 2, 1.0), (2, 0, 0.0), (1, 2, 0.5), (2, 1, 1.0)]
    ratings = [pair(n, *one, rater=f"r{n % 2}") for n, one in enumerate(said)]
    found = effect(ratings)
    assert (found.wins, found.losses, found.ties) == (4, 1, 1)
    assert found.share.mean == pytest.approx(4.5 / 6)


def test_a_strong_source_that_often_stood_first_is_no_effect_of_position() -> None:
    orders = [(0, 1)] * 3 + [(1, 0)]
    ratings = [pair(n, *order, float(order[0] == 0)) for n, order in enumerate(orders)]
    found = effect(ratings)
    assert (found.wins, found.losses) == (3, 1) and found.share.mean == pytest.approx(0.5)
    assert found.share.p_two_sided == pytest.approx(1.0)


def test_a_pair_in_one_order_only_can_not_be_adjusted_and_says_so() -> None:
    found = effect([pair(n, 0, 1, float(n > 0), rater=f"r{n}") for n in range(4)])
    assert found.share.mean == 0.75 and found.share.method.endswith(UNADJUSTED)


def test_only_pairs_that_were_compared_count_and_mean_ranks_stay_of_three_cards() -> None:
    three = judged((0,), (1,), (2,), question="three", shown=(0, 1, 2))
    unknown = judged((0,), (1,), question="unknown")
    all_bad = judged(question="bad", all_bad=True, shown=(0, 1))
    assert first_shown_effect(rating_table([three, unknown, all_bad], source_count=3)) is None
    pairs = [pair(1, 0, 1, 1.0), pair(2, 1, 0, 0.0)]
    assert position_effect(rating_table(pairs, source_count=3)) is None
    assert effect([three, unknown, all_bad, *pairs]) == effect(pairs)


def study(
    rng: np.random.Generator, bias: float, sds: tuple[float, float], strengths: tuple[float, ...]
) -> RatingTable:
    """The paper's design in pairs. sds: of raters' and questions' own biases for the first card, on the logit scale."""
    raters, questions = paper_design(rng)
    first, second = PAIRS[rng.integers(6, size=len(raters))].T
    habit = rng.normal(bias, sds[0], raters.max() + 1)[raters]
    habit += rng.normal(0, sds[1], questions.max() + 1)[questions]
    advantage = np.array(strengths)[first] - np.array(strengths)[second] + habit
    won = rng.random(len(raters)) < special.expit(advantage)
    ranks = np.full((len(raters), 3), np.nan)
    rows = np.arange(len(raters))
    ranks[rows, np.where(won, first, second)], ranks[rows, np.where(won, second, first)] = 1, 2
    shown = np.column_stack([first, second, np.full(len(raters), -1)])
    return RatingTable(ranks, raters, questions, shown, 20)


def true_share(bias: float, sds: tuple[float, float], strengths: tuple[float, ...]) -> float:
    """The mean over both orders of every pair, over the normal habits by 20,000 equal slices of probability."""
    habit = bias + np.hypot(*sds) * stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    return float(np.mean([special.expit(strengths[a] - strengths[b] + habit).mean() for a, b in PAIRS]))


Case = tuple[float, tuple[float, float], tuple[float, ...]]
#: Bias for the first card, sds of raters and of questions, strengths.
CASES: list[Case] = [
    (0.0, (0.0, 0.0), (0.0, 0.0, 0.0)),
    (0.0, (0.0, 0.0), (2.0, 0.0, -2.0)),
    (0.5, (1.0, 0.5), (1.0, 0.0, -1.0)),
    (1.5, (0.5, 1.0), (0.5, 0.0, -0.5)),
]


def coverage(case: Case, *, studies: int, seed: int) -> float:
    rng, truth = np.random.default_rng(seed), true_share(*case)
    covered = 0
    for _ in range(studies):
        found = first_shown_effect(study(rng, *case))
        assert found is not None and found.share.low is not None and found.share.high is not None
        covered += found.share.low <= truth <= found.share.high
    return covered / studies


@pytest.mark.parametrize("case", CASES[1:3])
def test_the_interval_holds_the_truth_in_95_percent_of_studies(case: Case) -> None:
    assert coverage(case, studies=500, seed=0) == pytest.approx(0.95, abs=3 * 0.0097)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_coverage_is_nominal_in_many_studies(case: Case) -> None:
    assert coverage(case, studies=4_000, seed=1) == pytest.approx(0.95, abs=0.015)


def test_the_variance_is_that_of_another_implementation() -> None:
    """statsmodels' cluster-robust least squares, its two ways put together by hand (Cameron, Gelbach, Miller 2011)."""
    table = study(np.random.default_rng(3), 0.4, (0.8, 0.8), (0.7, 0.0, -0.7))
    first, second = table.shown[:, 0], table.shown[:, 1]
    won = np.array(
        [float(table.outcomes(a, b)[row]) for row, (a, b) in enumerate(zip(first, second, strict=True))]
    )
    design = np.column_stack(
        [
            np.ones(200),
            *(
                ((first == a) & (second == b)) * 1.0 - ((first == b) & (second == a))
                for a, b in table.source_pairs
            ),
        ]
    )
    assert table.raters is not None
    variance = 0.0
    for codes, sign in ((table.raters, 1), (table.questions, 1), (np.arange(200), -1)):
        fit = sm.OLS(won, design).fit(cov_type="cluster", cov_kwds={"groups": codes, "use_correction": False})
        groups = len(np.unique(codes))
        variance += sign * fit.cov_params()[0, 0] * groups / (groups - 1)
    share = float(fit.params[0])
    found = first_shown_effect(table)
    assert found is not None and found.share.mean == pytest.approx(share)
    reach = stats.t.ppf(0.975, 19) * np.sqrt(variance) / (share * (1 - share))
    assert found.share.low == pytest.approx(special.expit(special.logit(share) - reach))
    assert found.share.high == pytest.approx(special.expit(special.logit(share) + reach))
