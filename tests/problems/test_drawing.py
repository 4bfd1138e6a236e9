"""Drawing made questions: none twice, each split with its share, the split a matter of the text alone."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from problems.drawing import TooFewQuestions, draw_sums, draw_word_problems
from problems.splits import SHARES, check_shares, quotas, split_of


def test_no_question_comes_twice_and_the_same_seed_draws_the_same() -> None:
    drawn = list(draw_sums(2000, digits=[1, 2, 3, 4, 5], seed=3))
    assert len({one.question for one in drawn}) == 2000
    assert drawn == list(draw_sums(2000, digits=[1, 2, 3, 4, 5], seed=3))
    assert drawn != list(draw_sums(2000, digits=[1, 2, 3, 4, 5], seed=4))
    words = list(draw_word_problems(500, seed=3))
    assert len({one.question for one in words}) == 500
    assert words == list(draw_word_problems(500, seed=3))


def test_lengths_are_equally_often_while_they_last() -> None:
    lengths = Counter(len(one.question.split()[0]) for one in draw_sums(2000, digits=[1, 2, 3, 4, 5], seed=0))
    assert 90 <= lengths[1] <= 100
    assert all(400 <= lengths[length] <= 550 for length in (2, 3, 4, 5))


def test_numbers_have_exactly_the_digits_asked_for() -> None:
    for one in draw_sums(300, digits=[3], seed=0):
        a, _, b = one.question.split()
        assert len(a) == len(b) == 3 and a[0] != "0" != b[0]


def test_splits_have_their_shares_and_follow_from_the_text() -> None:
    drawn = list(draw_word_problems(200, seed=0))
    assert Counter(one.split for one in drawn) == {
        "test": 20,
        "validation": 10,
        "verifier": 20,
        "prompt": 10,
        "train": 140,
    }
    assert all(one.split == split_of(one.question) for one in drawn)


def test_both_orders_of_digits_have_the_same_sums_in_the_same_splits() -> None:
    written, backwards = (
        list(draw_sums(300, digits=[2, 4], seed=5, reversed=order)) for order in (False, True)
    )
    assert [one.question.partition(",")[0] for one in backwards] == [one.question for one in written]
    assert [one.split for one in backwards] == [one.split for one in written]
    assert [one.answer[::-1] for one in backwards] == [one.answer for one in written]


def test_all_sums_of_one_digit_can_be_had_and_no_more() -> None:
    drawn = list(draw_sums(100, digits=[1], seed=0))
    assert len({one.question for one in drawn}) == 100
    with pytest.raises(TooFewQuestions, match="only 100 different questions; 101 were asked for"):
        list(draw_sums(101, digits=[1], seed=0))


def test_hashes_fill_the_shares_evenly() -> None:
    counts = Counter(split_of(f"question {number}") for number in range(20_000))
    for split, share in SHARES.items():
        assert abs(counts[split] / 20_000 - share) < 0.01
    # SHA-256 of "a" begins with ca97 8112: 0.79 of the way, past the 0.3 that come before train.
    assert split_of("a") == "train"
    assert split_of("a", {"left": 0.79, "right": 0.21}) == "right"
    assert split_of("a", {"left": 0.8, "right": 0.2}) == "left"


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_quotas_are_the_shares_to_the_nearest_question(count: int) -> None:
    found = quotas(count)
    assert sum(found.values()) == count
    assert all(abs(found[split] - share * count) <= 1 for split, share in SHARES.items())


@pytest.mark.parametrize("shares", [{"a": 0.5}, {"a": 1.5, "b": -0.5}, {"a": float("nan")}, {}])
def test_shares_that_are_none_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="share"):
        check_shares(shares)


def test_a_draw_can_be_left_early() -> None:
    assert len(list(islice(draw_sums(10**6, digits=[8], seed=0), 3))) == 3
