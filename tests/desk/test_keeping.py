"""Drafts come back on reload; leases are lengthened."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from ratings.slots.models import Assignment, Rating, Slot
from tests.desk.reading import read_form

DESK = "/rate/trial/"


def test_a_draft_is_restored_on_reload(rater: Client) -> None:
    form = read_form(rater.get(DESK).content.decode())
    fields = form.fields(2, None, 1, comment="half way", active_seconds="9")
    assert rater.post(f"{DESK}draft/", fields).status_code == 204
    html = rater.get(DESK).content.decode()
    again = read_form(html)
    assert again.token == form.token
    assert again.places == {form.cards[0]: "2", form.cards[2]: "1"}
    assert "half way" in html
    assert 'name="active_seconds" value="9.0"' in html
    assert not Rating.objects.exists()


def test_a_draft_does_not_reach_the_next_triple(rater: Client) -> None:
    form = read_form(rater.get(DESK).content.decode())
    rater.post(f"{DESK}draft/", form.fields(2, None, 1, all_bad="1"))
    rater.post(DESK, form.fields(1, 2, 3))
    following = read_form(rater.get(DESK).content.decode())
    assert following.token != form.token
    assert (following.places, following.all_bad) == ({}, False)


def test_a_draft_of_an_unknown_assignment_is_refused(rater: Client) -> None:
    response = rater.post(f"{DESK}draft/", {"token": "0" * 32})
    assert response.status_code == 404
    assert response.json()["code"] == "unknown_assignment"


def test_a_sign_of_life_lengthens_the_lease(rater: Client) -> None:
    form = read_form(rater.get(DESK).content.decode())
    soon = timezone.now() + timedelta(seconds=5)
    Slot.objects.filter(state="held").update(lease_expires_at=soon)
    assert rater.post(f"{DESK}lease/", {"token": form.token}).status_code == 200
    lease = Slot.objects.get(assignments__token=form.token).lease_expires_at
    assert lease is not None
    assert lease > soon + timedelta(minutes=5)


def test_a_lease_that_somebody_else_has_is_lost(rater: Client) -> None:
    form = read_form(rater.get(DESK).content.decode())
    Slot.objects.filter(state="held").update(state="open", holder=None, lease_expires_at=None)
    Assignment.objects.filter(token=form.token).update(state="expired")
    response = rater.post(f"{DESK}lease/", {"token": form.token})
    assert response.status_code == 409
    assert response.json()["code"] == "lease_lost"
