"""The rater's loop by API, as CONTRACT.md's table promises it, row by row; and what bad input gets."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.audit import COMMAND
from accounts.models import User
from accounts.tokens import mint_staff_token
from ratings.crowd.raters import revoke_tokens
from ratings.desk import throttle
from ratings.slots.models import Assignment, Flag, RaterToken, Rating, Slot
from ratings.slots.opening import open_study
from ratings.studies.models import Triple
from ratings.studies.rendering import render_triple
from ratings.studies.services import close_study, pause_study
from tests.desk.calls import Program, cards_of, said_by
from tests.worlds import make_raters, make_study, ranking_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def rater() -> Program:
    make_study(questions=5)
    return Program(make_raters(count=1)[0].token)


@pytest.fixture
def other(rater: Program) -> Program:
    return Program(make_raters(count=1, name="other")[0].token)


def assert_error(answer: tuple[int, Any], status: int, code: str) -> dict[str, Any]:
    """One shape for every error; returns its details."""
    assert answer[0] == status, answer
    body = answer[1]
    assert set(body) == {"code", "message", "details"}
    assert body["code"] == code and body["message"] and isinstance(body["details"], dict)
    details: dict[str, Any] = body["details"]
    return details


def let_leases_lapse() -> None:
    past = timezone.now() - timedelta(hours=1)
    Slot.objects.filter(state="held").update(lease_expires_at=past)
    Assignment.objects.filter(state="held").update(lease_expires_at=past)


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


# ------------------------------------------------------------------------------------------------ who may ask


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic abc", "scr_" + "0" * 48, "Token " + "0" * 48]
)
def test_no_token_is_401(rater, header):
    headers = {} if header is None else {"Authorization": header}
    response = rater.client.post("/api/v1/studies/trial/assignments/", headers=headers)
    assert_error(said_by(response), 401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


def all_calls(view: dict[str, Any]) -> list[tuple[str, str, Any]]:
    token = view["token"]
    return [
        ("POST", "studies/trial/assignments/", {}),
        ("POST", f"assignments/{token}/rating/", ranking_of(view)),
        ("POST", f"assignments/{token}/renew/", {}),
        ("PUT", f"assignments/{token}/draft/", {}),
        ("POST", f"assignments/{token}/skip/", {}),
        ("POST", f"assignments/{token}/flag/", {"reason": "odd"}),
        ("POST", f"ratings/{'0' * 32}/revisions/", {}),
        ("GET", "ratings/?mine=1", {}),
    ]


def test_forged_expired_and_revoked_tokens_are_401_on_every_call(rater, other):
    view = rater.claim()
    expired, revoked = make_raters(count=2, name="gone")
    RaterToken.objects.filter(rater__name="gone-1").update(expires_at=timezone.now() - timedelta(seconds=1))
    revoke_tokens("trial", "gone-2", actor=COMMAND)
    forged = ["scr_" + "0" * 48, "scr_", rater.token[:-1], rater.token.upper(), rater.token + "0"]
    for token in (expired.token, revoked.token, *forged):
        for method, path, body in all_calls(view):
            answer = said_by(Program(token).send(method, path, json.dumps(body)))
            assert_error(answer, 401, "not_authenticated")
    assert Rating.objects.count() == 0 and Flag.objects.count() == 0


def test_a_member_of_the_staff_has_no_business_in_the_loop(rater):
    view = rater.claim()
    owner = User.objects.create_user(username="boss", password="correct horse 7", role="owner")
    program = Program(mint_staff_token(owner, name="loop"))
    for method, path, body in all_calls(view)[:-1]:
        assert said_by(program.send(method, path, json.dumps(body)))[0] in (401, 403)
    assert Rating.objects.count() == 0


def test_a_raters_token_opens_its_own_study_only(rater):
    make_study("second", questions=3)
    for study in ("second", "no-such-study", "trial%00", "TRIAL"):
        assert_error(rater.post(f"studies/{study}/assignments/"), 403, "permission_denied")
    assert Assignment.objects.count() == 0


def test_a_raters_token_opens_nothing_of_the_staff(rater):
    for path in (
        "studies/",
        "studies/trial/",
        "questions/",
        "rationales/",
        "datasets/",
        "people/",
    ):
        assert rater.send("GET", path).status_code in (401, 403, 404)
    # The one address that both use: a rater gets its own ratings there, whatever it asks for.
    assert rater.send("GET", "ratings/?study=trial").json() == {"results": []}


def test_foreign_and_forged_assignments_are_unknown(rater, other):
    view = rater.claim()
    _, rated = rater.rate(view, ranking_of(view))
    held = rated["next"]
    for token in (view["token"], held["token"], "0" * 32, "0", "x" * 500, "%00", "%F0%9F%99%82", "a%0Ab"):
        for method, call, body in (
            ("POST", "rating", ranking_of(held)),
            ("POST", "renew", {}),
            ("PUT", "draft", {}),
            ("POST", "skip", {}),
            ("POST", "flag", {"reason": "odd"}),
        ):
            answer = said_by(other.send(method, f"assignments/{token}/{call}/", json.dumps(body)))
            assert_error(answer, 404, "unknown_assignment")
    for key in (rated["rating"], "0" * 32, "%00", "x" * 500):
        assert_error(other.post(f"ratings/{key}/revisions/", ranking_of(view)), 404, "unknown_rating")
    assert Rating.objects.count() == 1


def test_the_wrong_method_is_405_and_says_which_is_right(rater):
    view = rater.claim()
    for method, path, _ in all_calls(view):
        for wrong in {"GET", "POST", "PUT", "PATCH", "DELETE"} - {method}:
            response = rater.send(wrong, path)
            if path.startswith("ratings/?") and wrong == "POST":
                continue
            assert_error(said_by(response), 405, "method_not_allowed")
            assert method in response["Allow"]
    assert Rating.objects.count() == 0


def test_a_program_that_runs_wild_is_told_when_to_come_back(rater, other, monkeypatch):
    monkeypatch.setattr(throttle, "CALLS_PER_MINUTE", 3)
    for _ in range(3):
        rater.claim()
    response = rater.send("POST", "studies/trial/assignments/")
    assert_error(said_by(response), 429, "throttled")
    assert 1 <= int(response["Retry-After"]) <= 60
    assert other.post("studies/trial/assignments/")[0] == 201  # the limit is the token's


def test_a_token_works_again_and_again_and_its_last_use_is_known(rater):
    rater.claim()
    used = RaterToken.objects.get().last_used_at
    assert used is not None
    rater.claim()
    assert RaterToken.objects.get().last_used_at == used  # written once a minute at most


# -------------------------------------------------------------------------------- renew, draft, skip and flag


def test_renewing_answers_with_the_new_lease(rater, other):
    view = rater.claim()
    let_leases_lapse()
    status, answer = rater.post(f"assignments/{view['token']}/renew/")
    assert (status, set(answer)) == (200, {"lease_expires_at"})
    until = parse_datetime(answer["lease_expires_at"])
    assert until is not None and until > timezone.now() + timedelta(seconds=500)
    assert Slot.objects.get(state="held").lease_expires_at == until


def test_renewing_a_lost_slot_is_409(rater, other):
    Slot.objects.exclude(pk=Slot.objects.order_by("pk").values("pk")[:1]).delete()
    view = rater.claim()
    let_leases_lapse()
    other.claim()
    assert_error(rater.post(f"assignments/{view['token']}/renew/"), 409, "lease_lost")


def test_a_draft_is_put_with_204(rater):
    view = rater.claim()
    body = {"ranking": [[cards_of(view)[0]]], "comment": "half a thought"}
    response = rater.send("PUT", f"assignments/{view['token']}/draft/", json.dumps(body))
    assert (response.status_code, response.content) == (204, b"")
    assert Assignment.objects.get().draft == body


@pytest.mark.parametrize(
    "draft", [{"comment": "x" * 21_000}, {"comment": "a\0b"}, {"a\0": 1}, {"comment": "\ud800"}]
)
def test_a_draft_that_can_not_be_kept_is_422(rater, draft):
    view = rater.claim()
    answer = said_by(rater.send("PUT", f"assignments/{view['token']}/draft/", json.dumps(draft)))
    assert_error(answer, 422, "invalid")
    assert Assignment.objects.get().draft is None


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_json_has_not_are_refused(rater, number):
    view = rater.claim()
    raw = '{"all_bad": true, "active_seconds": ' + number + "}"
    for method, call in (("POST", "rating"), ("PUT", "draft")):
        answer = said_by(rater.send(method, f"assignments/{view['token']}/{call}/", raw))
        assert_error(answer, 400, "malformed_json")
    assert Assignment.objects.get().draft is None and not Rating.objects.exists()


def test_a_skip_is_201_with_the_next_and_once_again_200(rater):
    view = rater.claim()
    status, answer = rater.post(f"assignments/{view['token']}/skip/", {"reason": "unclear"})
    assert status == 201 and answer["next"]["token"] != view["token"]
    status, again = rater.post(f"assignments/{view['token']}/skip/", {"reason": "unclear"})
    assert status == 200 and again["next"]["token"] == answer["next"]["token"]
    row = Rating.objects.get()
    assert (row.skipped, row.skip_reason) == (True, "unclear")


@pytest.mark.parametrize("reason", [5, ["a"], "x" * 201, "a\0b", "\ud800"])
def test_a_skip_with_a_reason_that_can_not_be_kept_is_422(rater, reason):
    view = rater.claim()
    assert_error(rater.post(f"assignments/{view['token']}/skip/", {"reason": reason}), 422, "invalid")
    assert Rating.objects.count() == 0
    assert Assignment.objects.get().state == "held"


def test_a_rated_triple_can_not_be_skipped(rater):
    view = rater.claim()
    rater.rate(view, ranking_of(view))
    assert_error(rater.post(f"assignments/{view['token']}/skip/"), 409, "already_rated")


def test_a_flag_is_201_and_leaves_the_assignment_as_it_is(rater):
    view = rater.claim()
    body = {"reason": "the answer is wrong", "comment": "It should be 7."}
    assert rater.post(f"assignments/{view['token']}/flag/", body)[0] == 201
    flag = Flag.objects.get()
    assert (flag.reason, flag.comment, flag.assignment.state) == (
        "the answer is wrong",
        "It should be 7.",
        "held",
    )
    for reason in (4, "x" * 201):
        assert_error(rater.post(f"assignments/{view['token']}/flag/", {"reason": reason}), 422, "invalid")
    assert Flag.objects.count() == 1
    # CONTRACT.md asks for no body: that it was flagged is worth telling by itself.
    for empty in (None, {}, {"reason": None}, {"reason": "   "}):
        assert rater.post(f"assignments/{view['token']}/flag/", empty)[0] == 201
    assert list(Flag.objects.order_by("pk").values_list("reason", flat=True))[1:] == [""] * 4


# ------------------------------------------------------------------------------------------- mine and revisions


def test_the_last_ten_come_with_their_cards(rater):
    make_study("longer", dataset="longer", questions=12)
    program = Program(make_raters("longer", count=1)[0].token, study="longer")
    said = []
    view = program.claim()
    for _ in range(12):
        said.append((view["token"], cards_of(view)))
        view = program.rate(view, ranking_of(view))[1]["next"]
    results = said_by(program.send("GET", "ratings/?mine=1"))[1]["results"]
    assert [(row["assignment"]["token"], cards_of(row["assignment"])) for row in results] == said[:1:-1]
    for row, (_, cards) in zip(results, said[:1:-1], strict=True):
        assert row["ranking"] == [[card] for card in cards]
        assert row["revision"] == 1 and row["skipped"] is False


def test_mine_are_mine(rater, other):
    view = rater.claim()
    rater.rate(view, ranking_of(view))
    assert said_by(other.send("GET", "ratings/?mine=1")) == (200, {"results": []})


def test_a_revision_is_201_and_the_same_again_200(rater):
    view = rater.claim()
    key = rater.rate(view, ranking_of(view))[1]["rating"]
    changed = {"ranking": [list(reversed(cards_of(view)))]}
    status, answer = rater.post(f"ratings/{key}/revisions/", changed)
    assert (status, answer["rating"]) == (201, key)
    assert rater.post(f"ratings/{key}/revisions/", changed)[0] == 200
    assert list(Rating.objects.order_by("revision").values_list("revision", "current")) == [
        (1, False),
        (2, True),
    ]


def test_a_broken_revision_leaves_the_old_one_current(rater):
    view = rater.claim()
    key = rater.rate(view, ranking_of(view))[1]["rating"]
    assert_error(rater.post(f"ratings/{key}/revisions/", {"ranking": [["x"]]}), 422, "unknown_card")
    assert_error(rater.post(f"ratings/{key}/revisions/", {}), 422, "not_a_ranking")
    assert Rating.objects.get().current


def test_a_skip_has_nothing_to_revise(rater):
    view = rater.claim()
    key = rater.post(f"assignments/{view['token']}/skip/")[1]["rating"]
    assert_error(rater.post(f"ratings/{key}/revisions/", ranking_of(view)), 422, "invalid")


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
