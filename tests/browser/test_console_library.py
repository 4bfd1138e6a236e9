"""The researcher's library pages in a real Chromium: from a file to a draft; axe finds nothing; none is too wide."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts import tokens
from accounts.models import User
from ratings.library.models import Question
from ratings.studies.models import Study
from tests.services.pages import axe_findings
from tests.services.site import Site
from tests.worlds import SOURCES, make_dataset, make_study, text_of

NewPage = Callable[..., Page]

LONG = "pneumonoultramicroscopic" * 8


@pytest.fixture
def grace(module_site: Site) -> User:
    """An engineer, the same in all tests of this module."""
    return User.objects.get_or_create(username="grace", defaults={"role": "engineer"})[0]


@pytest.fixture
def library(module_site: Site) -> None:
    """A study over a dataset, and a question whose texts are hard to lay out."""
    if Study.objects.filter(name="trial").exists():
        return
    make_study(questions=6)
    question = Question.objects.get(dataset__name="sums", external_id="q000000")
    question.revisions.update(text=f"{LONG} <script>alert(1)</script>?")
    question.rationales.filter(source__label="alpha").update(
        text=f"{LONG}\n<<1+1=2>>", normalised=LONG, verdict="wrong"
    )


def sign_in(page: Page, user: User) -> Page:
    page.goto(f"/join/{tokens.mint_sign_in_link(user)}/")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Studies")
    return page


def write_questions(folder: Path, *, answer: str = "") -> Path:
    """A file of four questions with a right rationale of each source; `answer` spoils the last."""
    rows = [
        {
            "id": f"q{number}",
            "question": f"What is {number} plus two?",
            "answer": str(number + 2),
            "rationales": [
                {"source": source, "text": f"{text_of(index, number)}\n#### {number + 2}"}
                for index, source in enumerate(SOURCES)
            ],
        }
        for number in range(4)
    ]
    rows[-1]["answer"] = answer or rows[-1]["answer"]
    path = folder / "questions.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


@pytest.mark.parametrize(
    "javascript",
    # Without JavaScript test_console.py goes this way and further.
    [pytest.param(True, marks=pytest.mark.slow), pytest.param(False, marks=pytest.mark.slow)],
)
def test_from_a_file_to_a_draft_by_hand(module_site, grace, new_page: NewPage, tmp_path, javascript):
    name = f"hand-{'js' if javascript else 'plain'}"
    page = sign_in(new_page(module_site, javascript=javascript), grace)
    page.goto("/datasets/import/")
    page.get_by_label("File", exact=True).set_input_files(write_questions(tmp_path, answer="no number"))
    page.get_by_label("Dataset", exact=True).fill(name)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("alert")).to_contain_text("1 row can not be used; nothing was written")
    page.get_by_label("File", exact=True).set_input_files(write_questions(tmp_path))
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Preview")
    page.get_by_role("button", name=f"Import into {name}").click()
    expect(page.locator(".messages")).to_contain_text("4 created")
    page.get_by_role("link", name="New study").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Draw the triples").click()
    page.wait_for_url(f"**/studies/{name}/")
    assert Study.objects.get(name=name).triples.count() == 4


ADDRESSES = [
    "/",
    "/datasets/",
    "/datasets/sums/",
    "/datasets/sums/?search=nothing+like+it",
    "/datasets/sums/questions/q000000/",
    "/datasets/import/",
    "/studies/new/",
    "/studies/new/?dataset=sums",
]


@pytest.mark.parametrize(
    ("phone", "dark"),
    [pytest.param(False, False, marks=pytest.mark.slow), (True, True)],
    ids=["desktop", "phone in the dark"],
)
def test_axe_finds_nothing_and_no_page_is_too_wide(
    module_site, grace, library, new_page: NewPage, phone, dark
):
    page = sign_in(new_page(module_site, phone=phone, dark=dark), grace)
    for address in ADDRESSES:
        page.goto(address)
        for details in page.locator("main details").all():
            details.evaluate("element => element.open = true")
        assert axe_findings(page) == [], address
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), address


@pytest.mark.slow
def test_answers_to_a_post_are_as_sound(module_site, grace, new_page: NewPage, tmp_path):
    page = sign_in(new_page(module_site, phone=True), grace)
    for answer, heading in (("no number", "Import a file"), ("", "Preview")):
        page.goto("/datasets/import/")
        page.get_by_label("File", exact=True).set_input_files(write_questions(tmp_path, answer=answer))
        page.get_by_label("Dataset", exact=True).fill("axe")
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        assert axe_findings(page) == []
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    make_dataset("posts", questions=2)
    page.goto("/studies/new/?dataset=posts")
    page.get_by_label("Name", exact=True).fill("too-large")
    page.get_by_label("Questions", exact=True).fill("9")
    page.get_by_role("button", name="Draw the triples").click()
    expect(page.locator("#id_questions_error")).to_contain_text("only 2 have usable rationales")
    assert axe_findings(page) == []
