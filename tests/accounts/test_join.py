"""Sign-in links: a GET shows, a POST acts, once; a second factor is never bypassed."""

from __future__ import annotations

import base64
import hmac
import io
import time
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import people, tokens
from accounts.models import AuditEvent, Invitation, SignInLink, User
from accounts.roles import Role
from ratings.slots.models import RaterToken


def signed_in_as(client: Client) -> str | None:
    key = client.session.get("_auth_user_id")
    return User.objects.get(pk=key).username if key else None


@pytest.fixture
def staff_link(engineer) -> str:
    return f"/join/{tokens.mint_sign_in_link(engineer)}/"


@pytest.fixture
def invitation(owner) -> str:
    return f"/join/{people.invite(owner, role=Role.ENGINEER, note='')}/"


def everything() -> bytes:
    """All rows of the database, as text."""
    dump = io.StringIO()
    call_command("dumpdata", stdout=dump)
    return dump.getvalue().encode()


@pytest.mark.parametrize("kind", ["staff_link", "invitation"])
def test_looking_at_a_link_changes_nothing(request, kind, client):
    link = request.getfixturevalue(kind)
    before = everything()
    for method in (client.get, client.head, client.get):
        answer = method(link)
        assert answer.status_code == 200
    assert everything() == before and "sessionid" not in client.cookies
    assert client.get(link).content.count(b'<button class="button--primary">') == 1


@pytest.mark.parametrize("kind", ["staff_link", "invitation"])
def test_a_link_is_not_indexed_kept_or_passed_on(request, kind, client):
    answer = client.get(request.getfixturevalue(kind))
    assert answer["Referrer-Policy"] == "no-referrer" and "noindex" in answer["X-Robots-Tag"]
    assert "no-store" in answer["Cache-Control"] and "script-src 'self'" in answer["Content-Security-Policy"]


def test_a_staff_link_signs_in_once(staff_link, client):
    answer = client.post(staff_link)
    assert answer.status_code == 302 and answer["Location"] == "/"
    assert signed_in_as(client) == "engineer"
    other = Client()
    for again in (other.post(staff_link), other.get(staff_link)):
        assert again.status_code == 410 and b"link_used" in again.content
        assert again["Referrer-Policy"] == "no-referrer" and "no-store" in again["Cache-Control"]
    assert signed_in_as(other) is None
    acts = list(AuditEvent.objects.order_by("id").values_list("act", flat=True))
    assert acts == ["use_sign_in_link", "sign_in"]


def test_a_staff_link_replaces_who_was_signed_in(staff_link, owner_client):
    assert owner_client.post(staff_link).status_code == 302
    assert signed_in_as(owner_client) == "engineer"


@pytest.mark.parametrize(
    ("model", "kind"), [(SignInLink, "staff_link"), (Invitation, "invitation")], ids=["staff", "invitation"]
)
@pytest.mark.parametrize("field", ["expires_at", "revoked_at"])
def test_expired_and_revoked_links_are_gone(request, client, model, kind, field):
    link = request.getfixturevalue(kind)
    model.objects.update(**{field: timezone.now() - timedelta(seconds=1)})
    for answer in (client.get(link), client.post(link, {"username": "grace", "password": "a fine long one"})):
        assert answer.status_code == 410 and b"Ask for a new one" in answer.content
    assert signed_in_as(client) is None and not User.objects.filter(username="grace").exists()


def test_a_deactivated_accounts_link_is_gone(staff_link, client):
    User.objects.update(is_active=False)
    assert client.get(staff_link).status_code == 410
    assert client.post(staff_link).status_code == 410
    assert SignInLink.objects.get().used_at is None


@pytest.mark.parametrize(
    "secret", ["scl_" + "0" * 48, "sci_" + "0" * 48, "scr_" + "0" * 48, "scs_x", "x", "sc"]
)
def test_an_unknown_link_is_404(db, client, secret):
    for answer in (client.get(f"/join/{secret}/"), client.post(f"/join/{secret}/")):
        assert answer.status_code == 404 and b"unknown_link" in answer.content
        assert answer["Referrer-Policy"] == "no-referrer"


