"""Bootstrap intervals by question."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from training.evaluation.agreement import PairAgreement, ScoredPair, pair_agreement
from training.evaluation.intervals import difference_intervals, draws, mean_intervals, resampled_means


def only(intervals: list[tuple[float, float] | None]) -> tuple[float, float]:
    [interval] = intervals
    assert interval is not None
    return interval


def width(found: PairAgreement) -> float:
    assert found.low is not None and found.high is not None
    return found.high - found.low


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(0).random((50, 2))
    assert mean_intervals(values, seed=3) == mean_intervals(values, seed=3)
    assert mean_intervals(values, seed=3) != mean_intervals(values, seed=4)


def test_resamples_are_drawn_as_a_loop_over_questions_would_draw_them():
    values = np.random.default_rng(0).random((40, 1))
    ours = resampled_means(values, seed=1, resamples=4000)[:, 0]
    rng = np.random.default_rng(2)
    plain = np.array([values[rng.integers(0, 40, 40), 0].mean() for _ in range(4000)])
    assert ours.mean() == pytest.approx(plain.mean(), abs=0.003)
    assert ours.std() == pytest.approx(plain.std(), rel=0.05)


def test_every_resample_has_as_many_questions_as_there_are():
    for part in draws(7, seed=0, resamples=100):
        assert part.shape == (100, 7)
        assert (part.sum(axis=1) == 7).all()


def test_resamples_made_in_parts_are_still_all_there(monkeypatch):
    monkeypatch.setattr("training.evaluation.intervals.CELLS", 30)
    assert resampled_means(np.ones((10, 1)), seed=0, resamples=100).shape == (100, 1)


def test_the_interval_of_a_mean_covers_it_in_about_95_of_100_studies():
    rng = np.random.default_rng(0)
    covered = 0
    for study in range(200):
        values = (rng.random((100, 1)) < rng.beta(2, 3, (100, 1))).astype(float)
        low, high = only(mean_intervals(values, seed=study, resamples=400))
        covered += low <= 0.4 <= high
    assert 0.9 <= covered / 200 <= 0.98


def test_nothing_but_right_answers_get_the_exact_interval():
    [all_right, all_wrong] = mean_intervals(np.array([[1.0, 0.0]] * 20), seed=0)
    exact = stats.binomtest(20, 20).proportion_ci(method="exact")
    assert all_right == pytest.approx((exact.low, 1))
    assert all_wrong == pytest.approx((0, 1 - exact.low))


def test_what_is_undefined_has_no_interval():
    assert mean_intervals(np.array([[0.5]]), seed=0) == [None]
    assert mean_intervals(np.array([[0.5, np.nan], [1, np.nan]]), seed=0)[1] is None
    assert difference_intervals(np.ones((1, 1)), np.ones((1, 1)), seed=0) == [None]


def test_a_paired_difference_is_tighter_than_its_parts():
    rng = np.random.default_rng(0)
    base = rng.random((200, 1))
    better = np.minimum(base + 0.05, 1)
    low, high = only(difference_intervals(better, base, seed=0))
    assert 0 < low <= 0.05 and high - low < 0.01
    assert difference_intervals(base, base, seed=0) == [(0, 0)]


# -------------------------------------------------------------------------------------------------------- agreement


def test_agreement_counts_ties_half_and_weights():
    pairs = [ScoredPair("a", 2, 1), ScoredPair("a", 1, 1), ScoredPair("b", 0, 1, weight=2)]
    # (1 + 0.5 + 2 x 0) / 4
    assert pair_agreement(pairs).agreement == pytest.approx(1.5 / 4)
    assert pair_agreement(pairs).questions == 2


def test_the_interval_of_agreement_is_wider_when_pairs_share_a_question():
    rng = np.random.default_rng(0)
    good = rng.random(30) < 0.7
    spread = [ScoredPair(str(i), float(good[i % 30]), 0.5) for i in range(300)]
    shared = [ScoredPair(str(i % 30), float(good[i % 30]), 0.5) for i in range(300)]
    loose, tight = pair_agreement(shared), pair_agreement(spread)
    assert loose.agreement == tight.agreement
    assert width(loose) > 2 * width(tight)


def test_agreement_of_nothing_is_undefined():
    assert pair_agreement([]).agreement is None
    assert pair_agreement([ScoredPair("a", 1, 0)]).low is None
    with pytest.raises(ValueError, match="NaN"):
        pair_agreement([ScoredPair("a", float("nan"), 0)])
