"""The desk in a real browser: keys, touch, no JavaScript, undo; axe finds nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ratings.slots.models import Assignment, Rating
from ratings.studies.models import Study
from ratings.studies.orders import ORDERS
from tests.desk.rows import make_rater, make_study
from tests.services.pages import axe_findings
from tests.services.site import Site

_numbers = itertools.count(1)

NewPage = Callable[..., Page]


@pytest.fixture
def study(module_site: Site) -> Iterator[Study]:
    """A study of its own for each test, so that one site serves the module."""
    yield make_study(f"trial-{next(_numbers)}", per_rater=12)


def enter(page: Page, study: Study, *, script: bool = True) -> None:
    """Opens a rater's link and presses its button."""
    page.goto(f"/join/{make_rater(study, f'rater-{next(_numbers)}')}/")
    page.get_by_role("button", name="Begin").click()
    if script:
        expect(page.locator("html.has-script")).to_have_count(1)


def card(page: Page, position: int) -> Any:
    return page.locator("[data-card]").nth(position)


def place(page: Page, position: int) -> str:
    """The place that a card has: "1", "2", "3" or ""."""
    checked = card(page, position).locator("input:checked")
    return str(checked.input_value()) if checked.count() else ""


def places(page: Page) -> str:
    return "".join(place(page, position) or "-" for position in range(3))


def stored(study: Study) -> list[list[int]]:
    """The latest rating as positions: best first, ties in one group."""
    rating = Rating.objects.filter(study=study, current=True).latest("id")
    positions = {source: position for position, source in enumerate(ORDERS[rating.order or 0])}
    return [sorted(positions[source] for source in group) for group in rating.ranking]


def saved(page: Page, done: int) -> None:
    expect(page.locator(".question__progress")).to_contain_text(f"{done} of 12 rated")


def test_a_triple_is_rated_with_keys_alone(module_site: Site, new_page: NewPage, study: Study) -> None:
    page = new_page(module_site)
    enter(page, study)
    for key in ("3", "1", "2"):
        page.keyboard.press(key)
    assert places(page) == "231"
    page.keyboard.press("Enter")
    saved(page, 1)
    assert stored(study) == [[2], [0], [1]]
    assert places(page) == "---"
    # The swap moves the focus and announces itself.
    expect(page.locator("#announcer")).to_have_text("Saved. Next question.")
    expect(page.locator("#question-heading")).to_be_focused()


def test_ties_all_bad_and_taking_back_by_key(module_site: Site, new_page: NewPage, study: Study) -> None:
    page = new_page(module_site)
    enter(page, study)
    for keys, expected in (
        (("1", "=", "3"), "1-1"),  # the third card shares the place of the first
        (("2",), "121"),
        (("1",), "-21"),  # taken back; the third still holds the first place
        (("1",), "321"),
        (("u",), "-21"),
        (("u", "u"), "---"),
        (("2", "1", "3", "="), "212"),  # all placed: the last joins the one before it
    ):
        for key in keys:
            page.keyboard.press(key)
        assert places(page) == expected, keys
    page.keyboard.press("0")
    expect(page.get_by_label("All bad")).to_be_checked()
    page.keyboard.press("Enter")
    saved(page, 1)
    assert stored(study) == [[1], [0, 2]]
    assert Rating.objects.get(study=study).all_bad


def test_nothing_is_sent_before_something_is_judged(
    module_site: Site, new_page: NewPage, study: Study
) -> None:
    page = new_page(module_site)
    enter(page, study)
    page.keyboard.press("Enter")
    expect(page.locator("[data-status]")).to_contain_text("Give at least one a place")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator("[data-status]")).to_contain_text("Two have no place")
    assert not Rating.objects.filter(study=study).exists()
    page.keyboard.press("Enter")
    saved(page, 1)
    assert stored(study) == [[0]]


def test_tapping_cards_in_turn_on_a_small_phone(module_site: Site, new_page: NewPage, study: Study) -> None:
    page = new_page(module_site, phone=True)
    page.set_viewport_size({"width": 360, "height": 740})
    enter(page, study)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for position in (1, 2, 0):
        card(page, position).locator(".rationale__text").tap()
    assert places(page) == "312"
    card(page, 2).locator(".rationale__text").tap()
    assert places(page) == "21-"
    card(page, 2).locator(".rationale__text").tap()
    expect(page.locator(".question__text")).to_be_in_viewport()
    page.get_by_role("button", name="Submit").tap()
    saved(page, 1)
    assert stored(study) == [[1], [0], [2]]


def test_every_control_can_be_hit_by_a_thumb(module_site: Site, new_page: NewPage, study: Study) -> None:
    page = new_page(module_site, phone=True)
    enter(page, study)
    controls = page.locator("button, summary, select, .places__place, .actions__toggle, .desk-header a")
    seen = 0
    for control in controls.all():
        box = control.bounding_box()
        if box is not None and control.is_visible():
            seen += 1
            assert box["height"] >= 44, control.evaluate("node => node.outerHTML")
            assert box["width"] >= 44, control.evaluate("node => node.outerHTML")
    assert seen >= 15


