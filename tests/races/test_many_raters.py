"""Fifty raters at once over HTTP, with short leases and bad habits: the plan is met, nothing is lost or doubled."""

from __future__ import annotations

import threading
import time

import pytest

from ratings.slots.models import Assignment, Rater, Rating, Slot
from ratings.studies.models import Study
from ratings.studies.orders import position_counts
from tests.races.crowd import Journal, Person
from tests.races.ledger import (
    assert_acknowledged_is_stored,
    assert_counts_of_raters_are_right,
    assert_plan_is_met,
)
from tests.services.site import Site
from tests.worlds import make_dataset, make_raters, make_study

pytestmark = pytest.mark.race

LEASE = 1


def run_crowd(site: Site, study: str, *, raters: int, slots: int, seconds: float) -> Journal:
    """Lets a crowd work until the plan is done. The last rater procrastinates, the two before it vanish."""
    # A slot that many people skip is set aside for the researcher, which is another test's matter.
    Study.objects.filter(name=study).update(max_skips=10_000)
    journal, finished = Journal(), threading.Event()
    people = [
        Person(site.url, study, new.name, new.token, journal, finished, lease_seconds=LEASE)
        for new in make_raters(study, count=raters)
    ]
    people[-1].procrastinates = True
    people[-2].vanishes_after, people[-3].vanishes_after = 0, 2
    threads = [threading.Thread(target=person.work, daemon=True) for person in people]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    rated = Slot.objects.filter(study__name=study, state="rated")
    while rated.count() < slots and time.monotonic() < deadline and not journal.complaints:
        time.sleep(0.2)
    finished.set()
    for thread in threads:
        thread.join(30)
    assert journal.complaints == []
    return journal


def assert_all_is_well(journal: Journal, study: str, *, slots: int) -> None:
    assert_plan_is_met(study, slots=slots)
    assert_acknowledged_is_stored(journal.acknowledged)
    assert_counts_of_raters_are_right(study)
    promised = {promise.rating for promise in journal.acknowledged}
    stored = Rating.objects.filter(study__name=study, skipped=False)
    assert stored.count() == len(promised)
    # The race was one: people came late, left, skipped and sent twice, and slots went from hand to hand.
    assert journal.events["dawdled"] and journal.events["vanished"] == 2
    assert journal.statuses["skip", 201] and journal.statuses["repeat", 200]
    assert Assignment.objects.filter(slot__study__name=study, state="expired").count() >= 1
    assert stored.filter(surplus=True).count() >= 1


@pytest.mark.parametrize(("questions", "overlap"), [(100, 5), pytest.param(167, 3, marks=pytest.mark.slow)])
def test_fifty_raters_meet_the_plan_of_five_hundred_slots_exactly(module_site, questions, overlap):
    study, slots = f"crowd-{overlap}", questions * overlap
    make_dataset(study, questions=questions)
    make_study(study, dataset=study, questions=questions, overlap=overlap, lease_seconds=LEASE)
    journal = run_crowd(module_site, study, raters=50, slots=slots, seconds=60)
    assert_all_is_well(journal, study, slots=slots)
    assert "Traceback" not in module_site.log


def test_twenty_raters_who_empty_a_pool_see_every_source_equally_often_everywhere(module_site):
    make_dataset("balance", questions=78)
    make_study("balance", dataset="balance", questions=78, overlap=3, per_rater=12)
    journal, finished = Journal(), threading.Event()
    people = [
        Person(
            module_site.url,
            "balance",
            new.name,
            new.token,
            journal,
            finished,
            lease_seconds=600,
            dawdles=0,
            skips=0,
        )
        for new in make_raters("balance", count=20)
    ]
    threads = [threading.Thread(target=person.work, daemon=True) for person in people]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 40
    while len({promise.rating for promise in journal.acknowledged}) < 234 and time.monotonic() < deadline:
        time.sleep(0.1)
    finished.set()
    for thread in threads:
        thread.join(30)
    assert journal.complaints == []
    assert_plan_is_met("balance", slots=234)
    full = 0
    for rater in Rater.objects.filter(study__name="balance"):
        counts = position_counts(rater.orders_seen)
        assert all(abs(count - rater.done / 3) <= 1 for row in counts for count in row), rater.name
        full += rater.done == 12
    assert full >= 10


@pytest.mark.slow
def test_eight_raters_meet_the_plan_on_sqlite(sqlite_site):
    make_study("embedded", questions=80, overlap=3, lease_seconds=LEASE)
    journal = run_crowd(sqlite_site, "embedded", raters=8, slots=240, seconds=60)
    assert_all_is_well(journal, "embedded", slots=240)
    assert "Traceback" not in sqlite_site.log
