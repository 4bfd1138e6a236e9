"""The calls about one's own tokens and the audit log."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts import audit, tokens
from accounts.audit import COMMAND
from accounts.models import AuditEvent, StaffToken

TOKENS, AUDIT = "/api/v1/tokens/", "/api/v1/audit/"


def client_of(user) -> Client:
    return Client(headers={"Authorization": f"Bearer {tokens.mint_staff_token(user, name='test')}"})


def test_a_token_is_made_used_and_revoked(engineer):
    caller = client_of(engineer)
    made = caller.post(TOKENS, {"name": "second"}, content_type="application/json")
    body = made.json()
    assert made.status_code == 201 and re.fullmatch(r"scs_[0-9a-f]{48}", body["token"])
    second = Client(headers={"Authorization": f"Bearer {body['token']}"})
    rows = second.get(TOKENS).json()["results"]
    assert [row["name"] for row in rows] == ["second", "test"] and all("token" not in row for row in rows)
    assert caller.delete(f"{TOKENS}{body['id']}/").status_code == 204
    assert second.get(TOKENS).status_code == 401
    assert caller.delete(f"{TOKENS}{body['id']}/").status_code == 404
    assert list(AuditEvent.objects.order_by("id").values_list("act", "subject", "actor_label")) == [
        ("mint_token", "second", "engineer"),
        ("revoke_token", "second", "engineer"),
    ]


def test_anothers_token_is_not_found_and_lives(engineer, owner):
    theirs = client_of(owner)
    row = StaffToken.objects.get(user=owner)
    assert client_of(engineer).delete(f"{TOKENS}{row.pk}/").status_code == 404
    assert theirs.get(TOKENS).status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "x" * 101}, {"name": "x", "days": 366}, {"name": "x", "days": "many"}]
)
def test_a_bad_body_is_422_and_makes_nothing(engineer, body):
    caller = client_of(engineer)
    assert caller.post(TOKENS, body, content_type="application/json").status_code == 422
    assert StaffToken.objects.count() == 1 and not AuditEvent.objects.exists()


def test_the_audit_log_turns_pages_newest_first_and_filters(owner):
    caller = client_of(owner)
    for number in range(7):
        audit.record(COMMAND, "open_study" if number % 2 else "close_study", subject=f"study-{number}")
    seen: list[str] = []
    url: str | None = f"{AUDIT}?page_size=3"
    while url:
        page = caller.get(url).json()
        assert len(page["results"]) <= 3
        seen += [row["subject"] for row in page["results"]]
        url = page["next"]
    assert seen == [f"study-{number}" for number in reversed(range(7))]
    rows = caller.get(f"{AUDIT}?act=open_study").json()["results"]
    assert [row["subject"] for row in rows] == ["study-5", "study-3", "study-1"]
    assert caller.get(f"{AUDIT}?actor=nobody").json()["results"] == []
    assert set(rows[0]) == {"id", "at", "actor", "act", "subject", "details"}


def test_a_page_holds_at_most_a_thousand(owner):
    caller = client_of(owner)
    AuditEvent.objects.bulk_create(AuditEvent(actor_label="x", act="y") for _ in range(1001))
    assert len(caller.get(f"{AUDIT}?page_size=5000").json()["results"]) == 1000
    assert len(caller.get(AUDIT).json()["results"]) == 100


@pytest.mark.parametrize("query", ["cursor=nonsense", "act=%00"])
def test_a_bad_query_is_an_error_of_ours(owner, query):
    answer = client_of(owner).get(f"{AUDIT}?{query}")
    assert answer.status_code in (404, 422) and set(answer.json()) == {"code", "message", "details"}


@pytest.mark.parametrize("persona", ["engineer", "blind_analyst"])
def test_the_audit_log_is_for_owners_and_admins(request, persona):
    assert client_of(request.getfixturevalue(persona)).get(AUDIT).status_code == 403


def test_the_audit_log_can_not_be_written_by_a_call(owner):
    caller = client_of(owner)
    for method in (caller.post, caller.put, caller.patch, caller.delete):
        assert method(AUDIT, {}, content_type="application/json").status_code == 405
