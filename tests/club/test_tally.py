"""Counting votes: hand-worked cases, and an independent count."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.club.tally import tally


def test_a_hand_worked_case():
    found = tally(
        [([[1], [0, 2]], False), ([[1, 2], [0]], False), ([[0]], False), ([], True), ([[2], [1]], True)]
    )
    assert (found.votes, found.bests, found.all_bad) == (5, 4, 2)
    assert found.firsts == (1.0, 1.5, 1.5)
    assert found.beats == ((0, 0, 0), (2, 0, 1), (1, 1, 0))
    assert found.shares == (0.25, 0.375, 0.375)


def test_nobody_has_voted():
    assert tally([]).shares == (0.0, 0.0, 0.0)


@given(st.lists(st.permutations([0, 1, 2]), min_size=1))
def test_shares_of_full_rankings_add_up_and_every_pair_is_decided_once(orders):
    found = tally(([[source] for source in order], False) for order in orders)
    assert sum(found.shares) == pytest.approx(1)
    for source in range(3):
        firsts = sum(order[0] == source for order in orders)
        assert found.shares[source] == pytest.approx(float(Fraction(firsts, len(orders))))
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert found.beats[a][b] + found.beats[b][a] == len(orders)
