"""A loss that becomes no number ends a run at its step; what it had learned is kept, and said wherever one looks."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
import torch
from django.test import Client

from accounts.audit import COMMAND
from generation.registry.opening import load_model
from generation.registry.selectors import get_model
from jobs.errors import JobError
from jobs.logs import read_log
from jobs.services import run_here
from tests.training_runs.test_conditions import page_of
from tests.training_runs.votes import voted_sums
from tests.training_runs.worlds import done, launched, make_sums
from training.losses import Loss, completion_loss, dpo_loss
from training.parallel import team
from training.runs.launching import resume_run
from training.runs.models import TrainingRun
from training.runs.selectors import get_run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


class Poison:
    """The loss of a training that becomes no number at a step: what numbers that run away come to."""

    def __init__(self, loss_of: Any, step: int) -> None:
        self._loss_of, self._step, self._calls = loss_of, step, 0

    def __call__(self, *arguments: Any, **named: Any) -> Loss:
        self._calls += 1
        loss: Loss = self._loss_of(*arguments, **named)
        return Loss(loss.total * float("nan")) if self._calls == self._step else loss


def test_a_loss_that_is_no_number_leaves_a_model_to_start_from(client: Client, engineer, monkeypatch) -> None:
    make_sums()
    good = done("sft", "good", steps=4, save_every=4, schedule="constant", keep="last", validation_split="")
    run = launched("sft", steps=6, save_every=2, schedule="constant", validation_split="")
    monkeypatch.setattr("training.sft.completion_loss", Poison(completion_loss, 5))
    with pytest.raises(JobError, match="loss of step 5 is nan; the state of step 4 is kept") as caught:
        run_here(run.job_id)
    assert caught.value.details["model"] == "made-before-step-5"
    # Bitwise what four steps make of the base.
    kept, expected = (load_model(get_model(name)).model for name in ("made-before-step-5", "good"))
    assert all(torch.equal(kept.get_parameter(name), weight) for name, weight in expected.named_parameters())
    assert good.checkpoints.get(is_result=True).step == 4
    row = run.checkpoints.get()
    assert (row.step, row.is_result) == (4, False)
    shown = page_of(client, engineer, get_run(run.pk))
    assert "step 5" in shown and "made-before-step-5" in shown
    # From there on, with a lower rate.
    monkeypatch.undo()
    assert done("sft", "lower", base="made-before-step-5", learning_rate=1e-4).job.state == "finished"


def ended(client: Client, run: TrainingRun) -> JobError:
    """The error that the run ends with: the same on its page, in the API and in the log."""
    with pytest.raises(JobError) as caught:
        run_here(run.job_id)
    error = client.get(f"/api/v1/runs/{run.pk}/").json()["job"]["error"]
    assert (error["code"], error["message"]) == ("loss_not_finite", caught.value.message)
    assert unescape(client.get(f"/runs/{run.pk}/").content.decode()).count(caught.value.message) >= 2
    assert f"failed: {caught.value.message}" in read_log(run.job_id).text
    assert team._team is None
    return caught.value


def same_weights(one: str, other: str) -> bool:
    models = [load_model(get_model(label)).model for label in (one, other)]
    return all(
        torch.equal(weight, models[1].get_parameter(name)) for name, weight in models[0].named_parameters()
    )


@pytest.mark.slow
def test_of_a_run_with_rounds_the_last_iteration_is_kept_too(client: Client, engineer, monkeypatch) -> None:
    make_sums(count=60)
    client.force_login(engineer)
    run = launched("star", iterations=2)
    # The first iteration takes four steps.
    monkeypatch.setattr("training.sft.completion_loss", Poison(completion_loss, 4 + 3))
    error = ended(client, run)
    assert error.message.startswith("Iteration 2: the loss of step 3 is nan; the state of step 2 is kept.")
    assert error.details["model"] == "made-iteration-2-before-step-3"
    assert "The model of iteration 1 is kept as 'made-iteration-1'." in error.message
    assert error.details["last_model"] == "made-iteration-1"
    row = run.checkpoints.get(model__label="made-iteration-1")
    assert (row.iteration, row.is_result) == (1, False)
    # Gone on with, and this time all is well: the first iteration may be its result, whatever was kept of it.
    monkeypatch.undo()
    resume_run(run, actor=COMMAND)
    run_here(run.job_id)
    found = get_run(run.pk)
    assert found.job.state == "finished" and found.checkpoints.get(is_result=True).model is not None
    best = found.metrics["best_iteration"]
    assert same_weights("made", "made-iteration-1") == (best == 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("algorithm", "loss", "call", "words", "labels"),
    [
        ("sft", "training.sft.completion_loss", 3, "The loss of step 3 is nan; the state of step 2", {}),
        ("dpo", "training.dpo.dpo_loss", 3, "The loss of step 3 is nan; the state of step 2 is kept", {}),
        (
            "vstar", "training.sft.completion_loss", 2, "Generator 1: the loss of step 2 is nan; no state was saved",
            {"model": "made-generator-1-before-step-2"},
        ),
        (
            "vstar", "training.dpo.dpo_loss", 1, "Verifier: the loss of step 1 is nan; no state was saved",
            {"last_model": "made-generator-2"},
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("processes", [1, 2])
def test_every_method_stops_and_keeps(
    algorithm, loss, call, words, labels, processes, client: Client, engineer, monkeypatch
) -> None:
    if algorithm == "dpo":
        voted_sums()
    else:
        make_sums(count=60)
    client.force_login(engineer)
    more: dict[str, Any] = {"studies": ["trial"]} if algorithm == "dpo" else {}
    if algorithm == "vstar":
        more = {"sources": [], "verifier_epochs": 1.0}
    run = launched(algorithm, processes=processes, **more)
    before = {"training.sft.completion_loss": completion_loss, "training.dpo.dpo_loss": dpo_loss}[loss]
    monkeypatch.setattr(loss, Poison(before, call))
    error = ended(client, run)
    assert error.message.startswith(words)
    labels = labels or {"model": f"made-before-step-{call}"}
    assert {name: error.details[name] for name in labels} == labels
    for label in labels.values():
        assert load_model(get_model(label)).context == 512
