"""Counts, odds and the naive test of each pair of sources."""

import pytest
from scipy import stats

from ratings.analysis.pairs import compare_pairs, naive_test
from ratings.analysis.table import rating_table

from .designs import judged


@pytest.mark.parametrize(("wins", "losses", "odds", "p"), [(113, 87, 1.30, 0.0384), (127, 73, 1.74, 8e-5)])
def test_the_star_papers_human_evaluation_is_reproduced(
    wins: int, losses: int, odds: float, p: float
) -> None:
    # "30 % more likely, p = .039" and "74 % more likely, p < .001" of 200 (Zelikman et al. 2022, 4.4).
    ratings = [judged((0,), (1,), question=f"q{n}") for n in range(wins)]
    ratings += [judged((1,), (0,), question=f"q{n}") for n in range(wins, wins + losses)]
    (pair,) = compare_pairs(rating_table(ratings, source_count=2))
    assert (pair.wins_a, pair.wins_b, pair.ties) == (wins, losses, 0)
    assert pair.odds == pytest.approx(odds, abs=0.005)
    assert pair.naive.p_one_sided == pytest.approx(p, rel=0.03)
    assert pair.naive.p_two_sided == pytest.approx(2 * p, rel=0.03)
    assert pair.clustered.mean == wins / 200


@pytest.mark.parametrize(("wins", "losses"), [(5, 0), (3, 4), (4, 3), (6, 6), (1, 0), (60, 41)])
def test_the_naive_test_is_scipys_exact_binomial_for_the_better_source(wins: int, losses: int) -> None:
    test, better = naive_test(wins, losses), max(wins, losses)
    one_sided = stats.binomtest(better, wins + losses, alternative="greater").pvalue
    assert test.p_one_sided == pytest.approx(one_sided)
    assert test.p_two_sided == pytest.approx(stats.binomtest(wins, wins + losses).pvalue)


def test_pairs_stand_in_the_studys_order_and_a_source_left_out_is_not_compared() -> None:
    ratings = [
        judged((2,), (0, 1), question="q1"),
        judged((0,), (2,), question="q2"),
        judged((1,), question="q3"),
        judged(question="q4", all_bad=True),
        judged((0, 1, 2), question="q5", all_bad=True),
    ]
    pairs = compare_pairs(rating_table(ratings, source_count=3))
    counts = [(p.a, p.b, p.wins_a, p.wins_b, p.ties, p.odds, p.clustered.mean) for p in pairs]
    assert counts == [
        (0, 1, 0, 0, 2, None, 0.5),
        (0, 2, 1, 1, 1, 1.0, 0.5),
        (1, 2, 0, 1, 1, 0.0, 0.25),
    ]


def test_without_losses_odds_are_undefined_and_without_wins_and_losses_the_naive_test() -> None:
    won, tied = (
        compare_pairs(rating_table([judged(*groups)], source_count=2))[0]
        for groups in (((0,), (1,)), ((0, 1),))
    )
    assert won.odds is None
    assert won.naive.p_one_sided == 0.5
    assert (tied.naive.p_one_sided, tied.naive.p_two_sided) == (None, None)


def test_a_pair_never_compared_has_no_numbers() -> None:
    (pair,) = compare_pairs(rating_table([judged((0,))], source_count=2))
    assert (pair.wins_a, pair.wins_b, pair.ties, pair.odds) == (0, 0, 0, None)
    assert pair.clustered.mean is None
    assert pair.clustered.p_two_sided is None
