"""The desk with everything on, as it is read: by axe, in German, by a screen reader, and over a thin line."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.desk_steps import (
    EVERYTHING,
    card,
    enter,
    press,
    slow,
    study_of,
)
from tests.services.pages import axe_findings
from tests.services.site import Site

NewPage = Callable[..., Page]


@pytest.mark.parametrize("look", [slow("light"), slow("dark"), "forced"])
@pytest.mark.slow
def test_axe_finds_nothing_with_everything_on(module_site: Site, new_page: NewPage, look: str) -> None:
    study = study_of(**EVERYTHING)
    page = new_page(
        module_site,
        phone=look == "dark",
        dark=look == "dark",
        **({"forced_colors": "active"} if look == "forced" else {}),
    )
    enter(page, study)
    findings = {"empty": axe_findings(page)}
    for position in range(3):
        card(page, position).locator(".step__text").first.click()
        card(page, position).locator(".why summary").click()
        card(page, position).locator(".chip").first.click()
    card(page, 0).locator(".step__mark").first.click()
    page.locator(".sure .places__place").first.click()
    page.locator(".doubts .chip").first.click()
    findings["full"] = axe_findings(page)
    page.locator(".flag summary").click()
    findings["flag"] = axe_findings(page)
    page.locator(".flag summary").click()
    page.keyboard.press("?")
    findings["help"] = axe_findings(page)
    assert {name: found for name, found in findings.items() if found} == {}


def test_a_phone_in_german(module_site: Site, new_page: NewPage) -> None:
    study = study_of(**EVERYTHING)
    page = new_page(module_site, phone=True, locale="de-DE")
    page.set_viewport_size({"width": 360, "height": 740})
    enter(page, study)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    card(page, 0).locator(".step__text").first.tap()
    expect(page.locator("#announcer")).to_have_text("Raute: 1.")
    expect(page.locator("[data-status]")).to_have_text("Nun die zweitbeste.")
    assert axe_findings(page) == []


def test_what_a_screen_reader_is_told(module_site: Site, new_page: NewPage) -> None:
    """The accessibility tree of the whole form: every control has its role, its name and the card it belongs to."""
    study = study_of(**EVERYTHING)
    page = new_page(module_site)
    enter(page, study)
    tree = page.locator("#judging").aria_snapshot()
    for part in (
        '- heading "Question" [level=1]',
        '- region "The question and its answer"',
        '- article "Rationale Diamond"',
        '- article "Rationale Circle"',
        '- article "Rationale Triangle"',
        'group "Diamond: the first wrong step"',
        '- radio "Step 1 is the first wrong one"',
        '- button "Mark the first wrong step Diamond"',
        '- group "Place of Diamond"',
        '- radio "1st"',
        '- group "How sure are you? c"',
        '- group "Is something wrong with the question?"',
        '- checkbox "The given answer is wrong"',
        '- button "Submit Enter"',
        '- checkbox "All bad 0"',
    ):
        assert part in tree, f"{part} is not in\n{tree}"
    press(page, "1")
    assert '- radio "1st" [checked]' in page.locator("#judging").aria_snapshot()
    expect(page.locator("#announcer")).to_have_text("Diamond: 1st.")


def test_the_first_load_with_everything_on(module_site: Site, new_page: NewPage) -> None:
    study = study_of(**EVERYTHING)
    page = new_page(module_site)
    enter(page, study)
    cookies = page.context.cookies()
    fresh = new_page(module_site)
    fresh.context.add_cookies([dict(cookie) for cookie in cookies])  # type: ignore[misc]
    answers: list[Response] = []
    fresh.on("response", lambda answer: answers.append(answer))
    fresh.goto(page.url, wait_until="networkidle")
    sizes = {answer.url: answer.request.sizes() for answer in answers}
    # Less than 10 requests and 60 KB is the promise; everything that a form can ask for is on this page.
    total = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes.values())
    assert len(sizes) <= 9, sorted(sizes)
    assert total < 45_000, (total, sizes)
    assert all(answer.ok for answer in answers)
    assert not [url for url in sizes if "journey" in url or "preview" in url or "console" in url]
