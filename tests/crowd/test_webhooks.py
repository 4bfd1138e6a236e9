"""Prolific's webhooks and entry links over HTTP: signed, fresh, followed once; refusals are seen by researchers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.audit import COMMAND
from ratings.crowd.arrivals import Arrival
from ratings.crowd.models import PanelEntry, PanelEvent
from ratings.crowd.panels import PanelDesign, create_panel, enter
from ratings.slots import services
from ratings.slots.models import Slot
from tests.worlds import make_study

pytestmark = pytest.mark.django_db

SECRET = "webhook secret of a workspace"  # noqa: S105
URL = "/webhooks/prolific/"


@pytest.fixture(autouse=True)
def secret(settings):
    settings.PROLIFIC_WEBHOOK_SECRET = SECRET


@pytest.fixture
def held():
    """A submission whose rater holds a slot."""
    make_study(questions=3)
    panel = create_panel("trial", PanelDesign(), actor=COMMAND)
    _, token = enter(panel, Arrival(session="s1", person="p1"))
    assert services.next_assignment(token).view is not None
    return PanelEntry.objects.get()


def post(
    status: str = "RETURNED",
    *,
    sent: float | None = None,
    secret: str = SECRET,
    event: str = "e1",
    happened: str | None = None,
    **changes,
):
    """A delivery, signed as the documentation says, by an independent hand."""
    body = {
        "resource_id": "s1",
        "event_type": "submission.status.change",
        "participant_id": "p1",
        "status": status,
    }
    text = json.dumps(body | changes)
    stamp = str(int(time.time() if sent is None else sent))
    digest = hmac.new(secret.encode(), str.encode(stamp + text), hashlib.sha256).digest()
    return Client().post(
        URL,
        text,
        content_type="application/json",
        headers={
            "X-Prolific-Request-Signature": base64.b64encode(digest).decode(),
            "X-Prolific-Request-Timestamp": stamp,
            "X-Event-ID": event,
            "X-Timestamp": timezone.now().isoformat() if happened is None else happened,
        },
    )


def test_returned_frees_the_slot_once(held):
    assert post().status_code == 200
    assert not Slot.objects.filter(state="held").exists()
    held.refresh_from_db()
    assert held.status == "returned"
    again = post("ACTIVE")
    assert again.status_code == 200 and again.json()["duplicate"]
    held.refresh_from_db()
    assert held.status == "returned" and PanelEvent.objects.count() == 1


def test_a_recording_under_another_id_is_known_and_a_moment_ahead_blocks_nothing(held):
    sent = time.time()
    for event, duplicate in (("e1", False), ("e2", True), ("", True)):
        assert post("ACTIVE", sent=sent, event=event, happened="4102444800").json()["duplicate"] is duplicate
    assert "not followed" not in post("AWAITING REVIEW", sent=sent + 2, event="e3").json()["message"]
    held.refresh_from_db()
    assert held.status == "awaiting_review" and held.status_at < timezone.now() + timedelta(seconds=4)


def test_two_words_of_one_second_are_both_followed_and_none_leads_backwards(held):
    sent = time.time()
    for event, word in enumerate(("TIMED-OUT", "RETURNED")):
        assert "not followed" not in post(word, sent=sent, event=str(event), happened="").json()["message"]
    assert "not followed" in post("ACTIVE", sent=sent, event="late", happened="").json()["message"]
    held.refresh_from_db()
    assert held.status == "returned"


def test_another_panels_equal_id_is_none_of_prolifics(held):
    PanelEntry.objects.filter(pk=held.pk).delete()
    sona = create_panel("trial", PanelDesign(name="sona", provider="generic"), actor=COMMAND)
    enter(sona, Arrival(session="s1"))
    assert post().json()["message"].endswith("not one of ours")
    assert PanelEntry.objects.get().status == "active"


def test_a_wrong_signature_is_refused_and_seen(held):
    for response in (post(secret="another"), Client().post(URL, "{}", content_type="application/json")):
        assert response.status_code == 401 and response.json()["code"] == "bad_signature"
    held.refresh_from_db()
    assert held.status == "active" and Slot.objects.filter(state="held").exists()
    assert PanelEvent.objects.filter(accepted=False, message__contains="signature").count() == 2


@pytest.mark.parametrize("age", [3600, -3600])
def test_an_old_or_future_time_stamp_is_refused_and_seen(held, age):
    response = post(sent=time.time() - age)
    assert response.status_code == 401 and response.json()["code"] == "stale_request"
    assert Slot.objects.filter(state="held").exists()
    assert PanelEvent.objects.filter(accepted=False, message__contains="time stamp").count() == 1


def test_submissions_of_others_and_other_events_are_taken_and_nothing_follows(held):
    assert post(resource_id="stranger", event="e2").json()["message"].endswith("not one of ours")
    assert post(event_type="study.status.change", event="e3").status_code == 200
    assert post("SINGING", event="e4").status_code == 200
    held.refresh_from_db()
    assert held.status == "active"


def test_a_body_that_is_none(held):
    stamp = str(int(time.time()))
    for text in ("[]", "{", '{"event_type": 1}', "[" * 5_000):
        digest = hmac.new(SECRET.encode(), str.encode(stamp + text), hashlib.sha256).digest()
        signed = {
            "X-Prolific-Request-Signature": base64.b64encode(digest).decode(),
            "X-Prolific-Request-Timestamp": stamp,
        }
        assert Client().post(URL, text, content_type="application/json", headers=signed).status_code == 422
    large = Client().post(URL, "x" * 200_000, content_type="application/json")
    assert large.status_code == 413
    assert Client().get(URL).status_code == 405


def test_without_a_secret_nothing_is_believed(held, settings):
    settings.PROLIFIC_WEBHOOK_SECRET = ""
    assert post(secret="").status_code == 400


def test_a_link_opens_a_button_and_the_button_the_desk():
    make_study(questions=3)
    create_panel("trial", PanelDesign(), actor=COMMAND)
    client = Client()
    address = "/p/trial/prolific/?PROLIFIC_PID=p1&STUDY_ID=x&SESSION_ID=s1"
    page = client.get(address)
    assert page.status_code == 200 and not PanelEntry.objects.exists()
    assert page.headers["Cache-Control"] == "no-store, private"
    entered = client.post(address)
    assert entered.status_code == 303 and entered.headers["Location"] == "/rate/trial/"
    assert client.get("/rate/trial/").status_code == 200
    assert Client().post(address).status_code == 303 and PanelEntry.objects.count() == 1
    assert client.get("/p/trial/?PROLIFIC_PID=p1&STUDY_ID=x&SESSION_ID=s1").status_code == 200


@pytest.mark.parametrize("query", ["", "?SESSION_ID=", "?SESSION_ID={{%SESSION_ID%}}"])
def test_a_link_without_an_id_is_answered_and_seen(query):
    make_study(questions=3)
    create_panel("trial", PanelDesign(), actor=COMMAND)
    page = Client().get(f"/p/trial/prolific/{query}")
    assert page.status_code == 422 and b"SESSION_ID" in page.content
    event = PanelEvent.objects.get()
    assert event.kind == "entry" and not event.accepted and event.panel is not None


def test_refusals_are_kept_by_the_thousand_only(monkeypatch):
    from ratings.crowd import panels

    monkeypatch.setattr(panels, "KEPT_REFUSALS", 5)
    for _ in range(9):
        post(secret="another")
    assert PanelEvent.objects.count() == 5


def test_the_researchers_page_shows_links_statuses_and_refusals(client, owner, held):
    post(secret="another")
    post("AWAITING REVIEW")
    client.force_login(owner)
    page = client.get("/studies/trial/panels/").content.decode()
    for words in ("SESSION_ID={{%SESSION_ID%}}", "Awaiting review", "signature"):
        assert words in page
    made = client.post(
        "/studies/trial/panels/", {"name": "second", "provider": "generic", "code_completed": "C9"}
    )
    assert made.status_code == 303
    refused = client.post("/studies/trial/panels/", {"name": "second", "provider": "generic"})
    assert refused.status_code == 422
    assert client.post("/studies/trial/panels/erase/").status_code == 303
    assert PanelEntry.objects.filter(person="p1").count() == 0
