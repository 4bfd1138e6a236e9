"""A study's pages in a real Chromium: acts with and without JavaScript, live progress, links; axe finds nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.audit import COMMAND
from accounts.models import User
from ratings.crowd.simulation import Simulation, simulate_raters
from ratings.library.models import Rationale
from ratings.slots import services
from ratings.slots.models import Slot
from ratings.studies.design import StudyDesign
from ratings.studies.models import Study
from ratings.studies.services import close_study, create_study
from tests.console.ladder import LABELS
from tests.services.pages import axe_findings, sign_in
from tests.services.site import Site
from tests.worlds import make_dataset, make_raters, make_study, ranking_of

NewPage = Callable[..., Page]

#: One of each kind, each with as much on it as it can have.
PAGES = [
    "blocked/",
    "busy/",
    "busy/raters/",
    "busy/results/",
    "done/",
    "done/triples/",
    "done/triples/1/",
    "done/results/?raters=simulated",
    "done/exports/",
]


@pytest.fixture
def ada(module_site: Site) -> User:
    """An owner, the same in all tests of this module."""
    return User.objects.get_or_create(username="ada", defaults={"role": "owner"})[0]


def draft(name: str, *, leak: bool = False) -> Study:
    make_dataset(name, questions=4, sources=LABELS)
    if leak:
        first = Rationale.objects.filter(question__dataset__name=name).order_by("pk")[:1]
        Rationale.objects.filter(pk__in=list(first.values_list("pk", flat=True))).update(
            normalised=f"As {LABELS[1]} says, it is so."
        )
    design = StudyDesign(name=name, dataset=name, sources=LABELS, questions=4, ratings_per_triple=1)
    return create_study(design, actor=COMMAND)


def press(page: Page, button: str, *, told: str) -> None:
    page.get_by_role("button", name=button).click()
    expect(page.locator(".messages")).to_contain_text(told)


@pytest.mark.parametrize("javascript", [pytest.param(True, marks=pytest.mark.slow), False])
def test_a_study_is_led_through_its_life_by_its_page(
    module_site: Site, new_page: NewPage, ada: User, javascript: bool
) -> None:
    name = f"life-{javascript}".lower()
    draft(name, leak=True)
    page = sign_in(new_page(module_site, javascript=javascript), ada)
    page.goto(f"/studies/{name}/")
    page.get_by_label("Reason to open it all the same").fill("we know")
    press(page, "Open it all the same", told="is open")
    press(page, "Pause the study", told="is paused")
    press(page, "Resume the study", told="is open")
    page.locator("summary", has_text="Close the study").click()
    press(page, "Close it for good", told="is closed")
    page.get_by_role("link", name="See the results").click()
    expect(page.locator("main")).to_contain_text("No ratings by human raters")


@pytest.mark.slow
def test_progress_moves_by_itself_until_the_study_is_closed(
    module_site: Site, new_page: NewPage, ada: User
) -> None:
    make_study("watched", dataset="watched", questions=4, overlap=1, sources=LABELS)
    [rater] = make_raters("watched")
    page = sign_in(new_page(module_site), ada)
    page.goto("/studies/watched/")
    bar = page.locator("#progress progress")
    expect(bar).to_have_attribute("value", "0")
    view = services.next_assignment(rater.token).view
    assert view is not None
    services.submit_rating(rater.token, view["token"], ranking_of(view))
    expect(bar).to_have_attribute("value", "1", timeout=15_000)
    close_study("watched", actor=COMMAND)
    expect(page.locator("h1")).to_contain_text("Closed", timeout=15_000)
    assert page.locator("#progress[hx-trigger]").count() == 0


@pytest.mark.slow
def test_a_new_link_lets_a_rater_in_and_a_revoked_one_does_not(
    module_site: Site, new_page: NewPage, ada: User
) -> None:
    make_study("invited", dataset="invited", questions=4, sources=LABELS)
    page = sign_in(new_page(module_site), ada)
    page.goto("/studies/invited/raters/")
    page.get_by_label("Name").fill("ann")
    page.get_by_role("button", name="Make links").click()
    link = page.get_by_label("Names and links").input_value().split()[1]
    assert axe_findings(page) == []
    rater = new_page(module_site)
    rater.goto(link)
    rater.get_by_role("button", name="Begin").click()
    expect(rater.locator("[data-card]")).to_have_count(3)
    page.get_by_role("button", name="Revoke every link of ann").click()
    expect(page.locator(".messages")).to_contain_text("No link of ann works any more")
    rater.reload()
    expect(rater.locator("[data-card]")).to_have_count(0)


@pytest.fixture
def addresses(module_site: Site) -> list[str]:
    """Pages of a draft that the lint blocks, of an open study with trouble, and of a closed one."""
    if not Study.objects.filter(name="done").exists():
        draft("blocked", leak=True)
        make_study("busy", dataset="busy", questions=5, overlap=2, sources=LABELS)
        [rater] = make_raters("busy")
        view = services.next_assignment(rater.token).view
        assert view is not None
        services.flag(rater.token, view["token"], reason="wrong answer", comment="It is seven.")
        services.skip(rater.token, view["token"], reason="unclear")
        parked = Slot.objects.filter(study__name="busy", state="open").values_list("pk", flat=True)[:2]
        Slot.objects.filter(pk__in=list(parked)).update(state="parked")
        make_study("done", dataset="done", questions=5, overlap=3, sources=LABELS)
        simulate_raters(Simulation(study="done", raters=4, strengths={LABELS[0]: 1.0}), actor=COMMAND)
        close_study("done", actor=COMMAND)
    return [f"/studies/{page}" for page in PAGES]


@pytest.mark.parametrize(
    ("phone", "dark"), [pytest.param(False, False, marks=pytest.mark.slow), (True, True)]
)
def test_axe_finds_nothing_and_no_page_scrolls_sideways(
    module_site: Site, new_page: NewPage, ada: User, addresses: list[str], phone: bool, dark: bool
) -> None:
    page = sign_in(new_page(module_site, phone=phone, dark=dark), ada)
    page.goto("/studies/done/exports/")
    page.get_by_label("Raters").select_option("simulated")
    page.get_by_role("button", name="Make the export").click()
    expect(page.locator("main a[download]").first).to_be_visible()
    findings: dict[str, list[str]] = {}
    for address in addresses:
        response = page.goto(address)
        assert response is not None and response.status == 200, address
        found = axe_findings(page)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append("scrolls sideways")
        if found:
            findings[address] = found
    assert findings == {}
