"""Who calls: staff tokens, browser sessions, and raters at the wrong door."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.models import StaffToken
from ratings.slots.models import Rater, RaterToken
from ratings.slots.sessions import mint_rater_token
from tests.worlds import make_study

URL = "/api/v1/tokens/"


def get(secret: str):
    return Client().get(URL, headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture
def secret(engineer) -> str:
    return tokens.mint_staff_token(engineer, name="test")


def test_a_token_acts_as_its_user_and_shows_its_last_use(secret, engineer):
    answer = get(secret)
    assert answer.status_code == 200 and [row["name"] for row in answer.json()["results"]] == ["test"]
    used = StaffToken.objects.get().last_used_at
    assert used is not None and timezone.now() - used < timedelta(minutes=1)
    get(secret)
    assert StaffToken.objects.get().last_used_at == used


@pytest.mark.parametrize(
    "change", [{"expires_at": timezone.now() - timedelta(seconds=1)}, {"revoked_at": timezone.now()}]
)
def test_an_expired_or_revoked_token_is_401(secret, change):
    StaffToken.objects.update(**change)
    answer = get(secret)
    assert answer.status_code == 401 and answer.json()["code"] == "not_authenticated"
    assert StaffToken.objects.get().last_used_at is None


def test_a_deactivated_users_token_is_401(secret, engineer):
    engineer.is_active = False
    engineer.save()
    assert get(secret).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer scs_" + "0" * 48,
        "Basic eDp5",
        "scs_x",
        "Bearer scl_" + "0" * 48,
    ],
)
def test_what_is_no_token_is_401(db, header):
    answer = Client().get(URL, headers={"Authorization": header})
    assert answer.status_code == 401 and answer.json()["code"] == "not_authenticated"


def test_a_sign_in_link_or_invitation_is_no_token(engineer):
    assert get(tokens.mint_sign_in_link(engineer)).status_code == 401


def test_the_scheme_is_read_in_any_case(secret):
    assert Client().get(URL, headers={"Authorization": f"bearer {secret}"}).status_code == 200


def test_a_raters_token_is_known_but_opens_nothing_of_the_staff(db):
    rater = Rater.objects.create(study=make_study(), name="rater-1")
    secret = mint_rater_token(rater)
    answer = get(secret)
    assert answer.status_code == 403 and answer.json()["code"] == "permission_denied"
    RaterToken.objects.update(revoked_at=timezone.now())
    assert get(secret).status_code == 401


def test_the_role_is_the_one_that_the_user_has_now(secret, engineer):
    headers = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/audit/", headers=headers).status_code == 403
    engineer.role = "admin"
    engineer.save()
    assert Client().get("/api/v1/audit/", headers=headers).status_code == 200


def test_a_call_with_a_token_reads_it_and_its_user_in_one_query(secret, django_assert_num_queries):
    get(secret)
    with django_assert_num_queries(2):  # the token with its user, the list
        get(secret)
