"""Measures of one rater, worked out by hand."""

from __future__ import annotations

import math
from random import Random

import pytest

from ratings.quality.measures import Measures, Said, commonest_pattern, decide, measure, position_p
from ratings.quality.reliability import Level, level_of, signals
from ratings.studies.form import RatingForm
from ratings.studies.orders import ORDER_NUMBER
from ratings.studies.quality_mix import QualityMix

FORM, MIX = RatingForm(), QualityMix()


def measured(*said: Said, form: RatingForm = FORM) -> Measures:
    return measure(said, form=form, mix=MIX)


def degraded(*ranking: list[int], source: int = 2, order: int = 0) -> Said:
    return Said(
        kind="degraded", triple=9, ranking=ranking, order=order, expected={"source": source, "way": "number"}
    )


def test_a_degraded_card_is_compared_with_the_intact_ones():
    found = measured(
        degraded([0], [1], [2]),  # last
        degraded([2], [0], [1]),  # first
        degraded([0], [2, 1]),  # above one, beside the other
        degraded([0], [1]),  # not ranked: not compared
        Said(kind="degraded", triple=9, all_bad=True, order=0, expected={"source": 2}),
        Said(kind="degraded", triple=9, skipped=True, order=0, expected={"source": 2}),
    )
    assert (found.degraded, found.degraded_last, found.degraded_first) == (5, 1, 1)
    assert (found.degraded_above, found.degraded_pairs) == (2 + 0 + 1.5, 6)
    assert found.degraded_share == pytest.approx(3.5 / 6)


def test_where_only_the_best_is_asked_for_a_card_without_a_place_lost():
    best = RatingForm(kind="best")
    found = measured(degraded([0]), degraded([2]), form=best)
    # The other two were not compared with each other.
    assert (found.degraded_above, found.degraded_pairs) == (1, 3)
    assert (found.degraded_last, found.degraded_first) == (1, 1)


def test_only_cards_that_were_shown_are_compared():
    pair = RatingForm(kind="pairwise")
    found = measured(degraded([1], [2], order=ORDER_NUMBER[(2, 1, 0)]), form=pair)
    assert (found.degraded_above, found.degraded_pairs, found.degraded_last) == (1, 1, 1)


def test_a_repeat_is_compared_with_what_the_rater_said_first():
    found = measured(
        Said(kind="normal", triple=1, ranking=[[0], [1], [2]]),
        Said(kind="normal", triple=2, ranking=[[0], [1, 2]]),
        Said(kind="normal", triple=3, all_bad=True),
        Said(kind="repeat", triple=1, ranking=[[0], [2], [1]]),  # two of three pairs alike
        Said(kind="repeat", triple=2, ranking=[[0], [2, 1]]),  # all three
        Said(kind="repeat", triple=3, all_bad=True),  # one decision, alike
        Said(kind="repeat", triple=4, ranking=[[0], [1], [2]]),  # its triple was skipped
    )
    assert (found.repeats, found.repeat_alike, found.repeat_pairs) == (3, 2 + 3 + 1, 7)


def test_time_is_held_against_what_there_was_to_read():
    def read(seconds: float | None, characters: int, kind: str = "normal") -> Said:
        return Said(kind=kind, triple=1, ranking=[[0]], seconds=seconds, characters=characters)

    found = measured(
        read(20, 600),
        read(9.9, 600),
        read(30, 600),
        read(None, 600),
        Said(kind="check", triple=1, ranking=[[0]], seconds=2, expected={"first": 0}),
        read(40, 0, "practice"),
    )
    # 600 characters at 60 a second take ten seconds.
    assert (found.too_fast, found.timed) == (1, 3)
    assert found.pace == pytest.approx(20 / 0.6) and found.median_seconds == 20
    assert (found.active_seconds, found.measured, found.answered) == (101.9, 5, 5)


