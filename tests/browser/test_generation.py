"""Generation in a real Chromium: launched from the form, done by a worker, watched, and read to the last letter."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from accounts.audit import COMMAND
from accounts.models import User
from generation.registry.services import register_checkpoint, register_model
from generation.runs.models import Candidate, GenerationRun
from tests.generation_runs.models import write_tiny_model
from tests.generation_runs.worlds import add_rationale, done, make_questions
from tests.services.pages import axe_findings, sign_in
from tests.services.site import Site
from tests.services.worker import Worker

NewPage = Callable[..., Page]
#: A worker imports torch before it samples.
PATIENT = 120_000


@pytest.fixture
def ada(module_site: Site) -> User:
    """An owner, the same in all tests of this module."""
    return User.objects.get_or_create(username="ada", defaults={"role": "owner"})[0]


@pytest.fixture
def tiny(module_site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model below the site's storage, where workers find it as well."""
    folder = Path(settings.STORAGE_DIR) / "checkpoints" / "tiny"
    if not folder.exists():
        shutil.copytree(write_tiny_model(tmp_path_factory.mktemp("models") / "tiny", seed=7), folder)
        make_questions(count=3)
        make_questions(count=1, split="prompt")
        add_rationale("sums", "prompt-0", "0 + 2 = 2.")
    return folder


@pytest.mark.slow
def test_a_model_is_registered_sampled_by_a_worker_and_its_candidates_read(
    module_site: Site, make_worker: Callable[..., Worker], new_page: NewPage, ada: User, tiny: Path
) -> None:
    make_worker(queues="generate", DEVICE="cpu")
    page = sign_in(new_page(module_site, permissions=["clipboard-read", "clipboard-write"]), ada)
    page.goto("/models/")
    page.get_by_role("link", name="Register a model").click()
    expect(page.get_by_label("Hub id")).to_be_hidden()
    page.get_by_label("A Hugging Face model").check()
    expect(page.get_by_label("Hub id")).to_be_visible()
    page.get_by_label("A folder on").check()
    page.get_by_label("Label").fill("tiny")
    page.get_by_label("Folder", exact=True).fill(str(tiny))
    page.get_by_role("button", name="Register").click()
    expect(page.locator("h1")).to_contain_text("tiny")

    page.get_by_role("link", name="Generate candidates").click()
    expect(page.get_by_label("Model", exact=True)).to_have_value("tiny")
    page.get_by_label("Dataset").select_option("sums")
    page.get_by_label("Samples per question").fill("2")
    page.get_by_text("Prompt, source, length and batches").click()
    page.get_by_label("Worked examples in the prompt").fill("1")
    page.get_by_label("Longest answer in tokens").fill("12")
    page.get_by_role("button", name="Generate").click()
    page.wait_for_url(re.compile(r"/generations/\d+/$"))

    expect(page.locator(".live")).to_contain_text("Finished", timeout=PATIENT)  # without a reload
    run = GenerationRun.objects.get()
    assert (run.job.state, run.created_by, run.planned) == ("finished", ada, 6)
    page.get_by_role("link", name="Show the candidates").click()
    expect(page.locator(".samples__item")).to_have_count(6)
    page.get_by_label("Question id").fill("train-1")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".samples__item")).to_have_count(2)
    page.get_by_role("link", name="train-1, sample 2").click()

    candidate = Candidate.objects.select_related("prompt__run").get(
        prompt__question__external_id="train-1", sample=1
    )
    shown = page.locator("#prompt-text").text_content()
    assert shown == candidate.prompt.sent
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == candidate.prompt.sent
    expect(page.locator("main")).to_contain_text(str(candidate.seed))


@pytest.mark.slow
def test_without_javascript_everything_is_there_but_the_copy_button(
    module_site: Site, new_page: NewPage, ada: User, tiny: Path, addresses: dict[str, str]
) -> None:
    page = sign_in(new_page(module_site, javascript=False), ada)
    page.goto(addresses["candidate"])
    expect(page.locator("#prompt-text")).to_be_visible()
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    page.goto(addresses["run"])
    expect(page.locator(".samples__item").first).to_be_visible()


@pytest.fixture
def addresses(module_site: Site, tiny: Path) -> dict[str, str]:
    """One page of each kind, each with as much on it as it can have."""
    if not GenerationRun.objects.filter(source__label="shown").exists():
        parent = register_model("parent", path=tiny, actor=COMMAND)
        register_checkpoint("child", tiny, parent=parent, actor=COMMAND)
        run = done(model="parent", shots=1, source="shown")
        Candidate.objects.filter(run=run, sample=0).update(verdict="correct", reasoning="It thought.")
        Candidate.objects.filter(run=run, sample=1).update(verdict="wrong", text_agrees=False)
    run = GenerationRun.objects.get(source__label="shown")
    candidate = run.candidates.filter(sample=0).earliest("pk")
    return {
        "models": "/models/",
        "model": "/models/parent/",
        "child": "/models/child/",
        "new model": "/models/new/",
        "new run": "/generate/new/?model=parent",
        "run": f"/generations/{run.pk}/",
        "filtered": f"/generations/{run.pk}/?verdict=given",
        "candidate": f"/candidates/{candidate.pk}/",
    }


@pytest.mark.parametrize(
    ("phone", "dark"), [pytest.param(False, False, marks=pytest.mark.slow), (True, True)]
)
def test_axe_finds_nothing_and_no_page_scrolls_sideways(
    module_site: Site, new_page: NewPage, ada: User, addresses: dict[str, str], phone: bool, dark: bool
) -> None:
    page = sign_in(new_page(module_site, phone=phone, dark=dark), ada)
    findings: dict[str, list[str]] = {}
    for name, address in addresses.items():
        response = page.goto(address)
        assert response is not None and response.status == 200, address
        page.evaluate("document.querySelectorAll('main details').forEach((details) => (details.open = true))")
        found = axe_findings(page)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append("scrolls sideways")
        if found:
            findings[name] = found
    assert findings == {}
