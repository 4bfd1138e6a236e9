"""Launching: what is looked up before anything is made, labels, and whose votes may be used."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.audit import COMMAND
from accounts.errors import Conflict, StarchamberError
from accounts.models import AuditEvent
from generation.registry.services import register_model
from jobs.models import Job
from jobs.services import cancel_job
from ratings.studies.models import Study
from tests.generation_runs.worlds import make_questions
from tests.training_runs.worlds import base, launched, make_sums, recipe, staged
from tests.worlds import make_study
from training.recipes.errors import RecipeError
from training.runs.errors import EmptySplit, LabelTaken
from training.runs.launching import launch_training, launch_training_for, resume_run
from training.runs.models import Iteration, TrainingRun

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


def refusal(algorithm: str = "star", **overrides: Any) -> tuple[str, str]:
    """Code and field of the error; nothing was made."""
    with pytest.raises(StarchamberError) as caught:
        launched(algorithm, **overrides)
    assert not TrainingRun.objects.exists() and not Job.objects.exists()
    return caught.value.code, caught.value.details["field"]


def test_a_launch_stores_the_whole_recipe_the_job_and_a_line_of_the_audit() -> None:
    make_sums()
    run = launched(seed=3)
    assert run.recipe["seed"] == 3 and run.recipe["temperature"] == 0.0
    assert run.recipe_sha256 == recipe("star", seed=3).sha256
    assert (run.base.label, run.dataset.name, run.job.state) == ("tiny-base", "sums", "queued")
    assert run.job.kind == "train" and run.job.page == f"/runs/{run.pk}/"
    assert run.code_version.startswith("0.1.0")
    event = AuditEvent.objects.get(act="training.launch")
    assert (event.subject, event.details["algorithm"]) == ("made", "star")


@pytest.mark.parametrize(
    ("algorithm", "overrides", "expected"),
    [
        ("star", {"dataset": "none"}, ("unknown_dataset", "dataset")),
        ("star", {"base": "none"}, ("unknown_model", "base")),
        ("star", {"split": "none"}, ("empty_split", "split")),
        ("star", {"validation_split": "none"}, ("empty_split", "validation_split")),
        ("star", {"validation_split": "train"}, ("invalid", "validation_split")),
        # Behind their own solutions.
        ("star", {"split": "prompt", "shots": 2}, ("invalid", "split")),
        ("star", {"validation_split": "prompt", "shots": 2}, ("invalid", "validation_split")),
        ("star", {"later_split": "prompt", "later_from": 2, "shots": 2}, ("invalid", "later_split")),
        ("vstar", {"sources": ["none"]}, ("unknown_source", "sources")),
        ("vstar", {"split": "none"}, ("empty_split", "split")),
        ("sft", {"sources": ["none"]}, ("unknown_source", "sources")),
        ("sft", {"from_run": "none"}, ("no_rationales", "from_run")),
        ("sft", {"split": "none"}, ("empty_split", "split")),
        ("dpo", {"studies": ["none"]}, ("unknown_study", "studies")),
        ("dpo", {"export": "/no/such/file"}, ("unusable_export", "export")),
    ],
)
def test_what_a_recipe_names_must_be_there(algorithm, overrides, expected) -> None:
    make_sums()
    assert refusal(algorithm, **overrides) == expected


def test_an_empty_split_says_which_splits_there_are() -> None:
    make_sums()
    with pytest.raises(StarchamberError) as caught:
        launched(split="tset")
    assert "split 'tset'" in caught.value.message and "train (" in caught.value.message
    assert caught.value.details["expected"] == ["prompt", "test", "train", "validation", "verifier"]


def test_a_study_about_other_questions_is_refused() -> None:
    make_sums()
    make_study(dataset="others")
    assert refusal("dpo", studies=["trial"]) == ("other_dataset", "studies")


def test_a_model_behind_an_endpoint_can_not_be_trained(settings) -> None:
    make_sums()
    settings.ENDPOINTS = {"lab": ("http://127.0.0.1:9/v1", "")}
    register_model("served", endpoint="lab", actor=COMMAND)
    assert refusal(base="served") == ("not_trainable", "base")


def test_a_split_that_is_empty_says_how_it_is_filled_and_what_can_be_done_without() -> None:
    make_sums(count=60)
    with pytest.raises(EmptySplit, match="--dataset sums --split dev brings a file into it") as caught:
        launched(validation_split="dev", patience=3)
    assert 'or "" (with patience = 0' in caught.value.message
    with pytest.raises(RecipeError, match="0 where validation_split is empty: .* Set both") as refused:
        launched(validation_split="", patience=3)
    assert refused.value.details["field"] == "patience"
    make_questions("choices", family="commonsenseqa", split="train")
    with pytest.raises(EmptySplit, match="--split validation brings its dev file into it"):
        launched(dataset="choices")


def test_open_questions_are_nothing_for_star() -> None:
    make_questions("sums", family="open")
    make_questions("sums", split="validation", family="open")
    assert refusal() == ("not_graded", "dataset")


@pytest.mark.parametrize("label", ["", "new", "a b", "x" * 81])
def test_a_label_is_a_slug_that_is_no_page(label) -> None:
    make_sums()
    with pytest.raises(StarchamberError) as caught:
        launched(label=label)
    assert caught.value.details["field"] == "label"


def test_a_label_is_given_once_while_its_run_may_come_to_something() -> None:
    make_sums()
    launched()
    with pytest.raises(LabelTaken):
        launched()
    with pytest.raises(LabelTaken):
        launched(label="tiny-base")
    assert TrainingRun.objects.count() == 1


def test_the_label_of_a_cancelled_run_goes_to_the_next_and_the_first_can_not_come_back() -> None:
    make_sums()
    first = launched()
    cancel_job(first.job_id, actor=COMMAND)
    second = launched(seed=1)
    first.refresh_from_db()
    assert (first.holds_label, second.holds_label) == (False, True)
    with pytest.raises(Conflict) as caught:
        resume_run(first, actor=COMMAND)
    assert caught.value.code == "name_taken"
    first.job.refresh_from_db()
    assert first.job.state == "cancelled"


def test_a_page_uses_no_votes_of_a_study_that_still_runs_blind(owner) -> None:
    make_study()
    asked = recipe("dpo", dataset="sums", studies=["trial"])
    # The study's own questions are all in split train, and nothing is held out.
    with pytest.raises(Conflict) as caught:
        launch_training_for(owner, asked, label="made")
    assert caught.value.code == "blinded" and not TrainingRun.objects.exists()
    Study.objects.update(state="closed")
    assert launch_training_for(owner, asked, label="made").created_by == owner


def test_a_page_names_no_file_of_the_server(owner, tmp_path) -> None:
    make_sums()
    path = tmp_path / "pairs.jsonl"
    path.write_text("{}")
    asked = recipe("dpo", export=str(path))
    with pytest.raises(StarchamberError) as caught:
        launch_training_for(owner, asked, label="made")
    assert caught.value.code == "unusable_export"
    assert launch_training(asked, label="made", actor=COMMAND).pk


def test_the_committed_base_is_registered_when_it_is_first_named() -> None:
    make_sums()
    launched()
    assert base().label == "tiny-base" and AuditEvent.objects.filter(act="model.register").count() == 1


def test_a_missing_validation_split_is_refused_with_those_that_there_are() -> None:
    """Also where the examples come from a run, which was measured on nothing until now."""
    make_sums(count=60)
    with pytest.raises(EmptySplit, match="validation_split: .* in split 'nosuch'; its splits are .*test"):
        launched("sft", validation_split="nosuch")
    run = staged()
    Iteration.objects.filter(run=run).update(finished_at=timezone.now())
    with pytest.raises(EmptySplit, match="validation_split: "):
        launched("sft", label="again", from_run="made", validation_split="nosuch")
