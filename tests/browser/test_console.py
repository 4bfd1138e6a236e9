"""The whole loop in a real browser, without JavaScript: a file, a study, a rater, results, preference data."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from accounts import tokens
from accounts.models import User
from accounts.roles import Role
from ratings.library.models import Dataset
from ratings.studies.models import Study
from tests.services.site import Site
from tests.worlds import SOURCES, text_of

NewPage = Callable[..., Page]


def sign_in(page: Page, role: Role = Role.OWNER) -> None:
    """Opens a one-use link of a person of this role and presses its button."""
    name = role.value.replace("_", "-")
    user = User.objects.filter(username=name).first() or User.objects.create_user(name, role=role)
    page.goto(f"/join/{tokens.mint_sign_in_link(user)}/")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")


def sums_file(folder: Path, *, count: int) -> Path:
    """Questions with three rationales beside each, as JSON lines."""
    rows = [
        {
            "id": f"sum-{number}",
            "question": f"What is {number} plus two?",
            "answer": str(number + 2),
            "rationales": [
                {"source": label, "text": f"{text_of(index, number)}\n#### {number + 2}"}
                for index, label in enumerate(SOURCES)
            ],
        }
        for number in range(count)
    ]
    path = folder / "sums.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_without_javascript_a_file_becomes_a_study_and_its_rankings_become_a_file(
    module_site: Site, new_page: NewPage, tmp_path: Path
) -> None:
    name = "journey"
    page = new_page(module_site, javascript=False, accept_downloads=True)
    sign_in(page)

    page.goto("/datasets/import/")
    page.get_by_label("File", exact=True).set_input_files(sums_file(tmp_path, count=4))
    page.get_by_label("Dataset").fill(name)
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("main")).to_contain_text("Nothing is written yet")
    assert not Dataset.objects.filter(name=name).exists()
    page.get_by_role("button", name=f"Import into {name}").click()
    page.wait_for_url(f"**/datasets/{name}/")

    page.goto(f"/studies/new/?dataset={name}")
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_label("Ratings per triple").fill("2")
    page.get_by_role("button", name="Draw the").click()
    page.wait_for_url(f"**/studies/{name}/")
    page.get_by_role("button", name="Open the study").click()
    expect(page.locator("h1")).to_contain_text("Open")
    assert Study.objects.get(name=name).state == "open"

    page.goto(f"/studies/{name}/raters/")
    page.get_by_label("Name").fill("ann")
    page.get_by_role("button", name="Make links").click()
    link = page.locator("textarea").input_value().split()[1]
    rater = new_page(module_site, javascript=False)
    rater.goto(module_site.path_of(link))
    rater.get_by_role("button", name="Begin").click()
    for position in range(3):
        rater.locator("[data-card]").nth(position).locator("label").nth(position).click()
    rater.get_by_role("button", name="Submit").click()
    expect(rater.locator(".question__progress")).to_contain_text("1 rated")

    page.goto(f"/studies/{name}/results/")
    assert not any(label in page.locator("main").inner_text() for label in SOURCES)
    page.goto(f"/studies/{name}/")
    page.locator("summary", has_text="Close").click()
    page.get_by_role("button", name="Close it for good").click()
    expect(page.locator("h1")).to_contain_text("Closed")
    page.goto(f"/studies/{name}/results/")
    for label in SOURCES:
        expect(page.locator("main")).to_contain_text(label)

    page.goto(f"/studies/{name}/exports/")
    page.get_by_label("Format").select_option("trl-preference")
    page.get_by_role("button", name="Make the export").click()
    with page.expect_download() as download:
        page.locator("main a[download]").first.click()
    rows = [json.loads(line) for line in Path(download.value.path()).read_text().splitlines()]
    assert len(rows) == 3 and set(rows[0]) == {"prompt", "chosen", "rejected"}
