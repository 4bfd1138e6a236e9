"""pass@k, majority@k and best-of-k against hand-worked cases and against going through every draw."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import combinations, permutations
from math import comb

import numpy as np
import pytest

from training.evaluation.estimators import best_of_k, majority_at_k, pass_at_k

#: papers.md 3.3.
ALPHA = [0, 1, 0, 1, 1, 0, 0, 1, 0, 0]


def every_draw(samples: int, k: int):
    return list(combinations(range(samples), k))


def enumerated_majority(answers: list[str | None], right: str | None, k: int) -> Fraction:
    """Count the votes of every draw; a shared first place is shared equally."""
    total = Fraction(0)
    for draw in every_draw(len(answers), k):
        votes = Counter(answers[i] for i in draw if answers[i] is not None)
        if votes and votes[right] == max(votes.values()):
            total += Fraction(1, sum(count == votes[right] for count in votes.values()))
    return total / comb(len(answers), k)


def enumerated_best(correct: list[int], scores: list[float], k: int) -> Fraction:
    """Take the best scored of every draw; among equals each is the chosen one equally often."""
    total = Fraction(0)
    for draw in every_draw(len(correct), k):
        best = max(scores[i] for i in draw)
        top = [correct[i] for i in draw if scores[i] == best]
        total += Fraction(sum(top), len(top))
    return total / comb(len(correct), k)


# ------------------------------------------------------------------------------------------------------------ pass@k


def test_pass_at_k_of_one_right_sample_in_four():
    # One of C(4, 2) = 6 draws in two holds the right one: 3 of 6.
    assert pass_at_k(1, 4, 2) == 0.5
    assert pass_at_k(1, 4, 1) == 0.25
    assert pass_at_k(1, 4, 4) == 1


def test_pass_at_k_is_the_share_of_draws_with_a_right_one():
    for right in range(7):
        for k in range(1, 7):
            draws = every_draw(6, k)
            hit = sum(min(draw) < right for draw in draws)
            assert pass_at_k(right, 6, k) == pytest.approx(hit / len(draws), abs=1e-15)


def test_pass_at_k_takes_many_questions_and_many_samples():
    values = pass_at_k(np.array([0, 1, 999, 1000]), 1000, 999)
    assert values.tolist() == [0, 0.999, 1, 1]


@pytest.mark.parametrize(("correct", "k"), [(5, 1), (-1, 1), (1, 0), (1, 5)])
def test_pass_at_k_refuses_what_cannot_be(correct, k):
    with pytest.raises(ValueError, match="expected"):
        pass_at_k(correct, 4, k)


# -------------------------------------------------------------------------------------------------------- majority@k


def test_two_right_votes_against_one_wrong_by_hand():
    answers = ["7", "7", "8"]
    # Of the three draws of two one is 7 7 (wins), two are 7 8 (half each): (1 + 1/2 + 1/2) / 3.
    assert majority_at_k(answers, "7", 1) == pytest.approx(2 / 3)
    assert majority_at_k(answers, "7", 2) == pytest.approx(2 / 3)
    assert majority_at_k(answers, "7", 3) == pytest.approx(1)


def test_three_answers_with_one_vote_each_share_the_win():
    assert majority_at_k(["1", "2", "3"], "1", 3) == pytest.approx(1 / 3)


def test_unread_answers_are_drawn_but_do_not_vote():
    # Draws of two from 5, unread, unread: {5, u} twice wins by its only vote, {u, u} has no winner.
    assert majority_at_k(["5", None, None], "5", 2) == pytest.approx(2 / 3)
    assert majority_at_k([None, None], "5", 2) == 0
    assert majority_at_k([None, None], None, 1) == 0


def test_an_answer_that_nobody_gave_never_wins():
    assert majority_at_k(["1", "1", "2"], "3", 2) == 0
    assert majority_at_k(["1", "1", "2"], None, 2) == 0


@pytest.mark.parametrize("seed", range(12))
def test_majority_is_the_mean_over_every_draw(seed):
    rng = np.random.default_rng(seed)
    pool = ["a", "b", "c", "d", None][: rng.integers(2, 6)]
    answers = [pool[i] for i in rng.integers(0, len(pool), size=rng.integers(4, 11))]
    for k in range(1, len(answers) + 1):
        expected = float(enumerated_majority(answers, "a", k))
        assert majority_at_k(answers, "a", k) == pytest.approx(expected, abs=1e-12)


def test_majority_does_not_depend_on_the_order_of_the_samples():
    values = {
        round(majority_at_k(list(order), "a", 3), 12) for order in permutations(["a", "a", "b", "c", None])
    }
    assert len(values) == 1


def test_the_chances_of_all_answers_sum_to_that_of_any_vote():
    answers = ["a"] * 4 + ["b"] * 4 + ["c"] * 2 + ["d"] + [None] * 3
    for k in range(1, 15):
        someone = sum(majority_at_k(answers, name, k) for name in "abcd")
        nobody = comb(3, k) / comb(14, k)
        assert someone == pytest.approx(1 - nobody, abs=1e-12)


def test_majority_of_a_thousand_samples_agrees_with_drawing():
    answers = ["a"] * 300 + ["b"] * 290 + ["c"] * 200 + [None] * 210
    rng = np.random.default_rng(0)
    codes = np.array([0] * 300 + [1] * 290 + [2] * 200 + [3] * 210)
    wins = []
    for _ in range(1500):
        votes = np.bincount(codes[rng.choice(1000, 64, replace=False)], minlength=4)[:3]
        wins.append((votes[0] == votes.max()) / (votes == votes.max()).sum())
    assert majority_at_k(answers, "a", 64) == pytest.approx(np.mean(wins), abs=4 * 0.5 / 1500**0.5)
    # All of them: 300 beat 290.
    assert majority_at_k(answers, "a", 1000) == pytest.approx(1)


# --------------------------------------------------------------------------------------------------------- best-of-k


@pytest.mark.parametrize(("k", "expected"), [(1, 2 / 5), (2, 7 / 15), (4, 43 / 105), (10, 0)])
def test_best_of_k_has_the_values_of_the_fact_sheet(k, expected):
    assert best_of_k(ALPHA, np.arange(10, 0, -1), k) == pytest.approx(expected)


def test_best_of_one_is_the_mean_and_best_of_all_is_the_top():
    scores = np.array([0.3, 2.0, -1.0, 0.5])
    assert best_of_k([1, 0, 1, 1], scores, 1) == pytest.approx(0.75)
    assert best_of_k([1, 0, 1, 1], scores, 4) == 0
    assert best_of_k([0, 1, 0, 0], scores, 4) == 1


def test_two_tied_at_the_top_are_each_chosen_half_of_the_time():
    assert best_of_k([1, 0, 0], [5.0, 5.0, 1.0], 3) == pytest.approx(0.5)
    # Draws of two: {0, 1} half, {0, 2} right, {1, 2} wrong.
    assert best_of_k([1, 0, 0], [5.0, 5.0, 1.0], 2) == pytest.approx(0.5)


def test_all_tied_is_a_random_choice():
    for k in range(1, 11):
        assert best_of_k(ALPHA, np.zeros(10), k) == pytest.approx(0.4)


@pytest.mark.parametrize("seed", range(12))
def test_best_of_k_with_ties_is_the_mean_over_every_draw(seed):
    rng = np.random.default_rng(seed)
    samples = int(rng.integers(3, 10))
    correct = rng.integers(0, 2, samples).tolist()
    scores = rng.integers(0, 4, samples).astype(float).tolist()
    for k in range(1, samples + 1):
        assert best_of_k(correct, scores, k) == pytest.approx(
            float(enumerated_best(correct, scores, k)), abs=1e-12
        )


def test_best_of_k_with_ties_is_the_mean_of_the_papers_formula_over_their_orders():
    correct, scores = np.array([1, 0, 0, 1, 1]), np.array([2.0, 2.0, 1.0, 1.0, 0.0])
    by_order = []
    for order in permutations(range(5)):
        broken = scores + 1e-6 * np.array(order)
        by_order.append(best_of_k(correct, broken, 3))
    assert best_of_k(correct, scores, 3) == pytest.approx(np.mean(by_order), abs=1e-12)


def test_best_of_k_keeps_questions_apart():
    correct = np.array([[1, 0], [0, 1], [1, 1]])
    scores = np.array([[1.0, 1.0], [1.0, 1.0], [0.0, -np.inf]])
    assert best_of_k(correct, scores, 2).tolist() == [0.5, 0.5, 1]


def test_shifting_a_questions_scores_changes_nothing():
    rng = np.random.default_rng(1)
    correct, scores = rng.integers(0, 2, (5, 8)), rng.normal(size=(5, 8))
    shifted = scores + rng.normal(size=(5, 1))
    np.testing.assert_allclose(best_of_k(correct, scores, 3), best_of_k(correct, shifted, 3))


def test_a_score_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        best_of_k([1, 0], [0.0, np.nan], 1)
    with pytest.raises(ValueError, match="shape"):
        best_of_k([1, 0], [0.0], 1)
