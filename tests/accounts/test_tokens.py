"""Secrets: made at random, kept as digests, dead when used, expired or revoked."""

from __future__ import annotations

import hashlib
import re
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts import tokens
from accounts.errors import Gone, NotFound
from accounts.models import SignInLink, StaffToken, User


def test_a_secret_has_its_kind_and_192_random_bits():
    first, second = (tokens.new_secret("scs_") for _ in range(2))
    assert re.fullmatch(r"scs_[0-9a-f]{48}", first) and first != second


def test_only_the_sha256_of_a_secret_is_stored(engineer):
    secret = tokens.mint_staff_token(engineer, name="script")
    assert bytes(StaffToken.objects.get().digest) == hashlib.sha256(secret.encode()).digest()


def test_a_token_dies_at_its_moment_and_when_revoked(engineer):
    secret = tokens.mint_staff_token(engineer, name="script", lifetime=timedelta(minutes=1))
    assert tokens.find_live(StaffToken, secret) is not None
    row = StaffToken.objects.get()
    StaffToken.objects.update(expires_at=timezone.now())
    assert tokens.find_live(StaffToken, secret) is None
    StaffToken.objects.update(expires_at=None)
    assert tokens.find_live(StaffToken, secret) == row
    StaffToken.objects.update(revoked_at=timezone.now())
    assert tokens.find_live(StaffToken, secret) is None
    assert tokens.find_live(StaffToken, "scs_" + "0" * 48) is None


def test_last_use_is_written_at_most_once_a_minute(engineer, django_assert_num_queries):
    tokens.mint_staff_token(engineer, name="script")
    row = StaffToken.objects.get()
    with django_assert_num_queries(1):
        tokens.touch(row)
        tokens.touch(row)
    row.last_used_at = timezone.now() - timedelta(seconds=61)
    with django_assert_num_queries(1):
        tokens.touch(row)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "link_expired"),
        ({"revoked_at": timezone.now()}, "link_revoked"),
        ({"used_at": timezone.now()}, "link_used"),
    ],
)
def test_a_dead_link_says_why(engineer, change, code):
    secret = tokens.mint_sign_in_link(engineer)
    SignInLink.objects.update(**change)
    with pytest.raises(Gone) as gone:
        tokens.use_sign_in_link(secret)
    assert gone.value.code == code


def test_an_unknown_link_is_not_found(db):
    for secret in ("scl_" + "0" * 48, "scl_", "scl_\udcff"):
        with pytest.raises(NotFound) as missing:
            tokens.use_sign_in_link(secret)
        assert missing.value.code == "unknown_link"


def test_of_two_clicks_at_once_one_signs_in(world):
    user = User.objects.create_user(username="ada", role="owner")
    secret = tokens.mint_sign_in_link(user)
    start = threading.Barrier(2)
    outcomes: list[str] = []

    def click() -> None:
        start.wait()
        try:
            outcomes.append(tokens.use_sign_in_link(secret).username)
        except Gone as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["ada", "link_used"]
