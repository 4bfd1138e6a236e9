"""The staff's calls about studies, raters and ratings."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from accounts.tokens import mint_staff_token
from ratings.slots import services
from ratings.slots.models import Rater
from ratings.studies.models import Study
from tests.worlds import SOURCES, make_dataset, make_raters, make_study, ranking_of

pytestmark = pytest.mark.django_db


class Caller:
    """A program with somebody's token."""

    def __init__(self, user: User) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {mint_staff_token(user, name='test')}"})

    def get(self, path: str, status: int = 200, **query: str) -> dict:
        response = self.client.get(f"/api/v1/{path}", query)
        assert response.status_code == status, response.content
        return response.json()

    def post(self, path: str, body: dict | None = None, status: int = 200) -> dict:
        response = self.client.post(
            f"/api/v1/{path}", json.dumps(body or {}), content_type="application/json"
        )
        assert response.status_code == status, response.content
        return response.json()


@pytest.fixture
def caller(engineer: User) -> Caller:
    return Caller(engineer)


NEW = {"name": "trial", "dataset": "sums", "sources": list(SOURCES), "questions": 5}


def test_a_study_is_made_opened_paused_resumed_and_closed_by_calls(caller, engineer):
    make_dataset()
    made = caller.post("studies/", NEW, status=201)
    assert (made["study"], made["state"], made["triples"], made["sources"]) == (
        "trial",
        "draft",
        5,
        list(SOURCES),
    )
    for act, state in (("open", "open"), ("pause", "paused"), ("open", "open"), ("close", "closed")):
        assert caller.post(f"studies/trial/{act}/")["state"] == state
    assert caller.get("studies/trial/")["results_visible"] is True
    acts = list(
        AuditEvent.objects.filter(subject="trial").order_by("id").values_list("act", "actor__username")
    )
    assert [act for act, _ in acts] == [
        "study.create",
        "study.open",
        "study.pause",
        "study.open",
        "study.close",
    ]
    assert {who for _, who in acts} == {engineer.username}


def test_a_draft_is_put_anew_and_deleted_by_calls(caller):
    make_dataset()
    caller.post("studies/", NEW, status=201)
    address = "/api/v1/studies/trial/"

    def put(**changes: object) -> tuple[int, dict]:
        body = json.dumps({**NEW, **changes})
        answer = caller.client.put(address, body, content_type="application/json")
        return answer.status_code, answer.json()

    status, drawn = put(questions=4, journey={"consent": "I agree."})
    assert (status, drawn["triples"], drawn["state"]) == (200, 4, "draft")
    assert put(questions=400)[0] == 422 and caller.get("studies/trial/")["triples"] == 4
    caller.post("studies/trial/raters/", {"name": "panel"}, status=201)
    assert (put()[0], put()[1]["code"]) == (409, "draft_in_use")
    assert caller.client.delete(address).json()["details"]["used_by"] == {"raters": 1}
    Rater.objects.all().delete()
    assert caller.client.delete(address).status_code == 204
    caller.get("studies/trial/", status=404)
    assert caller.client.delete(address).status_code == 404
    caller.post("studies/", NEW, status=201)
    caller.post("studies/trial/open/")
    assert (put()[1]["code"], caller.client.delete(address).json()["code"]) == ("wrong_state", "wrong_state")
    acts = AuditEvent.objects.filter(subject="trial").order_by("id").values_list("act", flat=True)
    assert list(acts)[:3] == ["study.create", "study.edit", "rater.create"] and "study.delete" in acts


def test_an_act_in_the_wrong_state_is_refused_and_changes_nothing(caller):
    make_study()
    answer = caller.post("studies/trial/close/")
    assert answer["state"] == "closed"
    refused = caller.post("studies/trial/open/", status=409)
    assert refused["code"] == "wrong_state"
    assert Study.objects.get().state == "closed"


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"dataset": "nowhere"}, "unknown_dataset", "dataset"),
        ({"sources": ["alpha", "beta", "nobody"]}, "unknown_source", "sources"),
        ({"sources": ["alpha", "alpha", "beta"]}, "invalid", "sources"),
        ({"questions": 0}, "invalid", "questions"),
        ({"questions": 999}, "too_few_questions", "questions"),
        ({"name": "no spaces"}, "invalid", "name"),
        ({"lease_seconds": 0}, "invalid", "lease_seconds"),
        ({"questons": 3}, "invalid", "questons"),
    ],
)
def test_a_bad_design_is_refused_with_its_field_and_makes_nothing(caller, change, code, field):
    make_dataset()
    response = caller.client.post(
        "/api/v1/studies/", json.dumps({**NEW, **change}), content_type="application/json"
    )
    answer = response.json()
    assert response.status_code in (404, 422)
    assert (answer["code"], answer["details"]["field"]) == (code, field)
    assert not Study.objects.exists()


