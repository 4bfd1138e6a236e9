"""A panel's page: the link to copy, who came, and closing it; an open link, whose browsers are raters of their own."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.audit import COMMAND
from accounts.models import AuditEvent
from ratings.crowd.models import Panel, PanelEntry
from ratings.crowd.panels import PanelDesign, create_panel, entry_link
from ratings.slots.models import Rater
from tests.console.ladder import climb_act, climb_page
from tests.worlds import make_study

pytestmark = pytest.mark.django_db

PAGE = "/studies/trial/panels/open/"
LINK = "/p/trial/open/"


@pytest.fixture
def panel() -> Panel:
    make_study(questions=3)
    return create_panel("trial", PanelDesign(name="open", provider="links", quota=2), actor=COMMAND)


def began(browser: Client) -> bool:
    """Opens the link and presses its button; whether a desk came of it."""
    assert browser.get(LINK).status_code in (200, 409, 410)
    return browser.post(LINK).status_code == 303 and browser.get("/rate/trial/").status_code == 200


def test_the_page_and_its_acts_climb_the_ladder(client, engineer, blind_analyst, panel):
    climb_page(client, PAGE, allowed=engineer, refused=blind_analyst)
    climb_act(client, f"{PAGE}close/", allowed=engineer, refused=blind_analyst, act="close")
    assert client.get("/studies/trial/panels/none/").status_code == 404
    panel.refresh_from_db()
    assert panel.closed_at is None


def test_a_new_panel_leads_to_the_page_with_its_link(client, engineer):
    make_study(questions=3)
    client.force_login(engineer)
    page = client.post("/studies/trial/panels/", {"name": "open", "provider": "links"}, follow=True)
    assert page.redirect_chain == [(PAGE, 303)]
    html = page.content.decode()
    assert f'id="entry-link">{entry_link(Panel.objects.get())}</code>' in html and "Nobody came yet" in html
    assert entry_link(Panel.objects.get()).endswith(LINK)


def test_each_browser_is_a_rater_of_its_own_and_comes_back_as_the_same(panel):
    first, second, third = Client(), Client(), Client()
    assert began(first) and began(first) and began(second)
    assert sorted(Rater.objects.values_list("name", flat=True)) == ["open-1", "open-2"]
    assert len(set(PanelEntry.objects.values_list("session", flat=True))) == 2
    assert not began(third), "both places are taken"
    # Nobody comes in as somebody else by an id in the link.
    stolen = PanelEntry.objects.earliest("pk").session
    assert third.post(f"{LINK}?id={stolen}&SESSION_ID={stolen}").status_code == 409
    assert began(first)


def test_who_came_is_seen_and_a_closed_link_keeps_everybody_new_out(client, engineer, panel):
    inside = Client()
    assert began(inside)
    client.force_login(engineer)
    page = client.get(PAGE).content.decode()
    assert "open-1" in page and "1 of 2" in page and "Rating" in page
    page = client.post(f"{PAGE}close/", {"act": "close"}, follow=True).content.decode()
    assert "takes nobody new" in page and "Take new raters again" in page
    late = Client(headers={"Accept-Language": "de"})
    refused = late.get(LINK)
    assert refused.status_code == 410 and "Dieses Panel ist geschlossen" in refused.content.decode()
    assert late.post(LINK).status_code == 410 and not began(late)
    assert began(inside), "who is in goes on"
    assert "This panel is closed" in client.get(PAGE).content.decode(), "the researcher sees who was refused"
    client.post(f"{PAGE}close/", {"act": "reopen"})
    assert began(Client())
    assert list(
        AuditEvent.objects.filter(act__startswith="panel.").order_by("pk").values_list("act", flat=True)
    ) == [*("panel.create", "panel.close", "panel.reopen")]
