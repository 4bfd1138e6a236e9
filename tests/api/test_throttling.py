"""Limits count per token, per person and per address, and say when to come back."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from rest_framework.settings import api_settings

from accounts import limits, tokens
from config.api.throttling import parse_rate

URL = "/api/v1/tokens/"


@pytest.fixture
def three_an_hour(monkeypatch):
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "staff", "3/h")


def client_with(user, name: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {tokens.mint_staff_token(user, name=name)}"})


def test_a_token_is_stopped_and_another_of_the_same_user_is_not(engineer, three_an_hour):
    one, other = client_with(engineer, "one"), client_with(engineer, "other")
    assert [one.get(URL).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = one.get(URL)
    body = answer.json()
    assert body["code"] == "throttled" and set(body) == {"code", "message", "details"}
    assert 1 <= int(answer["Retry-After"]) == body["details"]["retry_after_seconds"] <= 3601
    assert other.get(URL).status_code == 200


def test_a_browser_is_counted_by_person(engineer, owner, three_an_hour):
    browsers = [Client(), Client(), Client()]
    for browser, person in zip(browsers, (engineer, engineer, owner), strict=True):
        browser.force_login(person)
    assert [browsers[n % 2].get(URL).status_code for n in range(4)] == [200, 200, 200, 429]
    assert browsers[2].get(URL).status_code == 200


def test_a_window_ends(monkeypatch):
    now = 1_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    assert [limits.take("x", limit=2, window_seconds=60) for _ in range(3)] == [None, None, 21]
    now += 21
    assert limits.take("x", limit=2, window_seconds=60) is None
    assert limits.take("y", limit=1, window_seconds=60) is None


def test_a_counter_that_was_evicted_starts_again(monkeypatch):
    monkeypatch.setattr(cache, "incr", lambda key: (_ for _ in ()).throw(ValueError(key)))
    assert limits.take("z", limit=1, window_seconds=60) is None


@pytest.mark.parametrize(("rate", "read"), [("1200/min", (1200, 60)), ("5/s", (5, 1)), ("7/h", (7, 3600))])
def test_a_rate_is_read(rate, read):
    assert parse_rate(rate) == read


@pytest.mark.parametrize("rate", ["", "5", "5/day", "x/min", "-1/min"])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(ValueError, match="rate="):
        parse_rate(rate)