def test_one_kind_of_secret_does_not_open_another(engineer, client):
    token = tokens.mint_staff_token(engineer, name="script")
    assert client.post(f"/join/scl_{token[4:]}/").status_code == 404
    assert client.post(f"/join/{token}/").status_code == 404
    assert signed_in_as(client) is None


def test_other_methods_are_refused(staff_link, client):
    for method in (client.put, client.delete, client.patch):
        assert method(staff_link).status_code == 405


def test_a_post_needs_the_forms_token_even_from_a_null_origin(staff_link):
    client = Client(enforce_csrf_checks=True)
    for origin in ("null", "http://testserver", "http://evil.example"):
        assert client.post(staff_link, headers={"Origin": origin}).status_code == 403
    page = client.get(staff_link).content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    form = {"csrfmiddlewaretoken": token}
    assert client.post(staff_link, form, headers={"Origin": "http://evil.example"}).status_code == 403
    assert SignInLink.objects.get().used_at is None
    assert client.post(staff_link, form, headers={"Origin": "null"}).status_code == 302


def test_an_invitation_makes_an_account_once(invitation, client):
    form = {"username": "grace", "password": "a fine long one"}
    answer = client.post(invitation, form)
    assert answer.status_code == 302 and answer["Location"] == "/"
    assert signed_in_as(client) == "grace" and User.objects.get(username="grace").role == "engineer"
    again = Client().post(invitation, {"username": "eve", "password": "a fine long one"})
    assert again.status_code == 410 and not User.objects.filter(username="eve").exists()


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"username": "owner", "password": "a fine long one"},
        {"username": "a b", "password": "a fine long one"},
    ]
    + [{"username": "grace", "password": "short"}, {"username": "grace"}],
)
def test_an_invitation_says_what_it_refuses_and_stays_open(invitation, client, form):
    answer = client.post(invitation, form)
    assert answer.status_code == 422 and b"field__error" in answer.content
    assert Invitation.objects.get().used_at is None and User.objects.count() == 1


@pytest.fixture
def totp_secret(engineer) -> str:
    secret = generate_totp_secret()
    TOTP.activate(engineer, secret)
    return secret


def code_of(secret: str) -> str:
    """The code of this moment, as an authenticator app would show it (RFC 6238: SHA-1, 30 s, six digits)."""
    mac = hmac.digest(base64.b32decode(secret), int(time.time() // 30).to_bytes(8, "big"), "sha1")
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at : at + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"


def test_a_link_does_not_bypass_the_second_factor(totp_secret, staff_link, client):
    answer = client.post(staff_link)
    assert answer.status_code == 302 and urlsplit(answer["Location"]).path == "/accounts/2fa/authenticate/"
    assert signed_in_as(client) is None
    assert client.get("/people/tokens/").status_code == 302
    wrong = client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert wrong.status_code == 200 and signed_in_as(client) is None
    right = client.post("/accounts/2fa/authenticate/", {"code": code_of(totp_secret)})
    assert right.status_code == 302 and right["Location"] == "/"
    assert signed_in_as(client) == "engineer"


def test_a_link_of_somebody_with_a_second_factor_is_used_up_by_its_post(totp_secret, staff_link, client):
    client.post(staff_link)
    assert Client().post(staff_link).status_code == 410
    assert not AuditEvent.objects.filter(act="sign_in").exists()
    assert Authenticator.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 200),
        ({"revoked_at": timezone.now()}, 410),
        ({"expires_at": timezone.now() - timedelta(days=1)}, 410),
    ],
)
def test_a_raters_link_is_answered_by_the_same_rules(db, client, change, status):
    from ratings.slots.models import Rater
    from ratings.slots.sessions import mint_rater_token
    from tests.worlds import make_study

    study = make_study()
    rater = Rater.objects.create(study=study, name="rater-1")
    link = f"/join/{mint_rater_token(rater)}/"
    RaterToken.objects.update(**change)
    answer = client.get(link)
    assert answer.status_code == status and answer["Referrer-Policy"] == "no-referrer"
    assert RaterToken.objects.count() == 1