def test_positions_are_counted_by_card_not_by_source():
    said = [Said(kind="normal", triple=n, ranking=[[n % 3], [(n + 1) % 3]], order=n % 6) for n in range(6)]
    left = [Said(kind="normal", triple=n, ranking=[[0]], order=n % 2) for n in range(12)]
    assert sum(measured(*said).firsts) == 6
    found = measured(*left)
    assert found.firsts == (12, 0, 0)
    assert found.position_p == pytest.approx(3 / 3**12)
    assert commonest_pattern(left) == (((0,),), 12)
    assert (found.same_order, found.ordered) == (12, 12)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((2, 2, 1), None),
        ((4, 4, 4), 1.0),
        ((9, 1), 22 / 1024),
        ((60, 40), 0.0455),
        ((50, 30, 20), math.exp(-7)),
    ],
)
def test_the_chance_of_uneven_first_places(counts, expected):
    assert position_p(counts) == (None if expected is None else pytest.approx(expected, rel=1e-3))


def test_chance_alone_is_rarely_taken_for_a_position_bias():
    random = Random(1)
    drawn = [[random.randrange(3) for _ in range(12)] for _ in range(4_000)]
    tails = [position_p([row.count(place) for place in range(3)]) or 0 for row in drawn]
    # An exact test is at most as often wrong as it says.
    assert 0.02 < sum(tail <= 0.05 for tail in tails) / len(tails) <= 0.055
    assert sum(tail < MIX.position_p for tail in tails) <= 10


def test_a_decision_about_two_cards():
    assert decide([[0], [1]], 0, 1, FORM) == 1 and decide([[0], [1]], 1, 0, FORM) == -1
    assert decide([[0, 1]], 0, 1, FORM) == 0 and decide([[0]], 0, 1, FORM) is None
    assert decide([[0]], 0, 1, RatingForm(kind="best")) == 1
    assert decide([[0]], 1, 2, RatingForm(kind="best")) is None


def test_a_summary_needs_enough_answers_and_says_its_numbers():
    nothing = signals(Measures(), MIX)
    assert all(signal.value is None and not signal.missed for signal in nothing)
    assert level_of(nothing) is Level.UNKNOWN
    poor = Measures(
        ratings=10,
        checks_failed=2,
        degraded=3,
        degraded_first=2,
        degraded_above=1,
        degraded_pairs=6,
        timed=10,
    )
    found = {signal.name: signal for signal in signals(poor, MIX)}
    assert found["checks"].missed and found["degraded"].missed and not found["speed"].missed
    assert found["degraded"].value == pytest.approx(1 / 6) and "first 2" in found["degraded"].said
    assert level_of(list(found.values())) is Level.CARELESS
    one = Measures(ratings=10, checks_passed=1, checks_failed=1, repeat_alike=1, repeat_pairs=6)
    assert level_of(signals(one, MIX)) is Level.LOOK
    assert level_of(signals(Measures(ratings=10, checks_passed=2), MIX)) is Level.FINE


def test_whoever_fails_the_only_check_fails():
    one, two = QualityMix(checks=1), QualityMix(checks=2)
    assert signals(Measures(checks_failed=1), one)[0].missed
    # Of two, one may be missed; the second has not come yet.
    assert not signals(Measures(checks_failed=1), two)[0].missed
    assert signals(Measures(checks_failed=2), two)[0].missed


def test_nothing_compares_a_rater_with_other_raters_or_with_a_right_answer():
    # Whoever ranks everything the other way round, consistently, has the same summary.
    def rater(turn: int) -> Measures:
        ranks = [[0], [1], [2]][::turn]
        normal = [
            Said(kind="normal", triple=n, ranking=ranks, order=n % 6, seconds=30, characters=300)
            for n in range(12)
        ]
        return measured(*normal, Said(kind="repeat", triple=3, ranking=ranks, order=4))

    assert signals(rater(1), MIX) == signals(rater(-1), MIX)
