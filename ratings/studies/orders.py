"""Orders: which source stands in which position, and which order a rater needs next. Pure.

Peers shuffle at random or leave the order to the author; random orders drift, and a drift in one rater looks like a
preference. Here the six orders are dealt: balanced over a triple's slots when a study opens, and over a rater's ratings
when a slot is claimed.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

#: ORDERS[n] is the source index in each position, from the first card to the last.
ORDERS: tuple[tuple[int, int, int], ...] = tuple(itertools.permutations(range(3)))  # type: ignore[arg-type]
ORDER_NUMBER: dict[tuple[int, ...], int] = {order: number for number, order in enumerate(ORDERS)}

#: The two Latin squares: three orders in which every source stands once in every position.
_LATIN_SQUARES = (
    ((0, 1, 2), (1, 2, 0), (2, 0, 1)),
    ((0, 2, 1), (2, 1, 0), (1, 0, 2)),
)


class OrderTiers(NamedTuple):
    """Order numbers a rater may be shown next."""

    #: Those that leave the rater's positions most balanced.
    best: tuple[int, ...]
    #: All that keep every source within one of its share of every position (contains `best` if that is possible).
    acceptable: tuple[int, ...]


def deal_orders(random: Random, *, replicates: int) -> list[tuple[int, int, int]]:
    """Orders for a triple's slots: each run of three is a Latin square, each run of six holds all six orders.

    So a source's counts over the three positions differ by at most one after any number of slots, and the first six
    orders are all different.
    """
    dealt: list[tuple[int, int, int]] = []
    while len(dealt) < replicates:
        squares = [random.sample(square, 3) for square in _LATIN_SQUARES]
        random.shuffle(squares)
        dealt.extend(itertools.chain.from_iterable(squares))
    return dealt[:replicates]


def position_counts(orders_seen: Sequence[int]) -> list[list[int]]:
    """counts[source][position] after the given number of ratings in each of the six orders."""
    counts = [[0, 0, 0] for _ in range(3)]
    for number, times in enumerate(orders_seen):
        for position, source in enumerate(ORDERS[number]):
            counts[source][position] += times
    return counts


def nearest_order(planned: int, wanted: Sequence[int]) -> int:
    """Which of the wanted orders to show in place of a planned one: the planned one itself if it is among them.

    Else the one whose cards come first in the planned order's own terms. To take the lowest number instead would put
    the study's first source in front more often than the others.
    """
    place = {source: position for position, source in enumerate(ORDERS[planned])}
    return min(wanted, key=lambda number: [place[source] for source in ORDERS[number]])


def order_tiers(orders_seen: Sequence[int]) -> OrderTiers:
    """Which orders a rater should see next, given how often each of the six was seen.

    The score of an order is the sum of squared position counts that it would leave, then the number of times it was
    seen itself. Nothing here depends on what a source is called: renaming sources renames the orders, no more.
    """
    counts = position_counts(orders_seen)
    share = (sum(orders_seen) + 1) / 3
    scores: dict[int, tuple[int, int]] = {}
    acceptable: list[int] = []
    for number, order in enumerate(ORDERS):
        after = [
            [counts[source][position] + (order[position] == source) for position in range(3)]
            for source in range(3)
        ]
        scores[number] = (sum(count * count for row in after for count in row), orders_seen[number])
        if all(abs(count - share) <= 1 for row in after for count in row):
            acceptable.append(number)
    best_score = min(scores.values())
    best = tuple(number for number, score in scores.items() if score == best_score)
    return OrderTiers(best=best, acceptable=tuple(acceptable) or best)