def test_a_name_is_taken_once(caller):
    make_study()
    assert caller.post("studies/", NEW, status=409)["code"] == "name_taken"


def test_raters_are_made_by_a_call_and_can_rate_at_once(caller):
    make_study()
    made = caller.post("studies/trial/raters/", {"name": "panel", "count": 2}, status=201)["raters"]
    assert [rater["name"] for rater in made] == ["panel-1", "panel-2"]
    assert services.next_assignment(made[1]["token"]).view is not None
    listed = caller.get("studies/trial/raters/")["results"]
    assert {row["name"] for row in listed} == {"panel-1", "panel-2"}
    assert "token" not in listed[0]


def test_progress_counts_slots_and_ratings(caller):
    make_study(questions=4, overlap=2)
    rater, other = make_raters(count=2)
    view = services.next_assignment(rater.token).view
    assert view is not None
    services.submit_rating(rater.token, view["token"], ranking_of(view))
    services.next_assignment(other.token)
    progress = caller.get("studies/trial/progress/")
    assert progress == {
        "planned": 8, "open": 5, "held": 2, "lapsed": 0, "rated": 1, "parked": 0,
        "ratings": 1, "skips": 0, "surplus": 0, "beside": 0, "raters": 2,
    }  # fmt: skip


def test_ratings_stay_hidden_until_the_study_is_closed_or_unblinded(caller, owner):
    make_study()
    [rater] = make_raters(count=1)
    view = services.next_assignment(rater.token).view
    assert view is not None
    services.submit_rating(rater.token, view["token"], ranking_of(view))
    assert caller.get("ratings/", status=409, study="trial")["code"] == "blinded"
    assert (
        caller.post("studies/trial/unblind/", {"reason": "look"}, status=403)["code"] == "permission_denied"
    )
    Caller(owner).post("studies/trial/unblind/", {"reason": "look"})
    [row] = caller.get("ratings/", study="trial")["results"]
    assert sorted(row["shown"]) == sorted(SOURCES)
    assert [group[0] for group in row["ranking"]] == row["shown"]  # ranked as shown
    assert caller.get("studies/trial/")["state"] == "open"


def test_unblinding_needs_a_reason(owner):
    make_study()
    assert Caller(owner).post("studies/trial/unblind/", {"reason": " "}, status=422)["code"] == "invalid"
    assert Study.objects.get().unblinded_at is None


def test_a_blind_analyst_learns_no_source(blind_analyst):
    make_study()
    analyst = Caller(blind_analyst)
    assert "sources" not in analyst.get("studies/trial/")
    for path in ("studies/trial/lint/", "ratings/"):
        assert analyst.get(path, status=403, study="trial")["code"] == "permission_denied"
    for act in ("open", "pause", "close"):
        analyst.post(f"studies/trial/{act}/", status=403)
    everything = json.dumps([analyst.get("studies/"), analyst.get("studies/trial/raters/")])
    assert not any(label in everything for label in SOURCES)


def test_a_list_of_studies_costs_the_same_for_one_and_for_many(caller, django_assert_num_queries):
    make_study("first")
    with django_assert_num_queries(5):
        caller.get("studies/")
    for number in range(4):
        make_study(f"more-{number}")
    with django_assert_num_queries(4):  # the token's last use was written already
        assert len(caller.get("studies/")["results"]) == 5


def test_a_raters_token_gets_its_own_ratings_and_none_of_the_staffs(engineer):
    make_study()
    rater, other = make_raters(count=2)
    view = services.next_assignment(rater.token).view
    assert view is not None
    key = services.submit_rating(rater.token, view["token"], ranking_of(view)).rating
    mine = Client(headers={"Authorization": f"Bearer {rater.token}"}).get("/api/v1/ratings/?mine=1").json()
    assert [row["rating"] for row in mine["results"]] == [key]
    theirs = (
        Client(headers={"Authorization": f"Bearer {other.token}"}).get("/api/v1/ratings/?study=trial").json()
    )
    assert theirs["results"] == []
    assert (
        Client(headers={"Authorization": f"Bearer {rater.token}"}).get("/api/v1/studies/").status_code == 403
    )


def test_strangers_get_401_and_unknown_studies_404(caller):
    for path in ("studies/", "studies/trial/", "ratings/?study=trial"):
        assert Client().get(f"/api/v1/{path}").status_code == 401
    for path in ("studies/none/", "studies/none/progress/", "studies/none/lint/", "studies/none/raters/"):
        assert caller.get(path, status=404)["code"] == "unknown_study"
