"""Pages of models, runs and candidates, and who may see them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from django.test import Client

from accounts.audit import COMMAND
from accounts.models import AuditEvent, User
from generation.console.parts import ModelPart, register_part
from generation.registry.models import LanguageModel
from generation.registry.services import register_checkpoint
from generation.runs.models import Candidate, GenerationRun
from jobs.models import Job
from jobs.services import run_here
from ratings.library.models import Rationale
from tests.generation_runs.worlds import add_rationale, done, launched, make_model, make_questions

pytestmark = pytest.mark.django_db

FORM = {
    "model": "tiny", "dataset": "sums", "samples": "2", "temperature": "0.5", "seed": "3", "shots": "0",
    "top_p": "1", "max_new_tokens": "12",
}  # fmt: skip


@pytest.fixture
def browser_of(client: Client):
    def sign_in(user: User) -> Client:
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def run(roots: Path) -> GenerationRun:
    make_model(roots)
    make_questions()
    return done()


def text(response) -> str:
    assert response.status_code == 200, response.content
    return " ".join(response.content.decode().split())


def test_a_run_is_launched_from_the_form_and_waits_for_a_worker(
    roots: Path, browser_of, engineer: User
) -> None:
    make_model(roots)
    make_questions()
    client = browser_of(engineer)
    assert "All are kept, right or wrong" in text(client.get("/generate/new/?model=tiny&dataset=sums"))
    response = client.post("/generate/new/", FORM)
    run = GenerationRun.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/generations/{run.pk}/")
    assert (run.samples, run.temperature, run.seed, run.created_by) == (2, 0.5, 3, engineer)
    page = text(client.get(f"/generations/{run.pk}/"))
    assert "waits for a worker" in page and "None is stored yet" in page
    assert AuditEvent.objects.get(act="generation.launch").actor == engineer
    run_here(run.job_id)
    page = text(client.get(f"/generations/{run.pk}/"))
    assert "8 candidates." in page and "Finished" in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"split": "prompt"}, "Select a valid choice"),
        ({"samples": "0"}, "greater than or equal to 1"),
        ({"temperature": "hot"}, "Enter a number"),
        ({"top_p": "0"}, "expected a number above 0"),
        ({"shots": "3"}, "at most 0: so many questions of split"),
        ({"source": "two words"}, "valid “slug”"),
    ],
)
def test_a_bad_form_says_what_is_wrong_beside_its_field_and_launches_nothing(
    roots: Path, browser_of, engineer: User, change: dict, said: str
) -> None:
    make_model(roots)
    make_questions()
    response = browser_of(engineer).post("/generate/new/", {**FORM, **change})
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not GenerationRun.objects.exists() and not Job.objects.exists()


def test_the_form_is_filled_in_with_what_a_run_was_asked(
    run: GenerationRun, browser_of, engineer: User
) -> None:
    client = browser_of(engineer)
    page = client.get(f"/generations/{run.pk}/")
    form = client.get(page.context["again"]).context["form"]
    assert {name: str(form[name].value()) for name in ("model", "dataset", "samples", "seed", "max_new_tokens")} == {
        "model": "tiny", "dataset": "sums", "samples": "3", "seed": "11", "max_new_tokens": "12",
    }  # fmt: skip


def test_a_run_shows_counts_and_filters_its_candidates(
    run: GenerationRun, browser_of, engineer: User
) -> None:
    kept = Candidate.objects.filter(run=run).order_by("pk").first()
    assert kept is not None
    Candidate.objects.filter(run=run).update(verdict="wrong")
    Candidate.objects.filter(pk=kept.pk).update(verdict="correct")
    client = browser_of(engineer)
    page = text(client.get(f"/generations/{run.pk}/"))
    assert "8.3 %" in page and "25.0 %" in page  # 1 of 12 candidates, 1 of 4 questions
    only = client.get(f"/generations/{run.pk}/?verdict=correct").context["page"]
    assert [candidate.pk for candidate in only] == [kept.pk]
    assert client.get(f"/generations/{run.pk}/?question=train-2").context["page"].paginator.count == 3
    assert client.get(f"/generations/{run.pk}/?verdict=nonsense").status_code == 422
    assert "8.3 %" in text(client.get(f"/generations/{run.pk}/results/"))


def test_a_candidate_shows_the_prompt_to_the_letter_and_all_that_explains_it(
    run: GenerationRun, browser_of, engineer: User
) -> None:
    found = Candidate.objects.select_related("prompt__run").order_by("pk")[4]
    Candidate.objects.filter(pk=found.pk).update(
        reasoning="A thought.", text="<b>bold</b> & more", logprob=-12.5, scored_tokens=5
    )
    response = browser_of(engineer).get(f"/candidates/{found.pk}/")
    page = response.content.decode()
    assert found.prompt.sent.replace("'", "&#x27;") in page
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; more" in page
    assert "A thought." in page and str(found.seed) in page
    assert "-12.500" in page and "-2.500 each" in page
    assert len(response.context["others"]) == 3


def test_a_question_that_changed_since_is_said_to_have(
    run: GenerationRun, browser_of, engineer: User
) -> None:
    found = Candidate.objects.select_related("prompt__revision").first()
    assert found is not None
    found.prompt.revision.current = False
    found.prompt.revision.save()
    assert "The question has changed since" in text(browser_of(engineer).get(f"/candidates/{found.pk}/"))


def test_a_model_shows_its_facts_lineage_runs_and_the_parts_of_rooms_above(
    run: GenerationRun, roots: Path, browser_of, engineer: User, monkeypatch
) -> None:
    parent = run.model
    child = register_checkpoint("star-1", roots / "tiny", parent=parent, actor=COMMAND)
    register_checkpoint("star-2", roots / "tiny", parent=child, actor=COMMAND)
    monkeypatch.setattr("generation.console.parts._PARTS", {})

    def of_parent(model: LanguageModel, user: User) -> Mapping[str, object] | None:
        return {"text": f"{user.username} looks at {model.label}", "tone": ""} if model == parent else None

    register_part(ModelPart("test", "components/_notice.html", of_parent))
    client = browser_of(engineer)
    page = text(client.get("/models/tiny/"))
    assert f"Run {run.pk}" in page and "star-1" in page and parent.digest in page
    assert "engineer looks at tiny" in page
    youngest = client.get("/models/star-2/")
    assert [ancestor.label for ancestor in youngest.context["ancestors"]] == ["tiny", "star-1"]
    assert "looks at" not in text(youngest)
    listed = text(client.get("/models/"))
    assert all(label in listed for label in ("tiny", "star-1", "star-2"))


def test_a_study_begins_from_a_model_with_dataset_and_sources_chosen(
    run: GenerationRun, roots: Path, browser_of, engineer: User
) -> None:
    Rationale.objects.filter(source__label="tiny").update(verdict="correct")
    child = register_checkpoint("star-1", roots / "tiny", parent=run.model, actor=COMMAND)
    done(model=child.label)
    Rationale.objects.filter(source__label="star-1").update(verdict="correct")
    for label in ("human", "other"):
        add_rationale("sums", "train-0", f"As {label} says.", source=label)
    client = browser_of(engineer)
    [start] = client.get("/models/star-1/").context["studies"]
    assert (start.dataset, start.sources) == ("sums", ["star-1", "tiny"])
    form = client.get(start.href).context["form"]
    assert form.fields["sources"].initial == ["star-1", "tiny"]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"label": "new", "kind": "hub", "hub": "gpt2"}, "this one is the address of a page"),
        ({"label": "x", "kind": "hub", "hub": ""}, "This field is required"),
        ({"label": "x", "kind": "hub", "hub": "no such id"}, "expected owner/name"),
        ({"label": "x", "kind": "path", "path": "/etc"}, "lies below none of the folders"),
        ({"label": "x", "kind": "endpoint", "endpoint": "nowhere"}, "Select a valid choice"),
        ({"label": "tiny", "kind": "hub", "hub": "gpt2"}, "There is a model labelled"),
    ],
)
def test_a_model_that_can_not_be_registered_is_refused_beside_its_field(
    roots: Path, browser_of, engineer: User, form: dict, said: str
) -> None:
    make_model(roots)
    usual = {"protocol": "chat", "rationale_text": "after_thinking"}
    response = browser_of(engineer).post("/models/new/", {**usual, **form})
    assert response.status_code == 422
    assert said in response.content.decode()
    assert LanguageModel.objects.count() == 1


def test_a_folder_and_an_endpoint_are_registered_from_the_form(
    roots: Path, browser_of, engineer: User, settings
) -> None:
    settings.ENDPOINTS = {"lab": ("http://127.0.0.1:1/v1", "LAB_KEY")}
    client = browser_of(engineer)
    folder = {"label": "tiny", "kind": "path", "path": str(roots / "tiny"), "protocol": "chat"}
    response = client.post("/models/new/", {**folder, "rationale_text": "content"})
    assert response["Location"] == "/models/tiny/"
    server = {"label": "big", "kind": "endpoint", "endpoint": "lab", "served_model": "big-7b"}
    client.post("/models/new/", {**server, "protocol": "completions", "rationale_text": "reasoning_content"})
    made = LanguageModel.objects.get(label="big")
    assert made.settings == {
        "rationale_text": "reasoning_content", "protocol": "completions", "served_model": "big-7b",
    }  # fmt: skip
    page = text(client.get("/models/big/"))
    assert "big-7b" in page and "127.0.0.1" not in page and "LAB_KEY" not in page


def test_a_folder_too_large_to_hash_in_a_request_is_left_to_the_command(
    roots: Path, browser_of, engineer: User, monkeypatch
) -> None:
    monkeypatch.setattr("generation.console.model_pages.MAX_HASHED_BYTES", 1_000)
    form = {"label": "tiny", "kind": "path", "path": str(roots / "tiny"), "protocol": "chat"}
    response = browser_of(engineer).post("/models/new/", {**form, "rationale_text": "content"})
    assert "use the command register_model" in response.content.decode()
    assert not LanguageModel.objects.exists()


def test_a_blind_analyst_and_a_stranger_see_none_of_it(
    run: GenerationRun, browser_of, client: Client, blind_analyst: User
) -> None:
    candidate = Candidate.objects.first()
    assert candidate is not None
    pages = ["/models/", "/models/tiny/", "/models/new/", "/generate/new/", f"/generations/{run.pk}/"]
    pages += [f"/generations/{run.pk}/results/", f"/candidates/{candidate.pk}/"]
    for page in pages:
        assert client.get(page).status_code == 302
        assert client.get(page)["Location"].startswith("/accounts/login/")
    analyst = browser_of(blind_analyst)
    for page in pages:
        response = analyst.get(page)
        assert response.status_code == 403
        assert "tiny" not in response.content.decode().replace(page, "")
    for page in ("/models/new/", "/generate/new/"):
        assert analyst.post(page, FORM).status_code == 403
    assert GenerationRun.objects.count() == 1


def test_what_is_not_there_is_404(browser_of, engineer: User) -> None:
    client = browser_of(engineer)
    for page in ("/models/nobody/", "/generations/7/", "/generations/7/results/", "/candidates/7/"):
        assert client.get(page).status_code == 404


def test_empty_pages_say_what_to_do(browser_of, engineer: User) -> None:
    assert "No models yet" in text(browser_of(engineer).get("/models/"))


def test_a_list_of_candidates_costs_the_same_for_few_and_for_many(
    run: GenerationRun, browser_of, engineer: User, django_assert_max_num_queries
) -> None:
    client = browser_of(engineer)
    client.get(f"/generations/{run.pk}/")
    with django_assert_max_num_queries(20):
        client.get(f"/generations/{run.pk}/")
    launched()
    with django_assert_max_num_queries(12):
        client.get("/models/")
