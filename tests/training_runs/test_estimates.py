"""Estimates of real runs: what is counted beforehand is what the run then does, and what it takes is near."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.audit import COMMAND
from jobs.here import run_here
from tests.training_runs.test_commands import call, settings_of
from tests.training_runs.votes import voted_sums
from tests.training_runs.worlds import done, launched, make_sums, recipe
from training.estimating.estimate import Estimate
from training.runs.checking import check_inputs
from training.runs.estimates import outlook, pairs_by_split
from training.runs.measured_models import Measurement
from training.runs.measuring import measure, newest
from training.runs.models import PreferencePair, TrainingRun
from training.runs.spending import spent_on

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]

#: Seconds and bytes may be off by so much, one way or the other.
FACTOR = 1.5

FIGURES: dict[str, Any] = {
    "shape": {
        "parameters": 330_624,
        "layers": 4,
        "width": 64,
        "heads": 4,
        "vocabulary": 1_024,
        "context": 512,
        "weight_bytes": 4,
    },
    "wall": dict.fromkeys(("start", "load", "decode_step", "decode_row", "read_token"), 0.001)
    | dict.fromkeys(("train_step", "train_token", "pair_token", "save", "row"), 0.001),
    "lengths": {
        "question": 15.0,
        "hinted": 19.0,
        "completion": 60.0,
        "longest": 90.0,
        "right": 0.5,
        "right_hinted": 0.8,
        "shot": 0.0,
        "sampled": 64,
        "texts": {"": 80.0},
    },
    "held_bytes": 500_000_000,
    "device": "cpu",
}
FIGURES["cpu"] = FIGURES["wall"]


def measured() -> Measurement:
    """A measurement as a worker leaves it, with figures that were typed."""
    found = measure("tiny-base", "sums", actor=COMMAND)
    found.job.state = "finished"
    found.job.save()
    Measurement.objects.filter(pk=found.pk).update(host="here", figures=FIGURES)
    return found


@pytest.mark.parametrize("algorithm", ["sft", "star", "dpo"])
def test_steps_and_questions_are_those_that_the_run_then_takes(algorithm: str) -> None:
    more: dict[str, Any] = {}
    if algorithm == "dpo":
        voted_sums()
        more = {"studies": ["trial"], "epochs": 2.0, "steps": 0}
    else:
        make_sums(count=60)
    if algorithm == "sft":
        more = {"epochs": 0.5, "steps": 0}
    measured()
    run = done(algorithm, **more)
    thought = Estimate.from_json(run.estimate)
    assert thought.steps == run.metrics["steps"]
    if algorithm == "star":
        asked = {one.iteration: one.units for one in thought.stages if one.stage == "generating"}
        assert asked == {number: run.iterations.get(number=number).counts["questions"] for number in (1, 2)}
    if algorithm == "dpo":
        learned = run.pairs.filter(use=PreferencePair.Use.TRAIN).count()
        inputs = check_inputs(recipe("dpo", **more).values)
        assert pairs_by_split(inputs, raters="human", ties="drop") == {"train": learned, "test": 12}
    spent = spent_on(run)
    assert spent is not None and spent.seconds > 0 and spent.cpu_seconds > 0
    names = list(run.job.spans.values_list("name", flat=True))
    assert names[0] == "starting" and "training" in " ".join(names)


def test_before_any_measurement_the_steps_alone_are_known_and_nothing_is_stored() -> None:
    make_sums(count=60)
    run = launched("star", "first")
    found = outlook(recipe("star").values, check_inputs(recipe("star").values))
    assert run.estimate == {} and found.estimate is None
    assert found.steps == 4 + 4


def test_a_measurement_that_waits_is_not_asked_for_twice() -> None:
    make_sums(count=60)
    first = measure("tiny-base", "sums", actor=COMMAND)
    assert measure("tiny-base", "sums", actor=COMMAND) == first
    assert Measurement.objects.count() == 1 and newest(first.model, first.dataset) is None


def test_the_command_measures_once_and_launches_nothing(storage) -> None:
    make_sums(count=60)
    arguments = ["train", "sft", "--recipe", "sft", *settings_of("sft"), "--label", "none", "--estimate"]
    first = call(*arguments)
    assert first["estimate"]["steps"] == 6 and first["estimate"]["cpu_seconds"] > 0
    assert first["estimate"]["rss_bytes"] > 50_000_000 and first["measured_on"]
    again = call(*arguments)
    assert again == first
    assert Measurement.objects.count() == 1 and not TrainingRun.objects.exists()


RECIPES: dict[str, dict[str, Any]] = {
    "sft": {"epochs": 0.0, "steps": 60, "batch_size": 24, "save_every": 20, "validation_questions": 60},
    "star": {
        "iterations": 2,
        "questions_per_iteration": 128,
        "batch_questions": 64,
        "first_steps": 30.0,
        "steps_growth": 1.2,
        "batch_size": 24,
        "validation_questions": 40,
        "save_every": 50,
    },
    "sft by two": {"epochs": 0.0, "steps": 60, "batch_size": 24, "validation_questions": 60, "processes": 2},
    "dpo": {"studies": ["trial"], "epochs": 0.0, "steps": 60, "batch_size": 8, "select_every": 30},
}


@pytest.mark.slow
def test_recipes_take_what_was_thought() -> None:
    """Processor seconds, since whoever else works on the machine makes the clock's differ; memory beside it."""
    voted_sums(questions=30)
    # All is done in this one process: what only its first run pays for, imports, belongs to nobody's estimate here.
    done("sft", label="warm")
    run_here(measure("tiny-base", "sums", actor=COMMAND).job_id)
    said = {}
    for name, changes in RECIPES.items():
        run = done(name.partition(" ")[0], label=name.replace(" ", "-"), **changes)
        thought, took = Estimate.from_json(run.estimate), spent_on(run)
        assert took is not None and took.rss_bytes is not None
        said[name] = {
            "cpu": (round(thought.cpu_seconds, 1), round(took.cpu_seconds, 1)),
            "wall": (round(thought.seconds, 1), round(took.seconds, 1)),
            "bytes": (thought.rss_bytes, took.rss_bytes),
        }
    for found in said.values():
        for what in ("cpu", "bytes"):
            before, after = found[what]
            assert 1 / FACTOR <= after / before <= FACTOR, said


@pytest.mark.parametrize("field", ["base", "dataset"])
def test_what_is_not_there_can_not_be_measured(field: str) -> None:
    from accounts.errors import StarchamberError

    make_sums(count=60)
    names = {"base": "tiny-base", "dataset": "sums"} | {field: "none"}
    with pytest.raises(StarchamberError) as caught:
        measure(names["base"], names["dataset"], actor=COMMAND)
    assert caught.value.details["field"] == field
    assert not Measurement.objects.exists()
