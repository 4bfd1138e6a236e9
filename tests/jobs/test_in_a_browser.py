"""A job followed in a real browser: it moves, is cancelled, resumed and ends, and its curves are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from jobs.models import Job, Metric
from jobs.services import run_here
from tests.browser.test_console import sign_in
from tests.jobs.conftest import KINDS, launch, new_job
from tests.services.pages import axe_findings
from tests.services.site import Site
from tests.services.worker import Worker, Workers

#: Milliseconds for what a worker, its child and the page's next look take on a busy machine.
PATIENCE = 60_000

NewPage = Callable[..., Page]


@pytest.fixture(scope="module")
def busy_site(module_site: Site) -> Any:
    """The module's site with a worker that knows the kinds of these tests."""
    workers = Workers(module_site)
    worker: Worker = workers.make(**KINDS)
    yield worker.site
    workers.stop()


def with_curves(job: Job, points: int = 20) -> Job:
    Metric.objects.bulk_create(
        Metric(job=job, series=series, step=step, value=1 / step)
        for series in ("loss/train", "loss/validation", "accuracy")
        for step in range(1, points + 1)
    )
    return job


@pytest.mark.slow
def test_a_job_is_watched_cancelled_resumed_and_watched_to_its_end(
    busy_site: Site, new_page: NewPage
) -> None:
    page = new_page(busy_site)
    sign_in(page)
    job = launch("count_slowly")
    page.goto(f"/jobs/{job.pk}/")
    live = page.locator(f"#live-{job.pk}")
    expect(live).to_contain_text("Running", timeout=PATIENCE)
    # Not one load of the page: the parts fetch themselves, and the curve is drawn as soon as there is one.
    expect(live).to_contain_text("of 10000", timeout=PATIENCE)
    expect(page.locator("figure[data-chart] svg").first).to_be_visible(timeout=PATIENCE)
    live.locator("summary").click()
    expect(live.locator("pre")).to_contain_text("counting from 0", timeout=PATIENCE)
    page.get_by_role("button", name="Cancel").click()
    expect(live).to_contain_text("Cancelled", timeout=PATIENCE)
    assert live.get_attribute("hx-get") is None
    Job.objects.filter(pk=job.pk).update(kind="count")
    page.get_by_role("button", name="Resume").click()
    expect(live).to_contain_text("Finished", timeout=PATIENCE)
    assert live.get_attribute("hx-get") is None


@pytest.mark.parametrize(
    ("phone", "dark"), [(True, True), pytest.param(False, False, marks=pytest.mark.slow)]
)
def test_a_jobs_pages_are_accessible_and_fit(
    busy_site: Site, new_page: NewPage, phone: bool, dark: bool
) -> None:
    page = new_page(busy_site, phone=phone, dark=dark)
    sign_in(page)
    job = with_curves(new_job())
    run_here(job.pk)
    for address in ("/jobs/", f"/jobs/{job.pk}/"):
        page.goto(address)
        if address != "/jobs/":
            expect(page.locator("figure[data-chart] svg")).to_have_count(3, timeout=PATIENCE)
        assert axe_findings(page) == []
        wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wider)


@pytest.mark.slow
def test_a_chart_follows_the_readers_choice_of_light_or_dark(busy_site: Site, new_page: NewPage) -> None:
    page = new_page(busy_site)
    sign_in(page)
    job = with_curves(new_job())
    run_here(job.pk)
    page.goto(f"/jobs/{job.pk}/")
    line = page.locator("figure[data-chart] svg .mark-line path").first
    expect(line).to_be_visible(timeout=PATIENCE)
    light = line.get_attribute("stroke")
    page.emulate_media(color_scheme="dark")
    expect(line).not_to_have_attribute("stroke", light or "", timeout=PATIENCE)


def test_without_javascript_a_job_is_shown_with_its_numbers_and_cancelled(
    busy_site: Site, new_page: NewPage
) -> None:
    page = new_page(busy_site, javascript=False)
    sign_in(page)
    job = with_curves(new_job("ignore_cancelling"), points=3)
    Job.objects.filter(pk=job.pk).update(queue="nobody")
    page.goto("/jobs/")
    page.get_by_role("link", name=job.title).first.click()
    expect(page.get_by_text("Load again")).to_be_visible()
    page.locator("#content figure summary").first.click()
    expect(page.locator("figure table").first).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("It is cancelled.")).to_be_visible()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
