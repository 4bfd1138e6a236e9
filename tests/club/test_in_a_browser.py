"""A paper club live: a wall and phones in Chromium, thirty more over HTTP, the reveal."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from accounts.audit import COMMAND
from accounts.models import User
from ratings.club import hosting
from ratings.club.models import Club
from ratings.slots.models import Rating
from tests.services.pages import axe_findings, sign_in
from tests.services.site import Site
from tests.worlds import SOURCES, make_study

NewPage = Callable[..., Page]

CARD = re.compile(r'name="place-([0-9a-f]+)"')
FIELD = '<input type="hidden" name="{}" value="([^"]*)"'


class Phone:
    """A phone that joins, asks every second, and votes after a while."""

    def __init__(self, site: Site, code: str) -> None:
        self.client = httpx.Client(base_url=site.url, follow_redirects=True, timeout=20)
        self.address = f"/club/{code}/"

    def join(self) -> str:
        page = self.client.get(self.address).text
        return self.client.post(self.address, data=self._fields(page)).text

    @staticmethod
    def _fields(page: str) -> dict[str, str]:
        found = {name: re.search(FIELD.format(name), page) for name in ("csrfmiddlewaretoken", "token")}
        return {name: match[1] for name, match in found.items() if match}

    def vote(self) -> int:
        page = self.client.get(self.address).text
        cards = list(dict.fromkeys(CARD.findall(page)))
        places = {f"place-{card}": str(place) for place, card in enumerate(cards, 1)}
        assert len(places) == 3
        return self.client.post(f"{self.address}vote/", data=self._fields(page) | places).status_code

    def asks(self, seen: str) -> int:
        return self.client.get(f"{self.address}moved/", params={"seen": seen}).status_code


@pytest.fixture
def host(module_site: Site) -> User:
    return User.objects.get_or_create(username="ada", defaults={"role": "owner"})[0]


def open_wall(page: Page, host: User, club: Club) -> Page:
    sign_in(page, host).goto(f"/club/{club.code}/wall/")
    return page


def new_club(study: str, questions: int = 4) -> Club:
    make_study(study, dataset=study, questions=questions)
    return hosting.open_club(study, actor=COMMAND)


@pytest.mark.browser
@pytest.mark.slow
def test_the_talk_live(module_site: Site, new_page: NewPage, host: User) -> None:
    club = new_club("talk")
    wall = open_wall(new_page(module_site), host, club)
    expect(wall.locator(".wall-qr svg")).to_be_visible()
    phone = new_page(module_site, phone=True)
    phone.goto(f"/club/{club.code.lower()}/")
    assert axe_findings(phone) == [] and axe_findings(wall) == []
    phone.get_by_role("button", name="Take part").tap()
    expect(phone.get_by_role("heading", name="You are in")).to_be_visible()
    expect(wall.locator("#counts")).to_have_attribute("data-phones", "1")
    wall.get_by_role("button", name="Start round 1").click()
    expect(phone.locator("[data-card]")).to_have_count(3)
    for position in (1, 0, 2):
        phone.locator("[data-card]").nth(position).locator("h2").tap()
    assert axe_findings(phone) == []
    phone.get_by_role("button", name="Send my vote").tap()
    expect(phone.get_by_role("heading", name="Your vote is in")).to_be_visible()
    expect(wall.locator("#counts")).to_have_attribute("data-voted", "1")
    assert not any(source in wall.content() + phone.content() for source in SOURCES)
    wall.get_by_role("button", name="Show the votes").click()
    expect(phone.get_by_role("heading", name="1 vote")).to_be_visible()
    assert not any(source in wall.content() + phone.content() for source in SOURCES)
    assert axe_findings(phone) == [] and axe_findings(wall) == []
    wall.get_by_role("button", name="Reveal who wrote them").click()
    expect(phone.get_by_role("heading", name=re.compile("You preferred"))).to_be_visible()
    for page in (wall, phone):
        for source in SOURCES:
            expect(page.locator(".club-card__source", has_text=source)).to_be_visible()
    assert axe_findings(phone) == [] and axe_findings(wall) == []
    wall.get_by_role("button", name="Round 2").click()
    expect(phone.locator("[data-card]")).to_have_count(3)
    wall.get_by_role("button", name="End the club").click()
    expect(phone.get_by_role("heading", name="The club is over")).to_be_visible()


@pytest.mark.browser
def test_thirty_phones_are_counted_within_a_second_and_a_dead_one_holds_nobody_up(
    module_site: Site, new_page: NewPage, host: User
) -> None:
    club = new_club("thirty")
    wall = open_wall(new_page(module_site), host, club)
    alive = [Phone(module_site, club.code) for _ in range(30)]
    for phone in alive:
        phone.join()
    dead = new_page(module_site, phone=True)
    dead.goto(f"/club/{club.code}/")
    dead.get_by_role("button", name="Take part").tap()
    expect(wall.locator("#counts")).to_have_attribute("data-phones", "31")
    wall.get_by_role("button", name="Start round 1").click()
    expect(wall.locator("#counts")).to_have_attribute("data-voted", "0")
    expect(dead.locator("[data-card]")).to_have_count(3)
    dead.context.set_offline(True)
    dead.locator("[data-card]").nth(1).locator("h2").tap()
    # One place is enough, once the phone has asked about the others.
    dead.get_by_role("button", name="Send my vote").tap()
    dead.get_by_role("button", name="Send my vote").tap()
    expect(dead.locator("#trouble")).to_contain_text("Your answer is kept in this browser")

    stop = threading.Event()
    statuses: list[int] = []

    def live(phone: Phone) -> None:
        while not stop.wait(1):
            statuses.append(phone.asks("voting-1"))

    threads = [threading.Thread(target=live, args=[phone]) for phone in alive]
    for thread in threads:
        thread.start()
    lags = []
    for number, phone in enumerate(alive, 1):
        assert phone.vote() == 200
        acknowledged = time.monotonic()
        if number % 6 == 0:
            expect(wall.locator("#counts")).to_have_attribute("data-voted", str(number), timeout=5_000)
            lags.append(time.monotonic() - acknowledged)
    stop.set()
    for thread in threads:
        thread.join()
    assert max(lags) < 1.0, lags
    assert set(statuses) <= {204}
    assert Rating.objects.filter(study=club.study).count() == 30
    wall.get_by_role("button", name="Show the votes").click()
    expect(wall.locator("#counts")).to_have_attribute("data-voted", "30")
    # The dead phone wakes up: its vote is sent by itself, and its page shows the votes.
    dead.context.set_offline(False)
    expect(dead.get_by_role("heading", name="31 votes")).to_be_visible()
    assert Rating.objects.filter(study=club.study).count() == 31
    assert "31 votes" in alive[0].client.get(alive[0].address).text


def test_without_a_script_a_phone_votes_all_the_same(module_site: Site, new_page: NewPage) -> None:
    club = new_club("plain")
    page = new_page(module_site, phone=True, javascript=False)
    page.goto(f"/club/{club.code}/")
    page.get_by_role("button", name="Take part").click()
    hosting.start_round(club.code, seen="lobby-0", actor=COMMAND)
    page.get_by_role("link", name="Look again").click()
    page.locator("[data-card]").nth(2).locator("input[type=radio]").first.check()
    page.get_by_role("button", name="Send my vote").click()
    expect(page.get_by_role("heading", name="Your vote is in")).to_be_visible()
    assert Rating.objects.filter(study=club.study).count() == 1
