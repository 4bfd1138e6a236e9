"""What a design may say about quality and pay, and how items are spread over a session."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.errors import InvalidInput
from ratings.studies.design import StudyDesign, check_design
from ratings.studies.pay import BadPay, Pay, read_pay
from ratings.studies.quality_mix import (
    EARLIEST_REPEAT,
    BadMix,
    QualityMix,
    check_room,
    read_mix,
    session_length,
    spread,
)

counts = st.integers(0, 5)


def test_nothing_said_is_a_study_without_items_and_without_pay():
    assert read_mix({}) == QualityMix() and QualityMix().items == 0
    assert read_pay({}) == Pay() and not Pay().is_said and Pay().as_json() == {}


@given(checks=counts, degraded=counts, repeats=counts, least=st.floats(0, 1))
def test_a_mix_is_read_as_it_was_stored(checks, degraded, repeats, least):
    mix = QualityMix(checks=checks, degraded=degraded, repeats=repeats, min_degraded=least)
    assert read_mix(mix.as_json()) == mix


@pytest.mark.parametrize(
    ("value", "field", "expected"),
    [
        ({"cheks": 1}, "cheks", "one of checks"),
        ({"checks": -1}, "checks", "from 0 to 20"),
        ({"degraded": 21}, "degraded", "from 0 to 20"),
        ({"repeats": True}, "repeats", "from 0 to 20"),
        ({"repeats": "2"}, "repeats", "from 0 to 20"),
        ({"min_degraded": 60}, "min_degraded", "a share"),
        ({"max_empty": float("nan")}, "max_empty", "a share"),
        ({"fastest": 0}, "fastest", "characters a second"),
    ],
)
def test_a_bad_mix_names_field_value_and_expectation(value, field, expected):
    with pytest.raises(BadMix, match=field) as refused:
        read_mix(value)
    assert refused.value.field == field and expected in refused.value.expected


def test_a_degraded_triple_needs_room_beside_those_that_are_rated():
    check_room(QualityMix(degraded=2), questions=12, per_rater=10)
    check_room(QualityMix(degraded=3), questions=12, per_rater=None)
    with pytest.raises(BadMix, match="at most 1"):
        check_room(QualityMix(degraded=2), questions=11, per_rater=10)
    with pytest.raises(BadMix, match="too few"):
        check_room(QualityMix(repeats=1), questions=50, per_rater=4)


@pytest.mark.parametrize(
    ("part", "value", "field"),
    [
        ("quality", {"checks": 99}, "quality.checks"),
        ("quality", {"degraded": 5}, "quality.degraded"),
        ("pay", {"per_rater": 5}, "pay.currency"),
        ("pay", {"currency": "GBP", "hourly_floor": -1}, "pay.hourly_floor"),
    ],
)
def test_a_study_is_refused_with_the_field_of_its_mix_or_pay(db, part, value, field):
    design = StudyDesign(name="x", dataset="d", sources="abc", questions=3, **{part: value})
    with pytest.raises(InvalidInput) as refused:
        check_design(design)
    assert refused.value.details["field"] == field


@given(
    mix=st.builds(QualityMix, checks=counts, degraded=counts, repeats=counts),
    session=st.integers(5, 60),
    seed=counts,
)
def test_items_are_spread_and_never_first(mix, session, seed):
    planned = spread(mix, session=session, random=Random(seed))
    assert Counter(kind for _, kind in planned) == +Counter(
        check=mix.checks, degraded=mix.degraded, repeat=mix.repeats
    )
    afters = [after for after, _ in planned]
    assert afters == sorted(afters) and all(1 <= after <= session for after in afters)
    assert all(after >= EARLIEST_REPEAT for after, kind in planned if kind == "repeat")
    assert planned == spread(mix, session=session, random=Random(seed))


def test_nobody_can_learn_where_the_items_stand():
    mix = QualityMix(checks=1, degraded=2, repeats=1)
    plans = [spread(mix, session=20, random=Random(seed)) for seed in range(400)]
    assert len({tuple(plan) for plan in plans}) > 350
    firsts = Counter(plan[0][0] for plan in plans)
    assert set(firsts) == {1, 2, 3, 4, 5} and max(firsts.values()) < 120
    # One item in each quarter of the session.
    assert all([(after - 1) // 5 for after, _ in plan] == [0, 1, 2, 3] for plan in plans)


def test_a_session_without_a_quota_is_as_long_as_usual_but_never_longer_than_the_study():
    assert session_length(per_rater=10, triples=50) == 10
    assert session_length(per_rater=None, triples=200) == 30
    assert session_length(per_rater=None, triples=12) == 12


def test_pay_adds_up_and_is_told_by_the_hour():
    pay = read_pay({"currency": "GBP", "per_rater": "2.50", "per_rating": 0.1, "hourly_floor": 9})
    assert read_pay(pay.as_json()) == pay
    assert pay.earned(10) == Decimal("3.50")
    # Ten minutes for 3.50 is 21.00 an hour.
    assert pay.hourly(10, 600) == Decimal("21.00") and not pay.is_unfair(pay.hourly(10, 600))
    assert pay.is_unfair(pay.hourly(10, 3600)) and not pay.is_unfair(None)
    assert pay.hourly(10, 0) is None and Pay().hourly(10, 600) is None


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"per_rater": 5}, "currency"),
        ({"currency": "pounds", "per_rater": 5}, "currency"),
        ({"currency": 5}, "currency"),
        ({"currency": "GBP", "per_rater": "5,00"}, "per_rater"),
        ({"currency": "GBP", "per_rating": 1e9}, "per_rating"),
        ({"currency": "GBP", "per_rating": True}, "per_rating"),
        ({"currency": "GBP", "hourly_floor": float("inf")}, "hourly_floor"),
        ({"wage": 5}, "wage"),
    ],
)
def test_bad_pay_names_its_field(value, field):
    with pytest.raises(BadPay) as refused:
        read_pay(value)
    assert refused.value.field == field
