"""A rater's link: looking is free, the button signs in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from ratings.slots.models import Assignment, RaterToken
from ratings.studies.models import Study


def test_looking_at_a_link_changes_nothing(client: Client, secret: str) -> None:
    for _ in range(2):
        response = client.get(f"/join/{secret}/")
        assert response.status_code == 200
        assert "trial" in response.content.decode()
    assert not response.cookies.get("rater")
    assert RaterToken.objects.count() == 1
    assert not Assignment.objects.exists()


def test_the_button_signs_this_browser_in_and_leads_to_the_desk(client: Client, secret: str) -> None:
    response = client.post(f"/join/{secret}/")
    assert (response.status_code, response.headers["Location"]) == (303, "/rate/trial/")
    cookie = response.cookies["rater"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/rate/trial/", True, "Lax")
    assert cookie.value.startswith("scr_")
    assert cookie.value != secret
    assert RaterToken.objects.filter(purpose="session").count() == 1
    assert client.get("/rate/trial/").status_code == 200


def test_a_site_on_https_keeps_the_cookie_off_plain_http(client: Client, secret: str, settings) -> None:
    settings.SECURE_COOKIES = True
    assert client.post(f"/join/{secret}/").cookies["rater"]["secure"]


def test_a_link_works_again_in_another_browser(secret: str) -> None:
    for client in (Client(), Client()):
        assert client.post(f"/join/{secret}/").status_code == 303
    assert RaterToken.objects.filter(purpose="session").count() == 2


@pytest.mark.parametrize("field", ["expires_at", "revoked_at"])
def test_a_dead_link_opens_nothing(client: Client, secret: str, field: str) -> None:
    RaterToken.objects.update(**{field: timezone.now() - timedelta(seconds=1)})
    assert client.get(f"/join/{secret}/").status_code == 410
    assert client.post(f"/join/{secret}/").status_code == 410
    assert RaterToken.objects.count() == 1


@pytest.mark.parametrize(("field", "told"), [("expires_at", "not_authenticated"), ("revoked_at", "revoked")])
def test_whoever_lost_access_is_told_whether_the_link_helps(
    client: Client, secret: str, field: str, told: str
) -> None:
    client.post(f"/join/{secret}/")
    RaterToken.objects.update(**{field: timezone.now() - timedelta(seconds=1)})
    page = client.get("/rate/trial/")
    words = page.content.decode()
    assert page.status_code == 401
    assert ("Open your link again" in words) is (told != "revoked")
    assert ("nothing more can be sent by this link" in words) is (told == "revoked")
    swap = client.post("/rate/trial/", {"token": "0" * 32}, headers={"HX-Request": "true"})
    assert swap.headers["Desk-Error"] == told


def test_an_unknown_link_tells_nothing(client: Client, study: Study) -> None:
    response = client.get(f"/join/scr_{'0' * 48}/")
    assert response.status_code == 404
    assert "trial" not in response.content.decode()


def test_other_methods_are_refused(client: Client, secret: str) -> None:
    assert client.put(f"/join/{secret}/").status_code == 405