def test_a_rating_without_javascript(module_site: Site, new_page: NewPage, study: Study) -> None:
    page = new_page(module_site, javascript=False)
    enter(page, study, script=False)
    for position, name in enumerate(("2nd", "1st", "1st")):
        card(page, position).get_by_label(name).check()
    page.get_by_role("button", name="Submit").click()
    saved(page, 1)
    assert stored(study) == [[1, 2], [0]]
    page.get_by_text("Skip", exact=True).click()
    page.get_by_label("Reason").select_option("unclear")
    page.get_by_role("button", name="Skip this one").click()
    expect(page.locator("#note")).to_contain_text("Skipped.")
    assert Rating.objects.get(study=study, skipped=True).skip_reason == "unclear"
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#note")).to_contain_text("that you skipped")
    assert not Rating.objects.filter(study=study, skipped=True, current=True).exists()


def test_undo_after_a_submit_revises_that_rating(module_site: Site, new_page: NewPage, study: Study) -> None:
    page = new_page(module_site)
    enter(page, study)
    for key in ("1", "2", "3", "Enter"):
        page.keyboard.press(key)
    saved(page, 1)
    page.keyboard.press("u")
    page.wait_for_url("**/ratings/*/")
    expect(page.locator("html.has-script")).to_have_count(1)
    assert places(page) == "123"
    card(page, 0).get_by_label("3rd").check()
    card(page, 2).get_by_label("1st").check()
    page.get_by_role("button", name="Save revision").click()
    expect(page.locator("#note")).to_contain_text("Your revision is saved")
    assert stored(study) == [[2], [1], [0]]
    assert Rating.objects.filter(study=study).count() == 2


def test_skip_and_undo_by_key_bring_the_same_triple_back(
    module_site: Site, new_page: NewPage, study: Study
) -> None:
    page = new_page(module_site)
    enter(page, study)
    token = page.locator("input[name=token]")
    first = token.input_value()
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Skip this one")).to_be_focused()
    page.keyboard.press("s")
    expect(page.locator("#note")).to_contain_text("Skipped.")
    assert token.input_value() != first
    page.keyboard.press("u")
    expect(page.locator("#note")).to_contain_text("that you skipped")
    assert token.input_value() == first
    assert Assignment.objects.get(token=first).state == "held"


def test_single_keys_can_be_turned_off_for_good(module_site: Site, new_page: NewPage, study: Study) -> None:
    page = new_page(module_site)
    enter(page, study)
    page.keyboard.press("?")
    page.get_by_label("Single keys are on").uncheck()
    page.get_by_role("button", name="Back to rating").click()
    page.keyboard.press("1")
    assert places(page) == "---"
    page.reload()
    expect(page.locator("html.keys-off")).to_have_count(1)
    page.keyboard.press("1")
    assert places(page) == "---"
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Single keys are on").check()
    page.get_by_role("button", name="Back to rating").click()
    page.keyboard.press("1")
    assert places(page) == "1--"


def test_active_seconds_are_counted_while_the_page_is_looked_at(
    module_site: Site, new_page: NewPage, study: Study
) -> None:
    page = new_page(module_site)
    page.clock.install()
    enter(page, study)
    page.keyboard.press("1")
    page.clock.run_for(5_000)
    page.keyboard.press("2")
    page.clock.run_for(40_000)  # nobody touches anything: only the first half minute counts
    for key in ("3", "Enter"):
        page.keyboard.press(key)
    page.clock.run_for(1_000)
    saved(page, 1)
    seconds = Rating.objects.get(study=study).active_seconds
    assert seconds is not None
    assert 33 <= seconds <= 37


def test_a_study_that_closes_meanwhile_says_so(module_site: Site, new_page: NewPage, study: Study) -> None:
    page = new_page(module_site)
    enter(page, study)
    Study.objects.filter(pk=study.pk).update(state="closed")
    for key in ("1", "2", "3", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name="The study is closed")).to_be_visible()
    assert not Rating.objects.filter(study=study).exists()


@pytest.mark.parametrize(
    ("phone", "dark"),
    [
        pytest.param(False, False, id="desktop", marks=pytest.mark.slow),
        pytest.param(True, True, id="phone in the dark"),
        pytest.param(False, True, id="desktop in the dark", marks=pytest.mark.slow),
        pytest.param(True, False, id="phone", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing(
    module_site: Site, new_page: NewPage, study: Study, phone: bool, dark: bool
) -> None:
    page = new_page(module_site, phone=phone, dark=dark)
    findings: dict[str, list[str]] = {}
    page.goto(f"/join/{make_rater(study, f'rater-{next(_numbers)}')}/")
    findings["join"] = axe_findings(page)
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("html.has-script")).to_have_count(1)
    findings["rate"] = axe_findings(page)
    for position in range(3):
        card(page, position).locator(".rationale__text").click()
    findings["ranked"] = axe_findings(page)
    page.get_by_role("button", name="Submit").click()
    saved(page, 1)
    page.get_by_text("Skip", exact=True).click()
    findings["after"] = axe_findings(page)
    page.keyboard.press("?")
    findings["help"] = axe_findings(page)
    for path in ("ratings/", "nowhere/"):
        page.goto(f"/rate/{study.name}/{path}")
        findings[path] = axe_findings(page)
    page.goto(f"/rate/{study.name}/ratings/")
    page.get_by_role("link", name="Revise").click()
    findings["revise"] = axe_findings(page)
    page.goto("/style-guide/")
    findings["style guide"] = axe_findings(page)
    for state in ("paused", "closed"):
        Study.objects.filter(pk=study.pk).update(state=state)
        page.goto(f"/rate/{study.name}/")
        findings[state] = axe_findings(page)
    assert {name: found for name, found in findings.items() if found} == {}
