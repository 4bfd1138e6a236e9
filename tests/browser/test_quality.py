"""The quality pages in a real Chromium: careless raters stand out, deciding takes a preview, axe finds nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.audit import COMMAND
from accounts.models import User
from ratings.crowd.simulation import Simulation, simulate_raters
from ratings.quality.decisions import decide
from ratings.slots.models import Rater
from ratings.studies.models import Study
from tests.console.ladder import LABELS
from tests.services.pages import axe_findings, sign_in
from tests.services.site import Site
from tests.worlds import make_study

NewPage = Callable[..., Page]

MIX = {"checks": 2, "degraded": 2, "repeats": 2}
PAY = {"currency": "GBP", "per_rater": "0.70", "hourly_floor": 9}
WHY = "Both instruction checks of this session were answered otherwise than they said; nothing else is held against you"


@pytest.fixture(scope="module")
def judged(module_site: Site) -> Study:
    """Nine simulated raters, three of them careless; one excluded, one not paid."""
    study = make_study(
        "watched",
        dataset="watched",
        questions=24,
        per_rater=8,
        overlap=4,
        sources=LABELS,
        quality=MIX,
        pay=PAY,
    )
    simulate_raters(Simulation(study="watched", raters=9, careless=3, seed=5), actor=COMMAND)
    one, other = (f"simulated-1-{number}" for number in (7, 8))
    decide("watched", [one], matter="analysis", verdict="excluded", reason="Read nothing.", actor=COMMAND)
    decide("watched", [other], matter="payment", verdict="rejected", reason=WHY, actor=COMMAND)
    return study


@pytest.fixture
def ada(module_site: Site) -> User:
    return User.objects.get_or_create(username="ada", defaults={"role": "owner"})[0]


QUALITY = "/studies/watched/quality/?raters=simulated"


@pytest.mark.parametrize(
    ("phone", "dark"),
    [pytest.param(False, False, marks=pytest.mark.slow), (True, True)],
    ids=["desktop-light", "phone-dark"],
)
def test_the_pages_are_whole_and_accessible(new_page: NewPage, module_site: Site, judged, ada, phone, dark):
    page = sign_in(new_page(module_site, phone=phone, dark=dark), ada)
    found: dict[str, list[str]] = {}
    for address in (QUALITY, "/studies/watched/quality/raters/simulated-1-9/", "/studies/watched/quality/"):
        page.goto(address)
        if address == QUALITY:
            expect(page.locator(".chart__plot svg").nth(1)).to_be_visible(timeout=30_000)
        findings = axe_findings(page)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            findings.append("scrolls sideways")
        if findings:
            found[address] = findings
    assert found == {}


@pytest.mark.parametrize("javascript", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_raters_are_excluded_after_a_preview(new_page: NewPage, module_site: Site, judged, ada, javascript):
    page = sign_in(new_page(module_site, javascript=javascript), ada)
    Rater.objects.filter(name="simulated-1-9").update(included=True)
    page.goto(QUALITY)
    # The three careless ones stand on top.
    tops = page.locator(".quality-table tbody tr").filter(has_text="Looks careless")
    assert tops.count() == 3
    page.get_by_label("Choose simulated-1-9").check()
    page.get_by_label("Reason").fill("Answers faster than anybody reads.")
    page.get_by_role("button", name="Preview the decision").click()
    expect(page.get_by_role("heading", name="1 rater would change")).to_be_visible()
    assert Rater.objects.get(name="simulated-1-9").included
    assert javascript is False or axe_findings(page) == []
    page.get_by_role("button", name="Exclude from the analysis").click()
    expect(page.locator(".messages")).to_contain_text("1 rater excluded from the analysis")
    assert not Rater.objects.get(name="simulated-1-9").included


def test_pay_is_not_withheld_without_a_reason_and_a_warning(
    new_page: NewPage, module_site: Site, judged, ada
):
    page = sign_in(new_page(module_site), ada)
    page.goto("/studies/watched/quality/raters/simulated-1-1/")
    page.get_by_label("Decision").select_option(label="Withhold payment")
    page.get_by_label("Reason").fill("Does not agree.")
    page.get_by_role("button", name="Preview the decision").click()
    expect(page.locator(".field__error")).to_contain_text("at least 100 characters")
    expect(page.get_by_role("button", name="Withhold payment")).to_have_count(0)
    page.get_by_label("Reason").fill(WHY)
    page.get_by_role("button", name="Preview again").click()
    expect(page.get_by_text("No ground for 1 of them")).to_be_visible()
    expect(page.get_by_role("button", name="Withhold payment")).to_be_visible()
