"""The pages about people, tokens and the audit log, each up the same ladder."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts import audit, people
from accounts.audit import COMMAND
from accounts.models import AuditEvent, Invitation, StaffToken, User
from accounts.roles import Role

PAGES = ["/people/", "/people/tokens/", "/audit/"]
POSTS = [
    "/people/{user}/role/",
    "/people/{user}/deactivate/",
    "/people/{user}/reactivate/",
    "/people/invitations/1/withdraw/",
    "/people/tokens/1/revoke/",
]


@pytest.mark.parametrize("address", PAGES)
def test_a_stranger_is_sent_to_sign_in_and_back(db, client, address):
    answer = client.get(address)
    assert answer.status_code == 302 and answer["Location"] == f"/accounts/login/?next={address}"
    answer = client.post(address)
    assert answer.status_code in (401, 405)


@pytest.mark.parametrize("address", PAGES)
def test_an_owner_sees_the_page_under_the_strict_policy(owner_client, address):
    answer = owner_client.get(address)
    assert answer.status_code == 200
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "script-src 'self'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("persona", ["engineer", "blind_analyst"])
@pytest.mark.parametrize("address", ["/people/", "/audit/"])
def test_the_wrong_role_gets_403_and_the_error_page(request, client, persona, address):
    client.force_login(request.getfixturevalue(persona))
    answer = client.get(address)
    assert answer.status_code == 403 and b"permission_denied" in answer.content


@pytest.mark.parametrize("address", POSTS)
def test_acts_refuse_get_strangers_other_roles_and_unknown_rows(owner, engineer, address):
    client = Client()
    path = address.format(user=10**9).replace("/1/", f"/{10**9}/")
    client.force_login(owner)
    assert client.get(path).status_code == 405
    assert client.post(path, {"role": "admin"}).status_code == 404
    if "tokens" not in address:
        client.force_login(engineer)
        assert client.post(address.format(user=owner.pk), {"role": "engineer"}).status_code == 403
    client.logout()
    assert client.post(path, {"role": "admin"}).status_code == 401
    owner.refresh_from_db()
    assert owner.role == "owner" and owner.is_active


def test_forms_are_checked_for_forgery(owner, engineer):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    answer = client.post(f"/people/{engineer.pk}/deactivate/")
    assert answer.status_code == 403 and b"This page was open too long" in answer.content
    engineer.refresh_from_db()
    assert engineer.is_active


def test_an_invitation_link_is_shown_once(owner_client):
    answer = owner_client.post("/people/", {"role": "engineer", "note": "for Grace"})
    link = re.search(r"http://[^<\s]*/join/(sci_[0-9a-f]{48})/", answer.content.decode())
    assert answer.status_code == 200 and link is not None
    assert Invitation.objects.get().note == "for Grace"
    again = owner_client.get("/people/").content.decode()
    assert link[1] not in again and "for Grace" in again


def test_an_invitation_offers_the_least_role_unless_told_otherwise(owner_client):
    page = owner_client.get("/people/").content.decode()
    form = page.split("Invite somebody")[1]
    assert '<option value="blind_analyst" selected>' in form


def test_an_invitation_with_an_unknown_role_is_refused(owner_client):
    answer = owner_client.post("/people/", {"role": "emperor"})
    assert answer.status_code == 422 and not Invitation.objects.exists()


def test_an_admin_is_not_offered_owners(admin, owner, client):
    client.force_login(admin)
    page = client.get("/people/").content.decode()
    assert 'value="owner"' not in page and f"/people/{owner.pk}/deactivate/" not in page
    assert client.post("/people/", {"role": "owner"}).status_code == 422
    assert client.post(f"/people/{owner.pk}/deactivate/").status_code == 403


def test_a_role_is_changed_and_said(owner_client, engineer):
    answer = owner_client.post(f"/people/{engineer.pk}/role/", {"role": "blind_analyst"}, follow=True)
    engineer.refresh_from_db()
    assert engineer.role == "blind_analyst" and b"engineer is now blind analyst." in answer.content
    answer = owner_client.post(f"/people/{engineer.pk}/role/", {"role": "emperor"})
    assert answer.status_code == 422 and b"emperor" in answer.content


def test_deactivating_ends_a_session_at_once(owner_client, engineer):
    theirs = Client()
    theirs.force_login(engineer)
    assert theirs.get("/people/tokens/").status_code == 200
    assert owner_client.post(f"/people/{engineer.pk}/deactivate/").status_code == 302
    assert theirs.get("/people/tokens/").status_code == 302
    assert owner_client.post(f"/people/{engineer.pk}/reactivate/").status_code == 302
    engineer.refresh_from_db()
    assert engineer.is_active


def test_the_last_owner_is_told_so(owner_client, owner):
    answer = owner_client.post(f"/people/{owner.pk}/deactivate/")
    assert answer.status_code == 409 and b"last owner" in answer.content


def test_the_people_page_asks_as_often_for_many_as_for_few(owner_client, django_assert_num_queries):
    for number in range(3):
        people.create_researcher(f"p{number}", role=Role.ENGINEER, again=False, actor=COMMAND)
    with django_assert_num_queries(4):
        owner_client.get("/people/")
    for number in range(3, 20):
        people.create_researcher(f"p{number}", role=Role.ENGINEER, again=False, actor=COMMAND)
    with django_assert_num_queries(4):
        owner_client.get("/people/")


def test_a_token_is_shown_once_works_and_is_revoked(engineer, client):
    client.force_login(engineer)
    answer = client.post("/people/tokens/", {"name": "my script", "days": "30"})
    found = re.search(r"scs_[0-9a-f]{48}", answer.content.decode())
    assert found is not None
    assert "no-store" in answer["Cache-Control"]
    headers = {"Authorization": f"Bearer {found[0]}"}
    assert Client().get("/api/v1/tokens/", headers=headers).status_code == 200
    page = client.get("/people/tokens/").content.decode()
    assert found[0] not in page and "my script" in page
    token = StaffToken.objects.get()
    assert token.last_used_at is not None
    assert client.post(f"/people/tokens/{token.pk}/revoke/").status_code == 302
    assert client.post(f"/people/tokens/{token.pk}/revoke/").status_code == 404
    assert Client().get("/api/v1/tokens/", headers=headers).status_code == 401


@pytest.mark.parametrize("days", ["0", "366", "many", ""])
def test_a_token_lives_between_a_day_and_a_year(engineer, client, days):
    client.force_login(engineer)
    assert client.post("/people/tokens/", {"name": "x", "days": days}).status_code == 422
    assert not StaffToken.objects.exists()


def test_nobody_revokes_anothers_token(owner_client, engineer, client):
    client.force_login(engineer)
    client.post("/people/tokens/", {"name": "x", "days": "1"})
    token = StaffToken.objects.get()
    assert owner_client.post(f"/people/tokens/{token.pk}/revoke/").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_the_audit_page_filters_and_turns_pages(owner_client):
    for number in range(150):
        audit.record(COMMAND, "open_study" if number % 2 else "close_study", subject=f"study-{number}")
    first = owner_client.get("/audit/").content.decode()
    assert "study-149" in first and "study-49<" not in first
    older = re.search(r'rel="next" href="(\?[^"]+)"', first)
    assert older is not None
    second = owner_client.get("/audit/" + older[1].replace("&amp;", "&")).content.decode()
    assert "study-0<" in second and "study-149" not in second and 'rel="next"' not in second
    some = owner_client.get("/audit/?act=open_study&actor=command").content.decode()
    assert "study-149" in some and "study-148" not in some
    assert "study-149" not in owner_client.get("/audit/?actor=nobody").content.decode()


@pytest.mark.parametrize(
    "query", ["before=x", "before=0", f"before={10**20}", "act=%00", f"actor={'x' * 151}"]
)
def test_a_filter_that_is_none_is_said_so(owner_client, query):
    assert owner_client.get(f"/audit/?{query}").status_code == 422


def test_looking_writes_no_audit_line(owner_client):
    before = AuditEvent.objects.count()
    for address in PAGES:
        owner_client.get(address)
    assert AuditEvent.objects.count() == before and User.objects.count() == 1
