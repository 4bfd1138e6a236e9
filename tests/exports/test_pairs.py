from __future__ import annotations

import pytest

from ratings.exports.keys import derive_keys
from ratings.exports.pairs import OrderedPair, ordered_pairs

KEYS = derive_keys("a secret", study="trial", format_name="trl-preference", options={})


def pairs(ranking, ties="drop", key="k"):
    return [tuple(pair) for pair in ordered_pairs(ranking, ties=ties, key=key, keys=KEYS)]


def test_a_strict_ranking_gives_its_three_pairs_in_the_order_of_sources():
    assert pairs([[2], [0], [1]]) == [(0, 1, False), (2, 0, False), (2, 1, False)]


def test_a_source_that_was_left_out_is_in_no_pair():
    assert pairs([[2], [0]]) == [(2, 0, False)]
    assert pairs([[1]]) == pairs([]) == []


def test_ties_are_dropped_or_counted_both_ways():
    assert pairs([[2], [0, 1]]) == [(2, 0, False), (2, 1, False)]
    assert pairs([[2], [0, 1]], "both") == [(0, 1, True), (1, 0, True), (2, 0, False), (2, 1, False)]
    assert len(pairs([[0, 1, 2]], "both")) == 6


def test_half_gives_each_tie_one_row_whose_direction_repeats_and_is_fair_over_ratings():
    drawn = [pairs([[0, 1]], "half", key=str(number)) for number in range(2_000)]
    assert drawn == [pairs([[0, 1]], "half", key=str(number)) for number in range(2_000)]
    assert all(len(rows) == 1 and rows[0][2] for rows in drawn)
    forward = sum(rows[0][:2] == (0, 1) for rows in drawn)
    # Five standard deviations of a fair coin.
    assert abs(forward - 1_000) < 5 * (2_000 * 0.25) ** 0.5


def test_the_three_ties_of_one_rating_fall_independently():
    directions = {
        tuple(pair.chosen for pair in ordered_pairs([[0, 1, 2]], ties="half", key=str(n), keys=KEYS))
        for n in range(200)
    }
    assert len(directions) == 8


@pytest.mark.parametrize("ties", ["drop", "both", "half"])
def test_an_untied_pair_does_not_depend_on_what_becomes_of_ties(ties):
    assert [pair for pair in pairs([[1], [2]], ties) if not pair[2]] == [OrderedPair(1, 2, False)]
