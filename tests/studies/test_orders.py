"""Orders: dealt over a triple, balanced over a rater."""

from __future__ import annotations

import itertools
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratings.studies.orders import (
    ORDER_NUMBER,
    ORDERS,
    deal_orders,
    nearest_order,
    order_tiers,
    position_counts,
)


def test_there_are_six_orders_and_each_has_its_number():
    assert sorted(ORDERS) == sorted(itertools.permutations(range(3)))
    assert [ORDER_NUMBER[order] for order in ORDERS] == list(range(6))


@settings(deadline=None)
@given(seed=st.integers(), replicates=st.integers(1, 20))
def test_over_a_triples_slots_each_text_stands_equally_often_in_each_position(seed, replicates):
    dealt = deal_orders(Random(seed), replicates=replicates)
    assert len(dealt) == replicates
    for source, position in itertools.product(range(3), range(3)):
        count = sum(order[position] == source for order in dealt)
        assert abs(count - replicates / 3) < 1


@settings(deadline=None)
@given(seed=st.integers())
def test_the_first_six_slots_of_a_triple_have_the_six_orders(seed):
    assert len(set(deal_orders(Random(seed), replicates=6))) == 6


def test_position_counts_by_hand():
    # Once (0, 1, 2) and twice (2, 1, 0): source 0 stood once first and twice last, source 1 always in the middle.
    assert position_counts([1, 0, 0, 0, 0, 2]) == [[1, 0, 2], [0, 3, 0], [2, 0, 1]]


@pytest.mark.parametrize("picky", ["best", "acceptable"])
@settings(deadline=None)
@given(data=st.data())
def test_whatever_is_picked_each_source_stays_within_one_of_its_share(picky, data):
    # Any order of the tier may come, as the pool decides; the balance must hold after every single rating.
    seen = [0] * 6
    for rated in range(1, 25):
        allowed = getattr(order_tiers(seen), picky)
        seen[data.draw(st.sampled_from(allowed))] += 1
        for row in position_counts(seen):
            assert all(abs(count - rated / 3) <= 1 for count in row)
    assert sum(seen) == 24


def test_following_the_best_tier_shows_each_order_equally_often():
    seen = [0] * 6
    random = Random(5)
    for _ in range(60):
        seen[random.choice(order_tiers(seen).best)] += 1
    assert seen == [10] * 6


def test_renaming_sources_renames_the_orders_and_nothing_else():
    # Sources 0, 1, 2 become 2, 0, 1.
    renamed = {0: 2, 1: 0, 2: 1}
    rename = {n: ORDER_NUMBER[tuple(renamed[s] for s in order)] for n, order in enumerate(ORDERS)}
    random = Random(3)
    for _ in range(200):
        seen = [random.randrange(4) for _ in range(6)]
        seen_renamed = [0] * 6
        for number, times in enumerate(seen):
            seen_renamed[rename[number]] = times
        for tier in ("best", "acceptable"):
            expected = Counter(rename[number] for number in getattr(order_tiers(seen), tier))
            assert Counter(getattr(order_tiers(seen_renamed), tier)) == expected


def test_a_planned_order_that_is_wanted_is_kept():
    for planned in range(6):
        assert nearest_order(planned, range(6)) == planned
        assert nearest_order(planned, [planned, (planned + 3) % 6]) == planned


def test_the_nearest_order_is_chosen_by_place_and_not_by_number():
    # Renaming the sources by any permutation renames the plan, the wanted orders and the answer alike.
    for renaming in ORDERS:
        renamed = {
            n: ORDER_NUMBER[tuple(renaming[source] for source in order)] for n, order in enumerate(ORDERS)
        }
        for planned in range(6):
            for wanted in ([0, 3], [1, 2, 5], [4], [0, 1, 2, 3, 4, 5]):
                answer = nearest_order(renamed[planned], [renamed[number] for number in wanted])
                assert answer == renamed[nearest_order(planned, wanted)]
