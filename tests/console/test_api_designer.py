"""The designer's calls: whole designs, more overlap, thresholds, power; each up the ladder of bad callers."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from ratings.slots.models import Slot
from ratings.studies.models import Deviation, Study
from tests.console.test_api import Caller
from tests.worlds import SOURCES, make_dataset, make_study

pytestmark = pytest.mark.django_db

NEW = {"name": "trial", "dataset": "sums", "sources": list(SOURCES), "questions": 5}
#: What each call is sent, as (path, body).
CALLS = [
    ("studies/trial/overlap/", {"to": 5, "reason": "more power"}),
    ("studies/trial/thresholds/", {"thresholds": {"fastest": 80}, "reason": "short texts"}),
    ("studies/trial/deviations/", {"reason": "the room was loud"}),
    ("plan/", {"questions": 20, "simulations": 30}),
]


@pytest.fixture
def caller(engineer) -> Caller:
    return Caller(engineer)


@pytest.mark.parametrize(("path", "body"), CALLS)
def test_strangers_raters_and_the_wrong_role_are_refused(path, body, blind_analyst):
    make_study()
    said = json.dumps(body)
    assert Client().post(f"/api/v1/{path}", said, content_type="application/json").status_code == 401
    Caller(blind_analyst).post(path, body, status=403)
    assert not Deviation.objects.exists() and Slot.objects.count() == 36


@pytest.mark.parametrize(("path", "body"), CALLS[:3])
def test_an_unknown_study_and_another_method_are_said(caller, path, body):
    caller.post(path.replace("trial", "none"), body, status=404)
    caller.get(path, status=405)


def test_a_whole_design_comes_back_and_its_bad_parts_are_named(caller):
    make_dataset()
    parts = {
        "preset": "quick",
        "form": {"kind": "best_worst"},
        "journey": {"consent": "I agree."},
        "quality": {"checks": 1},
        "pay": {"currency": "GBP", "per_rater": "6.5"},
        "pools": [{"name": "students", "places": 3}],
        "protocol": {"a": "gamma", "b": "alpha"},
    }
    made = caller.post("studies/", {**NEW, **parts}, status=201)
    assert (made["ratings_per_triple"], made["triples"], made["form"]["kind"]) == (2, 5, "best_worst")
    assert made["protocol"]["a"] == "gamma" and made["protocol_sha256"] is None
    assert made["pools"][0]["name"] == "students" and made["journey"] == {"consent": "I agree."}
    opened = caller.post("studies/trial/open/")
    assert len(opened["protocol_sha256"]) == 64
    for change, field in (
        ({"form": {"kind": "sideways"}}, "form.kind"),
        ({"protocol": {"a": "delta"}}, "protocol.a"),
        ({"pools": [{"name": "two words"}]}, "pools.0.name"),
        ({"pay": {"per_rater": 6}}, "pay.currency"),
        ({"journey": {"colour": 1}}, "journey.colour"),
        ({"split": "prompt"}, "split"),
    ):
        refused = caller.post("studies/", {**NEW, "name": "bad", **change}, status=422)
        assert refused["details"]["field"] == field and refused["details"]["expected"]
    assert Study.objects.count() == 1


def test_a_blind_analyst_reads_no_contrast_and_no_journey(caller, blind_analyst):
    make_study(protocol={"a": "gamma", "b": "alpha"}, journey={"debrief": {"human": ["beta"], "guess": True}})
    seen = Caller(blind_analyst).get("studies/trial/")
    assert not [label for label in SOURCES if label in json.dumps(seen)]
    assert not [label for label in SOURCES if label in json.dumps(caller.get("studies/"))]


def test_overlap_thresholds_and_power_are_answered(caller):
    make_study(overlap=3)
    raised = caller.post("studies/trial/overlap/", {"to": 5, "reason": "more power"})
    assert raised == {"study": "trial", "state": "open", "slots": 24, "ratings_per_triple": 5}
    again = caller.post("studies/trial/overlap/", {"to": 5, "reason": "more power"}, status=422)
    assert again["details"]["field"] == "to"
    changed = caller.post("studies/trial/thresholds/", CALLS[1][1])
    assert changed["quality"]["fastest"] == 80
    answer = caller.post("plan/", {"questions": 20, "simulations": 30, "curve": True})
    assert 0 <= answer["power"]["power"] <= 1 and len(answer["curve"]) == 5
    assert caller.post("plan/", {"questons": 20}, status=422)["details"]["field"] == "questons"
    refused = caller.post("plan/", {"win_rate": 2}, status=422)
    assert refused["details"]["field"] == "win_rate"
    noted = caller.post("studies/trial/deviations/", {"reason": " the room was loud "}, status=201)
    assert (noted["code"], noted["reason"]) == ("other", "the room was loud")
    assert (
        caller.post("studies/trial/deviations/", {"reason": "a" * 2_001}, status=422)["details"]["field"]
        == "reason"
    )
    assert [one.by for one in Deviation.objects.all()] == ["engineer"] * 3
    told = caller.get("studies/trial/")["deviations"]
    assert [one["code"] for one in told] == ["overlap_raised", "thresholds_changed", "other"]
