"""Who may ask the rater's loop by API, and how often."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.audit import COMMAND
from accounts.models import User
from accounts.tokens import mint_staff_token
from ratings.crowd.raters import revoke_tokens
from ratings.desk import throttle
from ratings.slots.models import Assignment, Flag, RaterToken, Rating
from tests.desk.calls import Program, assert_error, said_by
from tests.worlds import make_raters, make_study, ranking_of

pytestmark = pytest.mark.django_db


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
