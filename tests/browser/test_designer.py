"""Designing a study in a real Chromium: live estimate, no JavaScript, any screen; the preview that can not rate."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from ratings.desk.preview import preview_link
from ratings.slots.models import Rating, Slot
from ratings.studies.models import Study
from tests.services.pages import axe_findings, sign_in
from tests.services.site import Site
from tests.worlds import make_dataset, make_study

NewPage = Callable[..., Page]


@pytest.fixture
def ada(module_site: Site) -> User:
    """An owner, and a dataset to draw from, the same in all tests of this module."""
    if not Study.objects.exists():
        make_dataset(questions=60)
        make_study("running", questions=4, overlap=1, protocol={"a": "gamma", "b": "alpha"})
    return User.objects.get_or_create(username="ada", defaults={"role": "owner"})[0]


def test_the_estimate_follows_the_choices_and_the_draw_leads_to_the_study(
    module_site: Site, new_page: NewPage, ada: User
) -> None:
    page = sign_in(new_page(module_site), ada)
    page.goto("/studies/new/?dataset=sums")
    page.get_by_role("link", name="The STaR paper's study").click()
    estimate = page.locator("#estimate")
    expect(estimate).to_contain_text("20, each up to 10 triples")
    page.get_by_label("Ratings per triple").fill("8")
    page.get_by_label("Name", exact=True).fill("drawn")
    expect(estimate).to_contain_text("40, each up to 10 triples")
    page.get_by_role("button", name="Draw the triples").click()
    page.wait_for_url("**/studies/drawn/")
    expect(page.locator("main")).to_contain_text("50, each rated by 8 raters")


@pytest.mark.slow
def test_without_javascript_it_estimates_and_draws_too(
    module_site: Site, new_page: NewPage, ada: User
) -> None:
    page = sign_in(new_page(module_site, javascript=False, phone=True), ada)
    page.goto("/studies/new/?dataset=sums&preset=publication")
    page.get_by_label("Questions", exact=True).fill("30")
    page.get_by_role("button", name="Estimate again").click()
    expect(page.locator("#estimate")).to_contain_text("150")
    assert page.get_by_label("Questions", exact=True).input_value() == "30", "what was filled in stays"
    expect(page.locator(".field__error")).to_have_count(0)
    page.get_by_label("Name", exact=True).fill("plain")
    page.get_by_role("button", name="Draw the triples").click()
    page.wait_for_url("**/studies/plain/")
    study = Study.objects.get(name="plain")
    assert study.quality["degraded"] == 2 and study.form["reasons"] and study.journey["consent"]


@pytest.mark.parametrize("javascript", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_practice_and_a_check_are_put_together_by_buttons(
    module_site: Site, new_page: NewPage, ada: User, javascript: bool
) -> None:
    page = sign_in(new_page(module_site, javascript=javascript, phone=not javascript), ada)
    page.goto("/studies/new/?dataset=sums&preset=publication")
    page.get_by_role("button", name="Add a question of the dataset").click()
    expect(page.get_by_role("group", name="Practice item 1", exact=True)).to_be_focused()
    page.get_by_label("Or look for one").fill("4 plus")
    page.get_by_role("button", name="Search Practice item 1").click()
    page.get_by_role("button", name="Take Practice item 1").nth(1).click()
    expect(page.get_by_label("Question's id")).to_have_value("q000014")
    expect(page.locator("#practice-0")).to_contain_text("14 + 2 = 16, as one sees at once.")
    page.get_by_label("Place of B").select_option("1")
    page.get_by_label("Feedback").fill("Kept while rows come and go.")
    page.get_by_role("button", name="Add a question", exact=True).click()
    page.locator("#comprehension-0").get_by_label("Question", exact=True).fill("Longest or best?")
    for number, words in enumerate(("longest", "best"), start=1):
        page.get_by_label(f"Choice {number}", exact=True).fill(words)
    page.get_by_label("Right: choice 2").check()
    page.get_by_label("Questions", exact=True).fill("30")
    page.get_by_label("Name", exact=True).fill("rows" if javascript else "plain-rows")
    page.get_by_role("button", name="Draw the triples").click()
    expect(page.locator("#comprehension-0 .field__error")).to_contain_text(
        "Comprehension question 1, explanation:"
    )
    if javascript:
        assert axe_findings(page) == []
    page.get_by_label("Explanation").fill("The best.")
    page.get_by_role("button", name="Draw the triples").click()
    page.wait_for_url("**/studies/*rows/")
    study = Study.objects.get(name="rows" if javascript else "plain-rows")
    [item] = study.journey["practice"]["items"]
    assert (item["question"], item["ranking"]) == ("What is 14 plus two?", [[1]])
    assert study.journey["comprehension"]["questions"][0]["right"] == 1


@pytest.mark.parametrize("javascript", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_preview_is_rated_like_the_real_thing_and_refused(
    module_site: Site, new_page: NewPage, ada: User, javascript: bool
) -> None:
    page = new_page(module_site, javascript=javascript, phone=True)
    page.goto(preview_link(Study.objects.get(name="running")))
    expect(page.locator(".preview")).to_contain_text("No slot is taken")
    for number, place in enumerate(("1st", "2nd", "3rd")):
        page.locator(".rationale").nth(number).locator(".places__place", has_text=place).click()
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("main")).to_contain_text("This link only shows the study")
    assert not Rating.objects.exists()
    assert Slot.objects.filter(study__name="running", state="open").count() == 4


@pytest.mark.parametrize(
    ("phone", "dark"),
    [
        (True, False),
        pytest.param(False, True, marks=pytest.mark.slow),
        pytest.param(True, True, marks=pytest.mark.slow),
        pytest.param(False, False, marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    module_site: Site, new_page: NewPage, ada: User, phone: bool, dark: bool
) -> None:
    page = sign_in(new_page(module_site, phone=phone, dark=dark), ada)
    found = {}
    for address in (
        "/studies/new/?dataset=sums&preset=publication",
        "/plan/?simulations=20",
        "/studies/running/",
        preview_link(Study.objects.get(name="running")),
    ):
        page.goto(address)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if findings := axe_findings(page) + ([f"{wide} px too wide"] if wide > 0 else []):
            found[address] = findings
    assert found == {}
