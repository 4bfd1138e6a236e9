"""SFT runs: which rationales become a model."""

from __future__ import annotations

import resource

import pytest
from django.test import Client

from accounts.audit import COMMAND
from generation.registry.models import LanguageModel
from generation.registry.services import ensure_tiny_base, register_model
from jobs.errors import JobError
from jobs.here import run_here
from jobs.logs import read_log
from ratings.library.models import Question, Rationale
from tests.generation_runs.worlds import add_rationale as add_to
from tests.generation_runs.worlds import make_questions
from tests.training_runs.votes import voted_sums
from tests.training_runs.worlds import add_rationale, done, launched, make_sums, outcome_of
from tests.worlds import make_dataset, make_study
from training.runs import checkpoints
from training.runs.launching import resume_run
from training.runs.measuring import measure
from training.runs.models import Fate, Origin
from training.runs.selectors import get_run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


def test_the_rationales_that_came_with_the_questions_are_learned_and_the_rest_is_left_alone() -> None:
    make_sums()
    train = Question.objects.filter(split="train").order_by("external_id")
    add_rationale(train[0].external_id, "wrong\n#### 1", source="somebody", verdict="wrong")
    run = done("sft")
    rows = run.examples.all()
    assert {row.origin for row in rows} == {Origin.SFT} and {row.fate for row in rows} == {Fate.KEPT}
    assert {row.question_id for row in rows} == {question.pk for question in train}
    sources = rows.values_list("rationale__source__label", flat=True)
    assert set(sources) == {"scratchpad"}
    row = rows.select_related("rationale").first()
    assert row is not None and row.rationale is not None
    assert row.own_prompt == "" and row.training_prompt.startswith("Input:\n")
    assert row.completion == row.rationale.text.strip()
    assert run.metrics["examples"] == train.count() and run.metrics["steps"] == 6
    assert 0 < run.metrics["validation_loss"] < 5 and 0 <= run.metrics["accuracy"] <= 1
    assert LanguageModel.objects.get(label="made").checkpoint.metrics["loss"] == run.metrics["loss"]


def test_only_the_sources_that_are_named_are_learned() -> None:
    make_sums()
    train = Question.objects.filter(split="train").order_by("external_id")[:3]
    for question in train:
        add_rationale(question.external_id, f"mine {question.pk}", source="mine")
    run = done("sft", sources=["mine"], validation_split="")
    assert {row.completion for row in run.examples.all()} == {f"mine {question.pk}" for question in train}
    assert "accuracy" not in run.metrics and "validation_loss" not in run.metrics


def test_what_a_star_run_kept_becomes_a_model() -> None:
    make_sums()
    star = done("star", label="first", iterations=1)
    run = done("sft", from_run="first", validation_split="")
    kept = star.examples.filter(fate=Fate.KEPT)
    assert 0 < run.examples.count() == kept.count()
    assert set(run.examples.values_list("training_prompt", "completion", "origin")) == set(
        kept.values_list("training_prompt", "completion", "origin")
    )


def test_direct_fine_tuning_learns_the_gold_answers_and_nothing_of_a_rationale() -> None:
    make_sums()
    run = done("sft", learn="answers")
    rows = run.examples.select_related("revision")
    assert {row.question_id for row in rows} == set(
        Question.objects.filter(split="train").values_list("pk", flat=True)
    )
    for row in rows:
        assert row.completion == " ".join(row.revision.answer) and row.training_prompt.endswith("Target:\n")
        assert (row.origin, row.verdict, row.fate, row.rationale) == ("sft", "correct", "kept", None)
    # The held-out texts are answers too: two or three tokens of which the base expects none.
    assert 1 < run.metrics["validation_loss"] < 20


def test_with_a_study_only_what_its_raters_preferred_is_learned() -> None:
    voted_sums()
    run = done("sft", studies=["trial"], sources=["short", "middle", "long"], validation_split="", steps=2)
    # The rater put the shortest of three first: it won twice, the middle one won and lost once.
    assert set(run.examples.values_list("rationale__source__label", flat=True)) == {"short"}
    assert run.examples.count() == 8
    assert "8 rationales by 12 ratings of human raters in trial." in read_log(run.job_id).text


def test_where_the_raters_preferred_nothing_there_is_nothing_to_learn() -> None:
    make_dataset("sums", questions=4)
    make_study(dataset="sums", questions=4)
    run = launched("sft", studies=["trial"], validation_split="")
    with pytest.raises(JobError) as caught:
        run_here(run.job_id)
    assert caught.value.code == "nothing_to_learn" and "human raters of trial" in caught.value.message
    assert not LanguageModel.objects.filter(label="made").exists()


def test_weights_that_compute_nothing_finite_end_the_run_with_advice(roots) -> None:
    import torch

    from generation.registry.checkpoints import save_checkpoint
    from generation.registry.loading import load_folder

    make_sums()
    loaded = load_folder(roots / "tiny", device="cpu")
    with torch.no_grad():
        loaded.model.lm_head.weight.mul_(1e38)
    save_checkpoint(loaded, roots / "huge", manifest={})
    register_model("huge", path=roots / "huge", actor=COMMAND)
    run = launched("sft", base="huge", validation_split="")
    with pytest.raises(JobError) as caught:
        run_here(run.job_id)
    assert caught.value.code == "loss_not_finite" and "learning rate" in caught.value.message
    assert not checkpoints.folder_of_run(run).exists()


def test_a_full_disk_leaves_nothing_half_written_and_the_run_goes_on_once_there_is_room() -> None:
    make_sums()
    expected = outcome_of(done("sft", label="whole"))
    run = launched("sft", label="cut")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # For this process no file may grow beyond this: that is what a full disk looks like.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(JobError) as caught:
            run_here(run.job_id)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.code in ("state_not_written", "disk_full")
    job = get_run(run.pk).job
    assert job.error is not None
    assert (job.state, job.error["code"]) == ("failed", caught.value.code)
    assert not LanguageModel.objects.filter(label="cut").exists()
    assert not checkpoints.folder_of_run(run).exists()
    resume_run(run, actor=COMMAND)
    run_here(run.job_id)
    assert outcome_of(get_run(run.pk)) == expected


def test_rationales_of_a_superseded_question_are_not_learned() -> None:
    make_sums()
    rationale = Rationale.objects.filter(question__split="train").first()
    assert rationale is not None
    revision = rationale.revision
    revision.current = False
    revision.save()
    revision.pk, revision.number, revision.current = None, 2, True
    revision.save()
    run = done("sft", validation_split="", steps=2)
    assert not run.examples.filter(question=rationale.question).exists()


def test_open_questions_are_measured_and_learned_and_never_graded(client: Client, engineer) -> None:
    for split, count in (("train", 12), ("validation", 3)):
        make_questions("free", split=split, count=count, family="open")
        for number in range(count):
            add_to("free", f"{split}-{number}", f"It is {number}, and two.", verdict="given")
    ensure_tiny_base(actor=COMMAND)
    figures = run_here(measure("tiny-base", "free", actor=COMMAND).job_id)
    assert figures["lengths"]["hinted"] == figures["lengths"]["question"] > 0
    run = done("sft", dataset="free", steps=2)
    assert run.estimate["steps"] == 2
    assert run.metrics["accuracy"] is None and run.metrics["validation_loss"] > 0
    iteration = run.iterations.get(number=1)
    assert iteration.metrics["accuracy"] is None
    assert {sample["verdict"] for sample in iteration.samples} == {"given"}
    assert (run.job.result or {})["metrics"]["accuracy"] is None
    client.force_login(engineer)
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert "0.0%" not in page and "It is" in page
