"""Opening: the plan as slots, dealt the same on both databases and for every naming of the sources."""

from __future__ import annotations

import pytest

from ratings.slots.models import Slot
from ratings.slots.opening import _insert, _planned_slots, create_slots
from ratings.studies.models import Study
from ratings.studies.orders import ORDERS
from tests.worlds import SOURCES, make_study


def plan_of(study: Study) -> list[tuple]:
    rows = Slot.objects.filter(study=study).order_by("triple__number", "replicate")
    fields = ("triple__number", "replicate", "order", "random_key", "kind", "state", "priority", "skips")
    return list(rows.values_list(*fields))


def test_every_triple_has_its_slots_and_every_source_its_share_of_places(world):
    study = make_study(questions=20, overlap=6)
    plan = plan_of(study)
    assert [row[:2] for row in plan] == [(n, replicate) for n in range(1, 21) for replicate in range(6)]
    assert {row[4:] for row in plan} == {("normal", "open", 0, 0)}
    assert len({row[3] for row in plan}) == 120
    for number in range(1, 21):
        assert sorted(row[2] for row in plan if row[0] == number) == [0, 1, 2, 3, 4, 5]


@pytest.mark.django_db
def test_copying_and_inserting_make_the_same_rows():
    study = make_study(questions=12, overlap=5)
    copied = plan_of(study)
    Slot.objects.all().delete()
    _insert(study, list(_planned_slots(study)))
    assert plan_of(study) == copied
    Slot.objects.all().delete()
    create_slots(study)
    assert plan_of(study) == copied


@pytest.mark.django_db
def test_the_seed_deals_the_orders_and_the_labels_have_no_part_in_it():
    first = make_study("one", questions=30, overlap=3)
    again = make_study("two", questions=30, overlap=3)
    other = make_study("three", questions=30, overlap=3, seed=1)
    turned = make_study("four", questions=30, overlap=3, sources=(SOURCES[2], SOURCES[0], SOURCES[1]))
    assert plan_of(first) == plan_of(again) != plan_of(other)
    # Source n of the first study is source turn[n] of the turned one: the texts stand where they stood.
    turn = {0: 1, 1: 2, 2: 0}
    shown = [tuple(turn[source] for source in ORDERS[row[2]]) for row in plan_of(first)]
    assert shown == [ORDERS[row[2]] for row in plan_of(turned)]
    # One source does not stand in front more often than a fair deal allows.
    fronts = [ORDERS[row[2]][0] for row in plan_of(first)]
    assert all(fronts.count(source) == 30 for source in range(3))
