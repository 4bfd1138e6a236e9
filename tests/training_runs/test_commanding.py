"""The command `train` under a label that a run has: it goes on, answers again, or says what differs."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from accounts.audit import COMMAND
from accounts.errors import InvalidInput
from generation.registry.models import LanguageModel
from jobs.context import JobContext
from jobs.errors import StillHeld
from jobs.leases import claim_job
from jobs.models import Job
from tests.services.site import Site
from tests.services.world import ROOT
from tests.training_runs.test_commands import call, refused, train
from tests.training_runs.worlds import base, launched, make_sums, recipe
from training.errors import CannotResume
from training.runs.commanding import launched_or_resumed
from training.runs.errors import LabelTaken
from training.runs.freezing import DATA_RULE, RunData, frozen
from training.runs.keeping import RunKeeper
from training.runs.measured_models import Sample
from training.runs.models import TrainingRun
from training.runs.selectors import get_run


def ended(run: TrainingRun, state: str, code: str | None = None) -> TrainingRun:
    """The run as a process leaves it that ended so."""
    error = None if code is None else {"code": code, "message": "It broke.", "details": {}}
    Job.objects.filter(pk=run.job_id).update(state=state, error=error, finished_at=timezone.now())
    return get_run(run.pk)


def asked(anew: bool = False, **overrides: Any) -> TrainingRun:
    """The run whose job the command would do now."""
    job = launched_or_resumed(recipe("star", **overrides), label="made", actor=COMMAND, anew=anew)
    assert job.state == "queued"
    return TrainingRun.objects.get(job=job)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "code"), [("cancelled", None), ("failed", "disk_full"), ("failed", "lease_lost")]
)
def test_a_run_that_may_go_on_goes_on_and_gives_its_label_to_no_other_recipe(storage, state, code) -> None:
    make_sums(count=60)
    run = ended(launched(), state, code)
    with pytest.raises(LabelTaken) as caught:
        asked(learning_rate=0.5, seed=3)
    assert f"belongs to run {run.pk} already, which is {state}" in caught.value.message
    assert (
        "differs from it in seed (0 there, 3 here), learning_rate (0.0001 there, 0.5 here)"
        in caught.value.message
    )
    assert "--anew" in caught.value.message
    assert caught.value.details["differs"]["seed"] == {"run": 0, "asked": 3}
    assert (caught.value.details["run"], caught.value.details["state"]) == (run.pk, state)
    # What no label would help is told first, as under a free one.
    impossible: list[dict[str, Any]] = [{"shots": 50}, {"max_new_tokens": 90_000}]
    for values in impossible:
        with pytest.raises(InvalidInput) as refusal:
            asked(**values)
        assert refusal.value.code == "invalid" and refusal.value.details["field"] in values
    assert TrainingRun.objects.count() == 1 and get_run(run.pk).job.state == state
    assert asked() == run and TrainingRun.objects.count() == 1


@pytest.mark.django_db
def test_a_run_that_its_own_recipe_ended_gives_way_and_an_earlier_one_comes_back_to_its_label(
    storage,
) -> None:
    make_sums(count=60)
    first = ended(launched(), "cancelled")
    diverged = asked(anew=True, learning_rate=0.5)
    assert diverged != first and not get_run(first.pk).holds_label
    ended(diverged, "failed", "loss_not_finite")
    # The first command once more: its run goes on, though another had the label meanwhile.
    assert asked() == first
    assert get_run(first.pk).holds_label and not get_run(diverged.pk).holds_label
    ended(first, "failed", "nothing_right")
    assert asked(seed=4).pk not in (first.pk, diverged.pk)


@pytest.mark.django_db
def test_anew_begins_from_nothing_and_what_can_not_go_on_does_so_by_itself(storage) -> None:
    make_sums(count=60)
    first = launched()
    second = asked(anew=True)
    assert second != first and get_run(first.pk).job.state == "cancelled"
    ended(second, "failed", "cannot_resume")
    third = asked()
    assert third.pk not in (first.pk, second.pk)
    claim_job(third.job_id, owner="another")
    for anew in (True, False):
        with pytest.raises(StillHeld) as caught:
            asked(anew=anew)
        assert (caught.value.details["run"], caught.value.details["label"]) == (third.pk, "made")
    with pytest.raises(LabelTaken, match=r"which is running. This command differs from it in seed"):
        asked(seed=9)


@pytest.mark.django_db
def test_a_run_of_an_earlier_version_goes_on_where_the_recipe_has_a_new_key(storage) -> None:
    make_sums(count=60)
    run = ended(launched(), "cancelled")
    older = {key: value for key, value in run.recipe.items() if key != "hinted_copies"}
    TrainingRun.objects.filter(pk=run.pk).update(recipe=older, recipe_sha256="0" * 64)
    assert asked() == run


@pytest.mark.django_db
def test_other_weights_under_the_same_base_are_another_run(storage) -> None:
    make_sums(count=60)
    run = ended(launched(), "cancelled")
    LanguageModel.objects.filter(pk=run.base_id).update(digest="f" * 64)
    with pytest.raises(LabelTaken, match="differs from it in base .'tiny-base .ffffffffffff"):
        asked()


@pytest.mark.django_db
def test_the_same_command_of_a_finished_run_answers_again_until_something_is_another(storage, capsys) -> None:
    make_sums()
    once = train("sft", steps=2)
    answer = call(*once)
    capsys.readouterr()
    assert call(*once) == answer
    assert f"Run {answer['run']} ('made') did exactly this already" in capsys.readouterr().err
    status, error = refused(*train("sft", steps=3))
    assert (status, error["code"]) == (1, "name_taken")
    assert error["details"]["differs"] == {"steps": {"run": 2, "asked": 3}}
    assert (error["details"]["run"], error["details"]["checkpoint"]) == (answer["run"], "made")
    assert "Take another label" in error["message"]
    assert refused(*once, "--anew")[1]["code"] == "name_taken"
    # More questions are other data.
    make_sums(count=260)
    status, error = refused(*once)
    assert (status, error["code"]) == (1, "name_taken") and "have changed since" in error["message"]
    assert error["details"]["differs"]["data"]["run"] == get_run(answer["run"]).data_sha256
    _one_of_an_earlier_version_answers_too(once, answer, capsys)
    assert TrainingRun.objects.count() == 1 and Job.objects.count() == 1


def _one_of_an_earlier_version_answers_too(once: list[str], answer: dict[str, Any], capsys) -> None:
    """Its digest follows another rule, and its stored answer has no warnings, and seconds with the start-up."""
    TrainingRun.objects.update(data_rule=1, data_sha256="0" * 64)
    older = {key: value for key, value in answer.items() if key != "warnings"}
    Job.objects.update(result={**older, "seconds": answer["seconds"] + 5})
    capsys.readouterr()
    assert call(*once) == answer
    said = capsys.readouterr().err
    assert "could not be compared: an earlier version" in said and "changed" not in said
    assert refused(*once, "--anew")[1]["details"]["differs"] == {}


@pytest.mark.django_db
def test_lost_data_of_an_earlier_version_are_not_said_to_have_changed(storage, tmp_path) -> None:
    make_sums(count=20)
    run = launched("sft")
    TrainingRun.objects.filter(pk=run.pk).update(data_rule=1, data_sha256="0" * 64)
    run.refresh_from_db()
    context: Any = SimpleNamespace(folder=tmp_path, stage=lambda name: None)
    with pytest.raises(CannotResume, match="An earlier version .* recorded the data of this run otherwise"):
        frozen(context, run, lambda: RunData(content="0" * 64))
    TrainingRun.objects.filter(pk=run.pk).update(data_rule=DATA_RULE)
    run.refresh_from_db()
    with pytest.raises(CannotResume, match="have changed since it began"):
        frozen(context, run, lambda: RunData(content="1" * 64))


@pytest.mark.django_db
def test_ctrl_c_says_what_is_kept_and_the_same_command_goes_on(storage, monkeypatch) -> None:
    make_sums()
    command = train(label="made")
    step, calls = RunKeeper.step, 0

    def interrupting(self, *arguments) -> None:
        nonlocal calls
        calls += 1
        if calls == 7:
            raise KeyboardInterrupt
        step(self, *arguments)

    monkeypatch.setattr(RunKeeper, "step", interrupting)
    status, error = refused(*command)
    assert (status, error["code"]) == (1, "interrupted")
    run = TrainingRun.objects.get()
    stands = f"Interrupted: run {run.pk} ('made') stands at 'iteration 2: training', 2 of 4. Kept: 1 of 2 iterations"
    assert error["message"].startswith(stands)
    assert "at most 2 steps back. The same command goes on from there." in error["message"]
    details = error["details"]
    assert (details["run"], details["iteration"], details["iterations_finished"]) == (run.pk, 2, 1)
    assert details["examples"] == run.examples.count()
    before = sum(run.job.spans.exclude(name="starting").values_list("seconds", flat=True))
    answer = call(*command)
    assert answer["run"] == run.pk and get_run(run.pk).job.attempts == 2
    # The first attempt counts too, its last stage as well.
    assert run.job.spans.filter(name="iteration 2: training").count() == 2
    assert answer["seconds"] > before > 0


PLAN = """
figure = "methods"
seeds = [0]
[[data]]
make = "word_problems"
dataset = "stories"
count = 60
seed = 1
[[run]]
name = "direct"
algorithm = "sft"
recipe = "sft_answers"
set = { dataset = "stories", epochs = 0.0, steps = 4, validation_questions = 4 }
"""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("place", "words", "at"),
    [
        ("jobs.context.JobContext.stage", "stands at its beginning", "run 1 of 1: mine-direct-s0"),
        ("training.figures.performing.make_word_problems", "Interrupted at 'questions", "questions: stories"),
    ],
)
def test_ctrl_c_in_a_figure_says_in_which_part_and_what_is_kept(
    storage, tmp_path, monkeypatch, place, words, at
) -> None:
    (tmp_path / "mine.toml").write_text(PLAN)

    def interrupting(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(place, interrupting)
    command = ["figure", "methods", "--recipe", str(tmp_path / "mine.toml"), "--out", str(tmp_path / "out")]
    status, error = refused(*command)
    assert (status, error["code"], error["details"]["at"]) == (1, "interrupted", at)
    assert words in error["message"] and "The same command goes on from there." in error["message"]
    assert error["details"]["figure"] == "methods" and not list((tmp_path / "out").glob("*"))


@pytest.mark.django_db
def test_ctrl_c_in_an_evaluation_keeps_its_samples_for_the_same_command(storage, monkeypatch) -> None:
    make_sums()
    command = ["evaluate", "--model", base().label, "--dataset", "sums", "--samples", "2", "--questions", "4"]
    original = JobContext.stage

    def interrupting(self, name, *arguments, **options):
        if name == "computing":
            raise KeyboardInterrupt
        return original(self, name, *arguments, **options)

    monkeypatch.setattr(JobContext, "stage", interrupting)
    status, error = refused(*command)
    assert (status, error["code"], error["details"]["samples"]) == (1, "interrupted", 12)
    assert "Kept: 12 samples" in error["message"]
    assert "The same command goes on from there." in error["message"]
    monkeypatch.setattr(JobContext, "stage", original)
    sampled = list(Sample.objects.order_by("pk").values_list("pk", flat=True))
    assert call(*command)["samples"] == 2
    assert list(Sample.objects.order_by("pk").values_list("pk", flat=True)) == sampled


def test_of_two_that_launch_at_once_one_has_the_label(world: str, storage) -> None:
    from django.db import connection

    make_sums(count=60)
    base()
    start, won, lost = threading.Barrier(2), [], []

    def launch(seed: int) -> None:
        try:
            start.wait()
            won.append(asked(seed=seed))
        except LabelTaken as error:
            lost.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=launch, args=(seed,)) for seed in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [run], [error] = won, lost
    assert TrainingRun.objects.get() == run
    assert error.details["run"] == run.pk and set(error.details["differs"]) == {"seed"}


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [(0, 1), (0, 0)])
def test_of_two_processes_that_launch_under_one_label_one_wins(ground: Site, seeds: tuple[int, int]) -> None:
    """The other is told so: of another recipe what differs, of the same one that it is at work or done."""
    make_sums(count=60)
    processes = [
        subprocess.Popen(
            [sys.executable, "manage.py", *train("sft", seed=seed, validation_split=""), "--json"],
            cwd=ROOT,
            env=ground.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in seeds
    ]
    ends = [
        (json.loads(one.communicate(timeout=170)[0].splitlines()[-1]), one.returncode) for one in processes
    ]
    run = TrainingRun.objects.get()
    assert (run.job.state, run.job.attempts) == ("finished", 1), (run.job.error, ends)
    won = [answer for answer, status in ends if status == 0]
    lost = [answer["error"] for answer, status in ends if status == 1]
    assert all(answer["run"] == run.pk for answer in won) and won
    assert [error["details"]["run"] for error in lost] == [run.pk] * len(lost)
    if len(set(seeds)) == 2:
        [error] = lost
        assert error["code"] == "name_taken" and set(error["details"]["differs"]) == {"seed"}
    else:
        # Whoever came when all was done got the same answer.
        assert [error["code"] for error in lost] in ([], ["job_is_live"])
        assert all(answer == won[0] for answer in won)
