"""Signing in by password: cookies, limits, the second factor, and the pages that are not offered."""

from __future__ import annotations

import logging

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import AuditEvent
from tests.accounts.test_join import signed_in_as

LOGIN = "/accounts/login/"
FORM = {"login": "engineer", "password": "correct horse 7"}


def test_a_password_signs_in_to_where_one_wanted_to_go(engineer, client):
    answer = client.post(f"{LOGIN}?next=/people/tokens/", FORM)
    assert answer.status_code == 302 and answer["Location"] == "/people/tokens/"
    assert signed_in_as(client) == "engineer"
    assert list(AuditEvent.objects.values_list("act", "actor_label")) == [("sign_in", "engineer")]


def test_a_foreign_next_is_not_followed(engineer, client):
    answer = client.post(f"{LOGIN}?next=https://evil.example/", FORM)
    assert answer.status_code == 302 and answer["Location"] == "/"


def test_a_wrong_password_and_an_unknown_name_are_told_apart_by_nobody(engineer, client):
    answers = [
        client.post(LOGIN, {"login": name, "password": "wrong"})
        .content.decode()
        .split("field__error")[0]
        .count("<")
        for name in ("engineer", "nobody")
    ]
    assert answers[0] == answers[1] and signed_in_as(client) is None


def test_guessing_a_password_is_stopped(engineer, client):
    for _ in range(5):
        client.post(LOGIN, {**FORM, "password": "wrong"})
    answer = client.post(LOGIN, FORM)
    assert signed_in_as(client) is None
    assert answer.status_code == 429 or "Too many failed login attempts" in answer.content.decode()


def test_a_deactivated_person_can_not_sign_in(engineer, client):
    engineer.is_active = False
    engineer.save()
    client.post(LOGIN, FORM)
    assert signed_in_as(client) is None
    assert client.get("/people/tokens/").status_code == 302


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(engineer, client):
    client.post(LOGIN, FORM)
    cookie = client.cookies["sessionid"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert settings.SESSION_COOKIE_SECURE is settings.SECURE_COOKIES


def test_signing_out_needs_a_post(engineer, client):
    client.force_login(engineer)
    assert client.get("/accounts/logout/").status_code == 200
    assert signed_in_as(client) == "engineer"
    assert client.post("/accounts/logout/").status_code == 302
    assert signed_in_as(client) is None


@pytest.mark.parametrize(
    "address",
    [
        "signup/",
        "email/",
        "confirm-email/",
        "password/reset/",
        "password/reset/done/",
        "login/code/",
        "3rdparty/",
    ],
)
def test_pages_that_are_not_offered_are_404(owner_client, address):
    assert owner_client.get(f"/accounts/{address}").status_code == 404
    assert Client().post(f"/accounts/{address}", {"email": "a@example.org"}).status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/accounts/login/",
        "/accounts/logout/",
        "/accounts/password/set/",
        "/accounts/2fa/",
        "/accounts/inactive/",
    ]
    + ["/accounts/2fa/totp/activate/", "/accounts/2fa/recovery-codes/", "/nothing/", "/people/", "/healthz"],
)
@pytest.mark.parametrize("signed_in", [True, False])
def test_every_page_carries_the_policy_and_no_inline_script_or_style(engineer, address, signed_in):
    client = Client()
    if signed_in:
        engineer.set_unusable_password()
        engineer.save()
        client.force_login(engineer)
    answer = client.get(address)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert answer["X-Frame-Options"] == "DENY" and answer["X-Content-Type-Options"] == "nosniff"
    page = answer.content.decode()
    assert (
        answer.status_code < 500
        and "<style" not in page
        and " style=" not in page
        and " onclick=" not in page
    )
    assert "<script>" not in page


def test_a_second_factor_is_set_up_in_the_browser_and_asked_for(engineer, client):
    from tests.accounts.test_join import code_of

    client.post(LOGIN, FORM)
    activate = "/accounts/2fa/totp/activate/"
    asked = client.get(activate)
    assert asked["Location"].startswith("/accounts/reauthenticate/"), "the password is asked for once more"
    assert client.get(asked["Location"]).status_code == 200
    assert client.post(asked["Location"], {"password": "wrong"}).status_code == 200
    assert client.post(asked["Location"], {"password": FORM["password"]})["Location"] == activate
    page = client.get(activate).content.decode()
    secret = page.split('id="authenticator_secret"')[1].split('value="')[1].split('"')[0]
    assert client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)}).status_code == 302
    codes = client.get("/accounts/2fa/recovery-codes/").content.decode()
    recovery = codes.split("readonly>")[1].split("</textarea>")[0].split()
    assert len(recovery) == 10

    other = Client()
    answer = other.post(LOGIN, FORM)
    assert answer["Location"].startswith("/accounts/2fa/authenticate/") and signed_in_as(other) is None
    assert other.post("/accounts/2fa/authenticate/", {"code": recovery[0]}).status_code == 302
    assert signed_in_as(other) == "engineer"
    third = Client()
    third.post(LOGIN, FORM)
    third.post("/accounts/2fa/authenticate/", {"code": recovery[0]})
    assert signed_in_as(third) is None, "a recovery code worked twice"


def test_a_password_is_not_logged(engineer, client, caplog):
    with caplog.at_level(logging.DEBUG):
        client.post(LOGIN, {**FORM, "password": "not the password"})
        client.post(LOGIN, FORM)
    assert "not the password" not in caplog.text and FORM["password"] not in caplog.text
