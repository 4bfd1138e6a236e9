"""Renewing, drafts, skips, flags and revisions by API, as CONTRACT.md's table promises them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from ratings.slots.models import Assignment, Flag, Rating, Slot
from tests.desk.calls import Program, assert_error, cards_of, let_leases_lapse, said_by
from tests.worlds import make_raters, make_study, ranking_of

pytestmark = pytest.mark.django_db


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
