"""The calls about models, generation runs and candidates."""

from __future__ import annotations

from pathlib import Path

import pytest

from accounts.models import User
from generation.registry.models import LanguageModel
from generation.runs.models import Candidate, GenerationRun
from jobs.services import run_here
from ratings.library.models import Rationale
from tests.console.test_api import Caller
from tests.generation_runs.worlds import done, make_model, make_questions
from tests.worlds import make_raters, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller(engineer: User) -> Caller:
    return Caller(engineer)


@pytest.fixture
def model(roots: Path) -> LanguageModel:
    make_questions()
    return make_model(roots)


def test_a_model_is_registered_and_read_with_its_facts(roots: Path, caller: Caller) -> None:
    made = caller.post("models/", {"label": "tiny", "path": str(roots / "tiny")}, status=201)
    assert (made["label"], made["kind"], made["context"], made["parent"]) == ("tiny", "folder", 256, None)
    assert {file["name"] for file in made["files"]} >= {"config.json", "model.safetensors"}
    assert made["created_by"] == "engineer"
    assert caller.get("models/tiny/") == made
    hub = caller.post("models/", {"label": "remote", "hub": "gpt2"}, status=201)
    assert (hub["parameters"], hub["files"], hub["digest"]) == (None, [], "")
    assert [row["label"] for row in caller.get("models/")["results"]] == ["remote", "tiny"]
    assert [row["label"] for row in caller.get("models/", kind="hub")["results"]] == ["remote"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"label": "x"}, 422, "invalid"),
        ({"label": "x", "hub": "gpt2", "endpoint": "lab"}, 422, "invalid"),
        ({"label": "x", "path": "/etc"}, 422, "outside_model_roots"),
        ({"label": "x", "endpoint": "nowhere"}, 404, "unknown_endpoint"),
        ({"label": "x", "hub": "gpt2", "protocol": "smtp"}, 422, "invalid"),
        ({"hub": "gpt2"}, 422, "invalid"),
    ],
)
def test_a_bad_model_is_refused(caller: Caller, body: dict, status: int, code: str) -> None:
    assert caller.post("models/", body, status=status)["code"] == code
    assert not LanguageModel.objects.exists()


def test_a_run_is_launched_watched_and_read(model: LanguageModel, caller: Caller) -> None:
    body = {"dataset": "sums", "model": "tiny", "samples": 2, "max_new_tokens": 8, "temperature": 0.5}
    made = caller.post("generations/", body, status=201)
    assert (made["state"], made["planned"], made["source"], made["summary"]["candidates"]) == (
        "queued",
        8,
        "tiny",
        0,
    )
    assert caller.get(f"jobs/{made['job']}/")["page"] == f"/generations/{made['id']}/"
    run_here(made["job"])
    read = caller.get(f"generations/{made['id']}/")
    summary = read["summary"]
    assert (read["state"], summary["candidates"]) == ("finished", 8)
    assert summary["correct"] + summary["wrong"] + summary["unparsable"] + summary["given"] == 8
    assert [row["id"] for row in caller.get("generations/", model="tiny", state="finished")["results"]] == [
        made["id"]
    ]
    assert caller.get("generations/", source="nobody")["results"] == []


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"dataset": "nowhere"}, 404, "unknown_dataset", None),
        ({"model": "nobody"}, 404, "unknown_model", "model"),
        ({"samples": 0}, 422, "invalid", "samples"),
        ({"samples": "many"}, 422, "invalid", None),
        ({"split": "attic"}, 422, "empty_split", "split"),
        ({"temperature": 11}, 422, "invalid", "temperature"),
        ({"source": "two words"}, 422, "invalid", "source"),
    ],
)
def test_a_bad_run_is_refused_and_makes_nothing(
    model: LanguageModel, caller: Caller, change: dict, status: int, code: str, field: str | None
) -> None:
    body = {"dataset": "sums", "model": "tiny", "samples": 1, **change}
    answer = caller.post("generations/", body, status=status)
    assert answer["code"] == code
    assert field is None or answer["details"]["field"] == field
    assert not GenerationRun.objects.exists()


def test_candidates_are_listed_page_by_page_with_filters_and_read_with_their_prompt(
    model: LanguageModel, caller: Caller
) -> None:
    run = done()
    first = caller.get("candidates/", page_size="5")
    assert len(first["results"]) == 5 and first["next"]
    assert "prompt" not in first["results"][0]
    assert len(caller.get("candidates/", question="train-1", run=str(run.pk))["results"]) == 3
    assert caller.get("candidates/", verdict="correct", dataset="elsewhere")["results"] == []
    stored = Candidate.objects.select_related("prompt__run").exclude(rationale=None).latest("pk")
    read = caller.get(f"candidates/{stored.pk}/")
    assert (read["prompt"], read["seed"], read["text"]) == (stored.prompt.sent, stored.seed, stored.text)
    of_rationale = caller.get("candidates/", rationale=str(stored.rationale_id))["results"]
    assert stored.pk in [row["id"] for row in of_rationale]


def test_lists_cost_the_same_for_few_and_for_many(
    model: LanguageModel, caller: Caller, django_assert_max_num_queries
) -> None:
    done()
    caller.get("candidates/")
    with django_assert_max_num_queries(4):
        assert len(caller.get("candidates/")["results"]) == 12
    with django_assert_max_num_queries(4):
        caller.get("generations/")


def test_a_blind_analyst_learns_nothing_and_an_engineer_is_asked_for_the_act(
    model: LanguageModel, blind_analyst: User
) -> None:
    run = done()
    candidate = Candidate.objects.latest("pk")
    analyst = Caller(blind_analyst)
    paths = ["models/", "models/tiny/", "generations/", f"generations/{run.pk}/", "candidates/"]
    for path in [*paths, f"candidates/{candidate.pk}/"]:
        assert analyst.get(path, status=403)["code"] == "permission_denied"
    analyst.post("models/", {"label": "x", "hub": "gpt2"}, status=403)
    analyst.post("generations/", {"dataset": "sums", "model": "tiny", "samples": 1}, status=403)
    assert GenerationRun.objects.count() == LanguageModel.objects.count() == 1


def test_nothing_of_a_run_reaches_a_rater(model: LanguageModel, client) -> None:
    """The desk's page and JSON of a triple hold no label, seed, prompt or candidate of the models behind it."""
    for number, label in enumerate(("alpha-model", "beta-model", "gamma-model")):
        done(source=label, samples=1, seed=number, temperature=1.0)
    Rationale.objects.update(verdict="correct", answer="2")
    make_study(
        "trial", dataset="sums", questions=4, overlap=1, sources=("alpha-model", "beta-model", "gamma-model")
    )
    [rater] = make_raters("trial")
    headers = {"Authorization": f"Bearer {rater.token}"}
    shown = client.post("/api/v1/studies/trial/assignments/", headers=headers)
    assert shown.status_code == 201
    said = shown.content.decode()
    secrets = ["alpha-model", "beta-model", "gamma-model", "tiny", "candidate", "generation"]
    secrets += [str(candidate.seed) for candidate in Candidate.objects.all()]
    assert not [secret for secret in secrets if secret in said]
    for path in ("models/", "generations/", "candidates/"):
        assert client.get(f"/api/v1/{path}", headers=headers).status_code == 403
