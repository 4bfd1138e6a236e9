"""Panels and clubs by REST."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.tokens import mint_staff_token
from ratings.crowd.arrivals import Arrival
from ratings.crowd.models import PanelEntry
from ratings.crowd.panels import PanelClosed, enter, get_panel
from tests.worlds import make_study

pytestmark = pytest.mark.django_db
PANELS = "/api/v1/studies/trial/panels/"


def client_of(user) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {mint_staff_token(user, name='tests')}")
    return client


def test_a_panels_life_by_api(engineer, settings):
    make_study(questions=3)
    client = client_of(engineer)
    made = client.post(PANELS, {"codes": {"completed": "C1"}, "quota": 2}, format="json")
    assert made.status_code == 201 and made.json()["link"].endswith("SESSION_ID={{%SESSION_ID%}}")
    assert client.post(PANELS, {}, format="json").json()["code"] == "name_taken"
    enter(get_panel("trial"), Arrival(session="s1", person="p1"))
    one = client.get(f"{PANELS}prolific/")
    assert one.json()["statuses"] == {"active": 1} and one.json()["entries"][0]["rater"] == "prolific-1"
    assert "p1" not in one.content.decode() and "s1" not in one.content.decode()
    assert client.get(PANELS).json()["results"][0]["quota"] == 2
    assert client.post(f"{PANELS}prolific/close/", {}, format="json").json()["closed_at"]
    with pytest.raises(PanelClosed):
        enter(get_panel("trial"), Arrival(session="s2"))
    assert (
        client.post(f"{PANELS}prolific/close/", {"closed": False}, format="json").json()["closed_at"] is None
    )
    settings.PROLIFIC_API_TOKEN = ""
    refused = client.post(f"{PANELS}prolific/sync/")
    assert refused.status_code == 422 and refused.json()["details"]["field"] == "PROLIFIC_API_TOKEN"
    erased = client.post("/api/v1/studies/trial/contacts/erase/", {}, format="json")
    assert erased.json() == {"erased": 1} and PanelEntry.objects.get().person == ""
    assert client.get(f"{PANELS}nobody/").status_code == 404


@pytest.mark.parametrize(
    "body", [{"quota": 0}, {"name": "a b"}, {"codes": {"x!": "1"}}, {"provider": "mturk"}, {"codes": 3}]
)
def test_a_bad_panel_is_refused(engineer, body):
    make_study(questions=3)
    assert client_of(engineer).post(PANELS, body, format="json").status_code in (400, 422)


def test_clubs_by_api_and_who_may(engineer, blind_analyst):
    make_study(questions=3)
    made = client_of(engineer).post("/api/v1/studies/trial/clubs/")
    assert made.status_code == 201 and made.json()["code"] in made.json()["link"]
    listed = client_of(engineer).get("/api/v1/studies/trial/clubs/").json()["results"]
    assert listed == [made.json()] and made.json()["phase"] == "lobby"
    for address in ("panels/", "clubs/"):
        assert client_of(blind_analyst).get(f"/api/v1/studies/trial/{address}").status_code == 403
