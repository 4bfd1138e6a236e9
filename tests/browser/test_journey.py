"""Before and after rating in a real browser: every page by keyboard and touch, with and without scripts; axe."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from ratings.slots.models import Rater
from ratings.studies.models import Study
from tests.journeys.ways import WHOLE, walk
from tests.services.pages import axe_findings
from tests.services.site import Site
from tests.worlds import make_raters, make_study

NewPage = Callable[..., Page]

_numbers = itertools.count(1)


def enter(page: Page) -> tuple[str, str]:
    """A study of its own and a rater at its first page: the study's name and the rater's secret."""
    number = next(_numbers)
    name = f"way-{number}"
    make_study(name, dataset=f"sums-{number}", questions=4, per_rater=3, journey=WHOLE)
    [rater] = make_raters(name, count=1)
    page.goto(f"/join/{rater.token}/")
    page.get_by_role("button", name="Begin").click()
    return name, rater.token


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def no_wider_than_the_screen(page: Page) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0


def look(page: Page, found: dict[str, list[str]], name: str) -> None:
    found[name] = axe_findings(page)
    no_wider_than_the_screen(page)


@pytest.mark.parametrize(
    ("phone", "dark"),
    [
        pytest.param(True, False, id="phone-light"),
        pytest.param(False, True, id="desktop-dark", marks=pytest.mark.slow),
    ],
)
@pytest.mark.slow
def test_axe_finds_nothing_on_the_whole_way(
    module_site: Site, new_page: NewPage, phone: bool, dark: bool
) -> None:
    page = new_page(module_site, phone=phone, dark=dark)
    found: dict[str, list[str]] = {}
    study, secret = enter(page)
    heading(page, "Before you begin")
    look(page, found, "consent")
    page.get_by_role("button", name="I agree and take part").click()
    heading(page, "What you will do")
    look(page, found, "instructions")
    page.get_by_role("button", name="Go on").click()
    look(page, found, "practice")
    for _ in range(2):
        page.get_by_role("link", name="practise", exact=False).click()
        expect(page.locator("html.has-script")).to_have_count(1)
        for card in page.locator("[data-card]").all():
            card.locator(".rationale__text").click()
        page.get_by_role("button", name="Submit").click()
        expect(page.get_by_text("A careful rater").first).to_be_visible()
    look(page, found, "feedback")
    page.get_by_role("button", name="Practice is over").click()
    page.get_by_label("Answers").check()
    page.get_by_label("Yes").check()
    look(page, found, "check")
    page.get_by_role("button", name="Answer").click()
    heading(page, "Almost: please look again")
    look(page, found, "explained")
    page.get_by_label("Rationales").check()
    page.get_by_role("button", name="Answer").click()
    expect(page.locator("#judging")).to_be_visible()
    expect(page.get_by_role("link", name="Leave")).to_be_visible()
    no_wider_than_the_screen(page)
    page.goto(f"/rate/{study}/leave/")
    look(page, found, "leave")
    walk(secret, to="debrief")
    page.goto(f"/rate/{study}/")
    heading(page, "All rated. One more thing.")
    page.locator(".places__place").first.click()
    look(page, found, "debrief")
    page.get_by_role("button", name="Finish").click()
    heading(page, "Thank you. You are done.")
    look(page, found, "done")
    Study.objects.filter(name=study).update(state="closed")
    page.goto(f"/rate/{study}/")
    heading(page, "The study is closed")
    look(page, found, "closed")
    page.get_by_role("link", name="Show me what I preferred").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("You")
    look(page, found, "reveal")
    for stage in ("declined", "withdrawn", "screened_out", "failed_check"):
        Study.objects.filter(name=study).update(state="open")
        Rater.objects.filter(study__name=study).update(stage=stage)
        page.goto(f"/rate/{study}/")
        look(page, found, stage)
    assert {name: findings for name, findings in found.items() if findings} == {}


def test_the_way_is_gone_by_keyboard_alone(module_site: Site, new_page: NewPage) -> None:
    page = new_page(module_site)
    enter(page)
    heading(page, "Before you begin")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="I agree and take part")).to_be_focused()
    page.keyboard.press("Enter")
    heading(page, "What you will do")
    for _ in range(3):  # skip link, leave, go on
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    heading(page, "A little practice first")


def test_the_code_is_copied(module_site: Site, new_page: NewPage) -> None:
    page = new_page(module_site)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    study, secret = enter(page)
    walk(secret)
    page.goto(f"/rate/{study}/")
    page.get_by_role("button", name="Copy the code").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "C-DONE"
    link = page.get_by_role("link", name="Take it back to the panel")
    expect(link).to_have_attribute("href", "https://panel.example/complete?cc=C-DONE")
