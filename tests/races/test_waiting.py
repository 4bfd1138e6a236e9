"""On PostgreSQL: who waits for whom, who must not, and what a lost connection costs."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from ratings.slots.models import Assignment, Slot
from ratings.studies.selectors import get_locked_study
from tests.races.crowd import Wire, all_at_once
from tests.races.moves import end_all_connections, first_view, let_leases_lapse, submit
from tests.services.site import Site
from tests.worlds import ranking_of

pytestmark = pytest.mark.race


def swap_slots(study: str) -> None:
    """What two claims of lapsed slots would leave behind: each of two raters holds the slot that the other lost."""
    first, second = Assignment.objects.filter(slot__study__name=study).order_by("pk")
    Assignment.objects.filter(pk__in=[first.pk, second.pk]).update(state="expired")
    until = timezone.now() + timedelta(minutes=10)
    for lost, taker in ((first, second.rater), (second, first.rater)):
        Slot.objects.filter(pk=lost.slot_id).update(holder=taker, lease_expires_at=until)
        Assignment.objects.create(
            token=f"{lost.pk:032x}",
            slot_id=lost.slot_id,
            rater=taker,
            triple_id=lost.triple_id,
            order=0,
            lease_expires_at=until,
        )


def test_raters_who_come_late_for_each_others_slots_do_not_wait_for_ever(module_site, arena):
    # A late rating locks the slot that was lost, then looks after the slot that is held: two of them make a ring.
    for _ in range(12):
        study, [one, other] = arena(raters=2, questions=2, overlap=1)
        views = [first_view(module_site, study, rater.token) for rater in (one, other)]
        let_leases_lapse(study)
        swap_slots(study)
        calls = [
            partial(submit, module_site, rater.token, view, ranking_of(view))
            for rater, view in zip((one, other), views, strict=True)
        ]
        answers = all_at_once(*calls)
        assert [(status, answer["surplus"]) for status, answer in answers] == [(201, True), (201, True)]
        assert all(answer["next"] is not None for _, answer in answers)


def test_raters_do_not_wait_for_a_long_import_into_their_study(module_site, arena):
    study, [rater] = arena(raters=1, questions=3)
    wire = Wire(module_site.url, rater.token, timeout=5)
    with transaction.atomic():
        get_locked_study(study)  # as an import does for as long as it runs
        view = first_view(module_site, study, rater.token)
        status, _ = wire.post(f"assignments/{view['token']}/rating/", ranking_of(view))
    assert status == 201


def test_connections_that_died_while_idle_fail_no_request(module_site: Site, arena):
    study, raters = arena(raters=10, questions=40)
    wires = [Wire(module_site.url, rater.token) for rater in raters]
    views = [first_view(module_site, study, rater.token) for rater in raters]
    for _ in range(3):
        assert end_all_connections() >= 1
        time.sleep(0.2)
        for place, wire in enumerate(wires):
            status, answer = wire.post(
                f"assignments/{views[place]['token']}/rating/", ranking_of(views[place])
            )
            assert status == 201 and answer is not None, answer
            views[place] = answer["next"]
