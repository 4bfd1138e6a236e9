"""Figures as they are drawn, and the exact prompt of a training example as it is copied."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.audit import COMMAND
from accounts.models import User
from tests.services.pages import axe_findings, sign_in
from tests.services.site import Site
from tests.training_runs.test_figure_runs import finished
from tests.training_runs.worlds import make_sums, staged
from training.figures.making import make_figure

NewPage = Callable[..., Page]

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("phone", [False, True])
def test_a_figure_is_drawn_beside_its_table_and_can_be_had_as_files(
    live_site: Site, new_page: NewPage, engineer: User, phone: bool
) -> None:
    make_sums(count=60)
    runs = [finished(f"with-{seed}", [0.3, 0.5, 0.6 + 0.1 * seed], seed=seed) for seed in (0, 1)]
    runs.append(finished("without", [0.3, 0.4, 0.4], rationalize=False))
    page = sign_in(new_page(live_site, phone=phone), engineer)
    page.goto(f"/runs/{runs[0].pk}/")
    page.get_by_role("link", name="Figure", exact=True).click()
    assert axe_findings(page) == []
    page.get_by_label("Addition by number of digits").check()
    for run in runs:
        page.get_by_label(f"{run.label}:").check()
    page.get_by_role("button", name="Draw").click()
    expect(page.locator("figure[data-chart] svg")).to_have_count(2, timeout=20_000)
    expect(page.get_by_role("table").first).to_be_visible()
    assert axe_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with page.expect_download() as download:
        page.get_by_role("link", name="PNG", exact=True).click()
    assert download.value.suggested_filename.startswith("addition-")
    page.get_by_role("link", name="Figures", exact=True).click()
    assert axe_findings(page) == []


def test_the_exact_prompt_of_an_example_is_copied_and_without_javascript_it_can_be_selected(
    live_site: Site, new_page: NewPage, engineer: User
) -> None:
    make_sums(count=60)
    run = staged()
    example = run.examples.select_related("prefix").get(origin="rationalized")
    page = sign_in(new_page(live_site), engineer)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/runs/{run.pk}/examples/")
    assert axe_findings(page) == []
    article = page.locator(f"#example-{example.pk}")
    for place, text in enumerate([example.prompt, example.training_prompt, example.completion]):
        button = article.get_by_role("button").nth(place)
        button.click()
        expect(button).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == text
    plain = sign_in(new_page(live_site, javascript=False), engineer)
    plain.goto(f"/runs/{run.pk}/examples/")
    assert plain.locator(f"#sent-{example.pk}").text_content() == example.prompt
    expect(plain.get_by_role("button", name="Copy")).to_have_count(0)


def test_without_javascript_a_figure_is_its_tables(
    live_site: Site, new_page: NewPage, engineer: User
) -> None:
    make_sums(count=60)
    made = make_figure("addition", [finished("done", [0.3, 0.5])], actor=COMMAND)
    page = sign_in(new_page(live_site, javascript=False), engineer)
    page.goto(f"/figures/{made.pk}/")
    expect(page.get_by_role("cell", name="50.0", exact=True)).to_be_visible()
