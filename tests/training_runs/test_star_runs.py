"""STaR runs: what is kept and under which prompt, where a run goes on, and what is left of one that can not."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.audit import COMMAND
from accounts.models import AuditEvent
from generation.registry.models import LanguageModel
from generation.registry.services import register_model
from jobs.errors import JobError
from jobs.here import run_here
from jobs.logs import folder_of
from ratings.library.models import Question, QuestionRevision
from ratings.library.services import import_questions
from tests.training_runs.worlds import done, launched, make_sums, outcome_of, recipe
from training.errors import CheckpointMissing
from training.runs import checkpoints
from training.runs.commanding import launched_or_resumed
from training.runs.keeping import RunKeeper
from training.runs.launching import resume_run
from training.runs.models import Fate, Origin, TrainingExample, TrainingRun
from training.runs.selectors import get_run

HINTED = re.compile(r"Target: [\d ]+\n")


def kept(run: TrainingRun, iteration: int) -> list[TrainingExample]:
    return list(run.examples.filter(iteration=iteration, fate=Fate.KEPT))


def test_a_run_ends_with_a_model_and_with_every_rationale_that_it_considered(world, storage) -> None:
    make_sums()
    run = done()
    assert run.job.state == "finished"
    assert run.job.result is not None and run.job.result["label"] == "made"
    for number in (1, 2):
        plain = run.examples.filter(iteration=number, origin=Origin.FEW_SHOT)
        failed = {row.question_id for row in plain if row.verdict != "correct"}
        hinted = run.examples.filter(iteration=number, origin=Origin.RATIONALIZED)
        # Every question that was drawn is asked once, and once more with the answer if that failed.
        assert plain.count() == 16 and {row.question_id for row in hinted} == failed
        assert failed, "the base must fail at something for this test to say anything"
        iteration = run.iterations.get(number=number)
        assert (
            iteration.counts["solved"] + iteration.counts["rationalized"] + iteration.counts["failed"] == 16
        )
        assert iteration.steps == 4 and iteration.finished_at is not None
    for row in run.examples.select_related("revision"):
        right = row.answer == row.revision.answer
        assert (row.verdict == "correct") == right
        assert row.fate != Fate.KEPT or right
        # The hint is in what was sent, and in nothing that is learned.
        assert bool(HINTED.search(row.own_prompt)) == (row.origin == Origin.RATIONALIZED)
        assert not HINTED.search(row.training_prompt) and row.training_prompt.endswith("Target:\n")
        assert row.prompt == row.own_prompt
    asked = set(run.examples.values_list("question__split", flat=True))
    assert asked == {"train"}
    model = LanguageModel.objects.get(label="made")
    assert (model.kind, model.parent, model.checkpoint.run) == ("checkpoint", run.base, run)
    assert model.manifest["made"]["recipe"]["iterations"] == 2
    assert model.manifest["made"]["data_sha256"] == run.data_sha256 != ""
    assert len(run.iterations.get(number=2).samples) == 6
    assert AuditEvent.objects.filter(act="model.register", subject="made").count() == 1


@pytest.mark.django_db
@pytest.mark.slow
def test_only_the_best_and_the_last_iteration_are_kept(storage) -> None:
    make_sums()
    run = done(iterations=3, keep="best")
    models = run.checkpoints.filter(model__isnull=False)
    assert list(models.values_list("model__label", flat=True)) == ["made"]
    left = {path.name for path in checkpoints.folder_of_run(run).iterdir()}
    assert models.get().name in left and len(left) <= 2


@pytest.mark.django_db
def test_all_iterations_become_models_where_the_recipe_says_so(storage) -> None:
    make_sums()
    run = done(keep="all")
    labels = set(run.checkpoints.values_list("model__label", flat=True))
    assert "made" in labels and len(labels) == 2
    assert labels - {"made"} <= {"made-iteration-1", "made-iteration-2"}


@pytest.mark.django_db
def test_without_rationalization_nobody_is_given_the_answer(storage) -> None:
    make_sums()
    run = done(rationalize=False)
    assert set(run.examples.values_list("origin", flat=True)) == {"few_shot"}


@pytest.mark.django_db
def test_worked_examples_stand_before_the_prompt_as_sent_and_are_stored_once(storage) -> None:
    make_sums()
    run = done(iterations=1, shots=1, rationalize=False, questions_per_iteration=8)
    rows = run.examples.select_related("prefix", "question")
    assert run.prefixes.count() == 2  # one for each number of digits
    for row in rows:
        assert row.prefix is not None
        assert row.prompt == row.prefix.text + row.own_prompt and row.prompt.count("Target:") == 2
        assert row.training_prompt == row.own_prompt
    shown = Question.objects.filter(split="prompt").values_list("revisions__text", flat=True)
    digits = {text.replace(" ", "").replace("+", "") for text in shown}
    for prefix in run.prefixes.all():
        asked = prefix.text.splitlines()[1].replace(" ", "").replace("+", "")
        assert asked in digits


def interrupted(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, *, at: int, before: bool
) -> Callable[[], None]:
    """The `at`-th call of a method ends as a killed process would: before or after its work. Returns the cure."""
    original = getattr(owner, name)
    calls = 0

    def dying(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == at and before:
            raise KeyboardInterrupt
        answer = original(*args, **kwargs)
        if calls == at:
            raise KeyboardInterrupt
        return answer

    monkeypatch.setattr(owner, name, dying)
    return lambda: monkeypatch.setattr(owner, name, original)


PLACES = [
    (RunKeeper, "put_batch", 2, True),
    (RunKeeper, "put_batch", 3, False),
    (RunKeeper, "step", 3, False),
    (RunKeeper, "step", 6, False),
    (RunKeeper, "put_model", 1, True),
    (RunKeeper, "_write_facts", 2, True),
    (RunKeeper, "put_model", 2, False),
]


#: Not the paper's, so that what they need to go on is written down as well.
KNOBS: dict[str, Any] = {
    "pack_tokens": 200,
    "batch_size": 2,
    "hint_left_in": 0.5,
    "hinted_copies": 0.5,
    "replay_per_iteration": 5,
    "kept_by": "trace",
    "later_from": 2,
    "later_groups": [3],
    "patience": 1,
}


#: While it samples, while it trains, and while a model is being put away.
THREE = [PLACES[1], PLACES[3], PLACES[5]]


def the_first_model_is_deleted(run: TrainingRun) -> None:
    """While its run is unfinished: it is trained again from what is stored, to the same weights."""
    folder = checkpoints.folder_of(run, "iteration-1")
    shutil.rmtree(folder)
    with pytest.raises(CheckpointMissing, match="files of iteration-1 are gone: .* resume") as caught:
        checkpoints.load(run, "iteration-1")
    assert caught.value.details["path"] == str(folder)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "places", [THREE, pytest.param(PLACES, marks=pytest.mark.slow)], ids=["three", "all"]
)
def test_a_run_that_was_interrupted_anywhere_ends_with_the_same_numbers(
    storage, monkeypatch, places: list[tuple[type, str, int, bool]]
) -> None:
    make_sums()
    expected = outcome_of(done(label="whole", **KNOBS))
    assert expected["curves"] and expected["examples"]
    for number, (owner, name, at, before) in enumerate(places):
        run = launched(label=f"cut-{number}", **KNOBS)
        cure = interrupted(monkeypatch, owner, name, at=at, before=before)
        with pytest.raises(KeyboardInterrupt):
            run_here(run.job_id)
        cure()
        assert get_run(run.pk).job.state == "cancelled"
        if (name, at) == ("step", 6):
            the_first_model_is_deleted(run)
        resume_run(run, actor=COMMAND)
        run_here(run.job_id)
        assert outcome_of(get_run(run.pk)) == expected, f"interrupted at {name} {at}"


@pytest.mark.django_db
def test_the_same_job_delivered_twice_is_done_once(storage) -> None:
    make_sums()
    run = done()
    before = outcome_of(run)
    with pytest.raises(Exception, match="not waiting"):
        run_here(run.job_id)
    assert outcome_of(get_run(run.pk)) == before


def edited(folder: Path) -> None:
    """Questions are added, move to another split, and get other answers, by which their rationales are graded anew."""
    make_sums(count=260)
    Question.objects.filter(split="validation").update(split="train")
    rows = QuestionRevision.objects.filter(current=True, question__split__in=["train", "prompt"])
    path = folder / "corrected.jsonl"
    lines = [
        {"id": id, "question": f"{text} ", "answer": f"{answer}7"}
        for id, text, answer in rows.values_list("question__external_id", "text", "answer")
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    told = import_questions(path, format="jsonl", dataset="sums", family="addition", actor=COMMAND)
    assert told["updated"] == len(lines) > 100


@pytest.mark.django_db
def test_later_imports_change_nothing_about_a_run_that_has_begun(storage, monkeypatch, tmp_path) -> None:
    make_sums()
    mixed: dict[str, Any] = {"shots": 1, "shots_when": "always", "replay_per_iteration": 5}
    expected = outcome_of(done(label="whole", **mixed))
    run, lost = launched(label="cut", **mixed), launched(label="lost", **mixed)
    for one in (run, lost):
        cure = interrupted(monkeypatch, RunKeeper, "put_batch", at=2, before=False)
        with pytest.raises(KeyboardInterrupt):
            run_here(one.job_id)
        cure()
    edited(tmp_path)
    # Its own copy of what it learns from is what counts, and where that is gone too nothing is mixed with anything.
    (folder_of(lost.job_id) / "data.json").unlink()
    for one in (run, lost):
        resume_run(one, actor=COMMAND)
    run_here(run.job_id)
    assert outcome_of(get_run(run.pk)) == expected
    with pytest.raises(JobError, match="data of this run have changed since it began") as caught:
        run_here(lost.job_id)
    assert (caught.value.code, caught.value.details["began_with"]) == (
        "cannot_resume",
        get_run(lost.pk).data_sha256,
    )
    assert get_run(lost.pk).job.state == "failed"


@pytest.mark.django_db
def test_a_model_that_gets_nothing_right_is_told_so_with_advice(roots) -> None:
    make_sums()
    register_model("raw", path=roots / "tiny", actor=COMMAND)
    run = launched(base="raw", max_new_tokens=8)
    # As fitting writes it down (test_conditions).
    left_out = {"questions": 90, "of": 120, "room": 8, "context": 512, "longest": 600}
    TrainingRun.objects.filter(pk=run.pk).update(conditions={"too_long": left_out})
    with pytest.raises(JobError) as caught:
        run_here(run.job_id)
    assert caught.value.code == "nothing_right"
    assert "worked examples" in caught.value.message and "max_new_tokens" in caught.value.message
    assert "could be kept. 90 of 120 questions were left out before" in caught.value.message
    assert caught.value.details["left_out"] == {"questions": 90, "of": 120}
    run.job.refresh_from_db()
    assert run.job.error is not None
    assert (run.job.state, run.job.error["code"]) == ("failed", "nothing_right")
    assert not run.checkpoints.exists() and not LanguageModel.objects.filter(label="made").exists()
    # What was sampled can still be looked at.
    assert run.examples.exclude(fate=Fate.KEPT).count() == run.examples.count() > 0


@pytest.mark.django_db
def test_an_iteration_that_keeps_nothing_leaves_the_best_before_it_and_does_not_go_on(
    client: Client, engineer, storage
) -> None:
    make_sums(count=60)
    one: dict[str, Any] = {
        "questions_per_iteration": 1,
        "rationalize": False,
        "seed": 1,
        "validation_questions": 3,
        "first_steps": 1.0,
    }
    run = launched(**one)
    with pytest.raises(JobError, match="^Iteration 2: .* for 1 of 42 questions") as caught:
        run_here(run.job_id)
    assert "The model of iteration 1, the best so far, is kept as 'made-iteration-1'." in caught.value.message
    assert "raise questions_per_iteration" in caught.value.message
    assert "The training of iteration 1" not in caught.value.message
    assert caught.value.details["last_model"] == "made-iteration-1"
    row = run.checkpoints.get(model__label="made-iteration-1")
    assert (row.name, row.is_result) == ("iteration-1", False)
    client.force_login(engineer)
    found = client.get(f"/api/v1/checkpoints/?run={run.pk}").json()
    assert "made-iteration-1" in json.dumps(found)
    # It would end the same way: no button, and an answer that says so.
    assert f"resume-{run.job_id}" not in client.get(f"/runs/{run.pk}/").content.decode()
    refused = client.post(f"/api/v1/runs/{run.pk}/resume/")
    assert (refused.status_code, refused.json()["code"]) == (409, "job_ends_the_same")
    with pytest.raises(JobError, match="^Iteration 2: ") as again:
        launched_or_resumed(recipe("star", **one), label="made", actor=COMMAND)
    assert again.value.details["run"] == run.pk
    # Another recipe may have the label.
    assert launched(**one | {"questions_per_iteration": 8}).label == "made"
