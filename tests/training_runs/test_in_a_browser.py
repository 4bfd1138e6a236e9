"""From the browser: STaR is launched, watched, cancelled, resumed and finished by a Celery worker over Redis."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from generation.registry.models import LanguageModel
from tests.services.pages import axe_findings, sign_in
from tests.services.site import Site
from tests.services.worker import Worker, wait_for
from tests.training_runs.worlds import base, make_sums
from training.runs.models import ExampleBatch, TrainingRun

NewPage = Callable[..., Page]


def fill(page: Page, **values: object) -> None:
    """Types into the launch form, opening whatever group a key stands in."""
    for group in page.locator("details.launch__group").all():
        if group.get_attribute("open") is None:
            group.locator("> summary").click()
    for name, value in values.items():
        field = page.locator(f"[name={name}]")
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(str(value))
        else:
            field.fill(str(value))


@pytest.mark.parametrize("phone", [False])
def test_a_run_is_launched_watched_cancelled_resumed_and_finished(
    live_site: Site, make_worker: Callable[..., Worker], new_page: NewPage, engineer: User, phone: bool
) -> None:
    make_sums()
    base()
    page = sign_in(new_page(live_site, phone=phone), engineer)
    page.goto("/runs/new/")
    assert axe_findings(page) == []
    page.get_by_role("link", name="star", exact=True).click()
    fill(
        page,
        label="first-star",
        dataset="sums",
        base="tiny-base",
        iterations=2,
        questions_per_iteration=40,
        batch_questions=4,
        validation_questions=6,
        # Long enough to be cancelled in, however quick the machine is.
        first_steps=40,
        steps_growth=1,
        learning_rate=0.0001,
    )
    assert axe_findings(page) == []
    page.get_by_role("button", name="Launch").click()
    expect(page.get_by_text("first-star is launched.")).to_be_visible()
    # Nobody works yet, and the page says so.
    expect(page.get_by_text("No worker on queue train")).to_be_visible()
    run = TrainingRun.objects.get()
    make_worker(queues="train", JOB_LEASE_SECONDS="4")
    # The page follows by itself.
    expect(page.locator(".live__state .badge")).to_have_text("Running", timeout=60_000)
    wait_for(lambda: ExampleBatch.objects.filter(run=run).exists())
    expect(page.locator(".strip__stage--now")).to_be_visible()
    page.locator(f"#cancel-{run.job_id}").click()
    expect(page.locator(".live__state .badge")).to_have_text("Cancelled", timeout=30_000)
    assert not LanguageModel.objects.filter(label="first-star").exists()
    sampled = ExampleBatch.objects.filter(run=run).count()
    assert 0 < sampled < 20
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".live__state .badge")).to_have_text("Finished", timeout=90_000)
    made = page.get_by_role("region", name="Models")
    expect(made.get_by_role("link", name="first-star", exact=True)).to_be_visible(timeout=15_000)
    table = page.locator(f"#iterations-{run.pk}")
    expect(table.locator("tbody tr")).to_have_count(3)
    expect(page.locator("figure[data-chart] svg").first).to_be_visible()
    expect(page.get_by_role("heading", name="The same questions, iteration by iteration")).to_be_visible()
    expect(page.get_by_role("region", name="What it took")).to_be_visible()
    page.locator("details.card > summary").first.click()
    assert axe_findings(page) == []
    page.get_by_role("link", name="Examples").first.click()
    page.get_by_label("Fate").select_option("kept")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("article.example").first).to_contain_text("Kept")
    assert axe_findings(page) == []
    assert LanguageModel.objects.get(label="first-star").checkpoint.run == run
