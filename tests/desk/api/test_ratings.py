"""The rater's loop by API, as CONTRACT.md's table promises it, row by row; and what bad input gets."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.audit import COMMAND
from ratings.slots.models import Assignment, Flag, Rating, Slot
from ratings.slots.opening import open_study
from ratings.studies.models import Triple
from ratings.studies.rendering import render_triple
from ratings.studies.services import close_study, pause_study
from tests.desk.calls import assert_error, cards_of, let_leases_lapse, said_by
from tests.worlds import ranking_of

pytestmark = pytest.mark.django_db


# ------------------------------------------------------------------------------------------------ assignments


def test_an_assignment_has_the_fields_of_the_contract(rater):
    status, view = rater.post("studies/trial/assignments/")
    assert status == 201
    assert set(view) == {"token", "lease_expires_at", "question", "cards", "form", "progress"}
    assert set(view["question"]) == {"html", "choices", "answer"}
    assert len(view["cards"]) == 3
    for card in view["cards"]:
        assert set(card) == {"token", "html", "steps"}
        assert card["steps"] and all(set(step) == {"token", "html"} for step in card["steps"])
    assert view["progress"] == {"done": 0, "quota": None}
    until = parse_datetime(view["lease_expires_at"])
    assert until is not None and timezone.now() < until <= timezone.now() + timedelta(seconds=600)
    names = [view["token"], *cards_of(view), *(s["token"] for card in view["cards"] for s in card["steps"])]
    assert len(set(names)) == len(names)


def test_the_held_assignment_comes_again_with_200(rater):
    view = rater.claim()
    status, again = rater.post("studies/trial/assignments/")
    assert status == 200
    assert {**again, "lease_expires_at": ""} == {**view, "lease_expires_at": ""}
    assert Assignment.objects.count() == 1


def test_204_without_a_body_when_nothing_is_left(rater, other):
    Slot.objects.exclude(pk=Slot.objects.order_by("pk").values("pk")[:1]).delete()
    rater.claim()
    response = other.send("POST", "studies/trial/assignments/")
    assert (response.status_code, response.content) == (204, b"")


def test_a_draft_or_paused_study_hands_out_nothing(rater):
    pause_study("trial", actor=COMMAND)
    assert_error(rater.post("studies/trial/assignments/"), 409, "study_not_open")
    assert Assignment.objects.count() == 0
    open_study("trial", actor=COMMAND)
    assert rater.post("studies/trial/assignments/")[0] == 201


def test_a_closed_study_answers_410_everywhere(rater):
    view = rater.claim()
    _, rated = rater.rate(view, ranking_of(view))
    held = rated["next"]
    close_study("trial", actor=COMMAND)
    for path, body in (
        ("studies/trial/assignments/", {}),
        (f"assignments/{held['token']}/rating/", ranking_of(held)),
        (f"assignments/{held['token']}/skip/", {}),
        (f"assignments/{held['token']}/renew/", {}),
        (f"assignments/{held['token']}/flag/", {"reason": "odd"}),
        (f"ratings/{rated['rating']}/revisions/", {"ranking": [], "all_bad": True}),
    ):
        assert_error(rater.post(path, body), 410, "study_closed")
    assert Rating.objects.count() == 1 and Flag.objects.count() == 0


# ---------------------------------------------------------------------------------------------------- ratings


def test_a_rating_is_answered_with_the_next_assignment(rater):
    view = rater.claim()
    status, answer = rater.rate(view, ranking_of(view))
    assert status == 201
    assert set(answer) == {"rating", "surplus", "next"} and answer["surplus"] is False
    assert answer["next"]["token"] != view["token"]
    assert answer["next"]["progress"] == {"done": 1, "quota": None}
    assert rater.claim()["token"] == answer["next"]["token"]


def test_a_whole_judgement_is_stored_as_it_was_said(rater):
    view = rater.claim()
    first, second, third = view["cards"]
    body = {
        "ranking": [[second["token"]], [first["token"], third["token"]]],
        "all_bad": False,
        "first_wrong_step": {third["token"]: third["steps"][-1]["token"]},
        "reasons": {first["token"]: ["wrong_step", "hard_to_follow"]},
        "confidence": 2,
        "comment": "Zürich — „quoted“ 🙂",
        "active_seconds": 12.25,
    }
    assert rater.rate(view, body)[0] == 201
    row = Rating.objects.get()
    assert (row.confidence, row.comment, row.active_seconds) == (2, "Zürich — „quoted“ 🙂", 12.25)
    assert list(row.first_wrong_step.values()) == [len(third["steps"]) - 1]
    assert list(row.reasons.values()) == [["hard_to_follow", "wrong_step"]]
    [mine] = said_by(rater.send("GET", "ratings/?mine=1"))[1]["results"]
    assert mine["first_wrong_step"] == body["first_wrong_step"]
    assert mine["ranking"] == [[second["token"]], sorted([first["token"], third["token"]])]


@pytest.mark.parametrize("extra", [{}, {"ranking": []}, {"ranking": None}])
def test_all_bad_needs_no_ranking(rater, extra):
    view = rater.claim()
    assert rater.rate(view, {"all_bad": True, **extra})[0] == 201
    assert Rating.objects.get().all_bad


def test_the_same_body_again_is_200_and_another_is_409(rater):
    view = rater.claim()
    status, first = rater.rate(view, {**ranking_of(view), "active_seconds": 3})
    status, again = rater.rate(view, {**ranking_of(view), "active_seconds": 8})
    assert status == 200
    assert (again["rating"], again["surplus"]) == (first["rating"], False)
    assert again["next"]["token"] == first["next"]["token"]
    details = assert_error(rater.rate(view, {"all_bad": True}), 409, "already_rated")
    assert details["rating"] == first["rating"]
    assert Rating.objects.count() == 1


def test_while_paused_a_held_assignment_is_accepted_and_nothing_follows(rater):
    view = rater.claim()
    pause_study("trial", actor=COMMAND)
    status, answer = rater.rate(view, ranking_of(view))
    assert (status, answer["next"]) == (201, None)
    status, again = rater.rate(view, ranking_of(view))
    assert (status, again["next"]) == (200, None)


def test_a_late_rating_counts_while_its_slot_is_free_and_is_surplus_when_it_was_taken(rater, other):
    Slot.objects.exclude(pk=Slot.objects.order_by("pk").values("pk")[:1]).delete()
    view = rater.claim()
    let_leases_lapse()
    taken = other.claim()
    status, answer = rater.rate(view, ranking_of(view))
    assert (status, answer["surplus"]) == (201, True)
    status, answer = other.rate(taken, ranking_of(taken))
    assert (status, answer["surplus"]) == (201, False)


def test_a_late_rating_of_a_slot_that_nobody_took_counts(rater):
    view = rater.claim()
    let_leases_lapse()
    status, answer = rater.rate(view, ranking_of(view))
    assert (status, answer["surplus"]) == (201, False)


def broken_rankings(view: dict[str, Any]) -> dict[str, tuple[Any, str]]:
    one, two, three = cards_of(view)
    return {
        "missing": ({}, "not_a_ranking"),
        "null": ({"ranking": None}, "not_a_ranking"),
        "empty": ({"ranking": []}, "not_a_ranking"),
        "empty group": ({"ranking": [[one], []]}, "not_a_ranking"),
        "flat": ({"ranking": [one, two, three]}, "not_a_ranking"),
        "text": ({"ranking": one}, "not_a_ranking"),
        "number": ({"ranking": 3}, "not_a_ranking"),
        "object": ({"ranking": {one: 1}}, "not_a_ranking"),
        "twice": ({"ranking": [[one], [two, one]]}, "not_a_ranking"),
        "unknown card": ({"ranking": [[one], ["f" * 18]]}, "unknown_card"),
        "numbers for cards": ({"ranking": [[1], [2], [3]]}, "unknown_card"),
        "a list for a card": ({"ranking": [[[one]]]}, "unknown_card"),
        "null for a card": ({"ranking": [[None]]}, "unknown_card"),
        "unhashable": ({"ranking": [[{"a": 1}]]}, "unknown_card"),
        "assignment for card": ({"ranking": [[view["token"]]]}, "unknown_card"),
        "all_bad": ({"ranking": [[one]], "all_bad": "yes"}, "invalid"),
        "all_bad number": ({"ranking": [[one]], "all_bad": 1}, "invalid"),
        "confidence": ({"ranking": [[one]], "confidence": 4}, "invalid"),
        "confidence bool": ({"ranking": [[one]], "confidence": True}, "invalid"),
        "confidence endless": ({"ranking": [[one]], "confidence": 10**400}, "invalid"),
        "comment": ({"ranking": [[one]], "comment": ["no"]}, "invalid"),
        "comment NUL": ({"ranking": [[one]], "comment": "a\0b"}, "invalid"),
        "comment surrogate": ({"ranking": [[one]], "comment": "\ud800"}, "invalid"),
        "comment long": ({"ranking": [[one]], "comment": "x" * 5_001}, "invalid"),
        "seconds negative": ({"ranking": [[one]], "active_seconds": -1}, "invalid"),
        "seconds endless": ({"ranking": [[one]], "active_seconds": 10**400}, "invalid"),
        "seconds text": ({"ranking": [[one]], "active_seconds": "3"}, "invalid"),
        "reasons list": ({"ranking": [[one]], "reasons": ["wrong_step"]}, "invalid"),
        "reasons text": ({"ranking": [[one]], "reasons": {one: "wrong_step"}}, "invalid"),
        "reasons prose": ({"ranking": [[one]], "reasons": {one: ["It is unclear!"]}}, "invalid"),
        "reasons many": ({"ranking": [[one]], "reasons": {one: ["wrong_step"] * 21}}, "invalid"),
        "reasons unknown": ({"ranking": [[one]], "reasons": {one: ["unclear"]}}, "invalid"),
        "reasons no code": ({"ranking": [[one]], "reasons": {one: [{"code": 1}]}}, "invalid"),
        "reasons card": ({"ranking": [[one]], "reasons": {"x": ["wrong_step"]}}, "unknown_card"),
        "steps list": ({"ranking": [[one]], "first_wrong_step": [1]}, "invalid"),
        "steps number": ({"ranking": [[one]], "first_wrong_step": {one: 0}}, "unknown_step"),
        "steps of another card": (
            {"ranking": [[one]], "first_wrong_step": {one: view["cards"][1]["steps"][0]["token"]}},
            "unknown_step",
        ),
        "steps card": ({"ranking": [[one]], "first_wrong_step": {"x": "y"}}, "unknown_card"),
    }


def test_what_is_no_rating_gets_422_and_stores_nothing(rater):
    view = rater.claim()
    for name, (body, code) in broken_rankings(view).items():
        answer = rater.rate(view, body)
        assert answer[0] == 422, (name, answer)
        details = assert_error(answer, 422, code)
        assert {"field", "value", "expected"} <= set(details), name
    assert Rating.objects.count() == 0
    assert Assignment.objects.get().state == "held"
    assert rater.rate(view, ranking_of(view))[0] == 201


def test_what_is_no_body_gets_400_or_422_and_never_a_stack(rater):
    view = rater.claim()
    path = f"assignments/{view['token']}/rating/"
    for raw in (b"{", b"\xff\xfe{}", b"nonsense", b'{"a":1', b'{"confidence": ' + b"9" * 5_000 + b"}", b"\0"):
        assert_error(said_by(rater.send("POST", path, raw)), 400, "malformed_json")
    for raw in (b"[]", b'"text"', b"3", b"null", b"true"):
        assert_error(said_by(rater.send("POST", path, raw)), 422, "invalid")
    for raw in (b"", b"{}"):
        assert_error(said_by(rater.send("POST", path, raw)), 422, "not_a_ranking")
    assert Rating.objects.count() == 0


def test_deep_nesting_is_refused_at_any_depth(rater):
    view = rater.claim()
    for depth in (21, 100, 300, *range(850, 1_010, 4), 5_000, 16_000):
        raw = '{"ranking": ' + "[" * depth + "]" * depth + "}"
        for method, path in (("POST", "rating"), ("PUT", "draft")):
            answer = said_by(rater.send(method, f"assignments/{view['token']}/{path}/", raw))
            assert_error(answer, 400, "malformed_json")
    assert Rating.objects.count() == 0


def test_a_body_that_is_too_large_gets_413(rater):
    view = rater.claim()
    raw = json.dumps({**ranking_of(view), "comment": "x" * 2_000_000})
    assert_error(
        said_by(rater.send("POST", f"assignments/{view['token']}/rating/", raw)), 413, "body_too_large"
    )
    assert Rating.objects.count() == 0


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_json_is_read_whatever_it_is_called(rater, content_type):
    view = rater.claim()
    raw = json.dumps(ranking_of(view))
    response = rater.send(
        "POST", f"assignments/{view['token']}/rating/", raw, content_type=content_type or "x/y"
    )
    assert response.status_code == 201


# ------------------------------------------------------------------------------------------------- what is shown


def test_html_in_questions_and_rationales_reaches_nobody_as_html(rater):
    evil = '<script>alert(1)</script><img src=x onerror=y><a href="http://x.example">x</a><b id=z class=w>3*4*5</b>'
    Triple.objects.update(
        content=render_triple(
            question=evil,
            choices=[{"label": "A", "text": evil}],
            answer="A",
            rationales=[evil, f"![i](http://x.example/p.png) [l](javascript:q) {evil}", evil],
        )
    )
    view = rater.claim()
    shown = [view["question"]["html"], *(choice["html"] for choice in view["question"]["choices"])]
    for card in view["cards"]:
        shown += [card["html"], *(step["html"] for step in card["steps"])]
    for html in shown:
        assert set(html.replace("</p>", "<p>").split("<")[1:]) or "&lt;script&gt;" in html
        for tag in html.split("<")[1:]:
            assert tag.partition(">")[0] in ("p", "/p", "br"), html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in view["question"]["html"]
    assert any("3*4*5" in html for html in shown)


def test_answers_are_never_cached(rater):
    response = rater.send("POST", "studies/trial/assignments/")
    assert response["Cache-Control"] == "no-store"
    assert response["Content-Type"] == "application/json"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert not response.cookies
