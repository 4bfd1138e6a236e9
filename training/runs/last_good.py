"""What is left of a run that could not go on: models to start again from.

Of a loss that became no number:

    RUN-before-step-5                 the model as it was before that step; of a run with rounds also
    RUN-iteration-2-before-step-5     which of its trainings that was, and
    RUN-iteration-1                   the last model that it had finished (V-STaR: RUN-generator-1)

Of an iteration that kept nothing: RUN-iteration-1, the best that it had finished.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import torch

from generation.registry.models import LanguageModel
from jobs.models import Job
from training.errors import LossNotFinite, NothingRight
from training.runs import checkpoints
from training.runs.models import Algorithm, Checkpoint, TrainingRun

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from generation.registry.loading import LoadedModel
    from jobs.context import JobContext

#: What the rows of last models are called: the checkpoint itself may still become the result of a run that goes on.
_LAST = "last-good"


def keep_last_good(context: JobContext, run: TrainingRun, error: LossNotFinite) -> None:
    """Registers what can be started from, and says so in the error, which also learns which training it was.

    A run that comes to the same end again finds them registered already.
    """
    training = _training(context, run)
    if training:
        error.add_where(training)
    before = _keep_before(context, run, error, training)
    if before is not None:
        error.add_kept(before.label)
        context.log(f"The model as it was after step {error.step - 1} is kept as {before.label!r}.")
    last = _keep_last(context, run)
    if last is not None:
        name, model = last
        error.add_last(name, model.label)
        context.log(f"The model of {name} is kept as {model.label!r}.")


def keep_best(context: JobContext, run: TrainingRun, error: NothingRight) -> None:
    """Registers the best iteration that is finished, and says so in the error, beside the questions that were left out.

    The run never goes on, so that the checkpoint itself becomes the model. It is not the run's result: that would be
    the best of all iterations.
    """
    run.refresh_from_db(fields=["conditions"])
    if left := run.conditions.get("too_long"):
        error.add_left_out(left)
    best = _best(run)
    if best is not None:
        name = best.name.replace("-", " ")
        model = checkpoints.register(context, run, {best.name: best.name})[best.name]
        error.add_last(name, model.label)
        context.log(f"The model of {name} is kept as {model.label!r}.")
    error.add_ending()


def _best(run: TrainingRun) -> Checkpoint | None:
    """By accuracy on the validation questions, the earliest of equals; the newest where nothing was measured."""
    there = [row for row in _of_rounds(run) if checkpoints.folder_of(run, row.name).is_dir()]
    measured = [row for row in there if row.metrics.get("accuracy") is not None]
    if measured:
        return max(measured, key=lambda row: (row.metrics["accuracy"], -row.iteration))
    return there[0] if there else None


def _of_rounds(run: TrainingRun) -> QuerySet[Checkpoint]:
    """Models of iterations, the newest first."""
    return run.checkpoints.filter(name__regex=r"^(iteration|generator)-[0-9]+$").order_by("-iteration")


def _training(context: JobContext, run: TrainingRun) -> str:
    """ "iteration 2", "generator 1" or "verifier", by the stage that the run is in; "" where it trains once."""
    if run.algorithm not in (Algorithm.STAR, Algorithm.VSTAR):
        return ""
    return Job.objects.values_list("stage", flat=True).get(pk=context.job_id).partition(":")[0]


def _keep_before(
    context: JobContext, run: TrainingRun, error: LossNotFinite, training: str
) -> LanguageModel | None:
    """Not before a first step is taken: that is the base, or what the training began with."""
    loaded = error.loaded
    if loaded is None or error.step == 1 or not _is_finite(loaded):
        return None
    name = f"before-step-{error.step}"
    if training:
        name = f"{training.replace(' ', '-')}-{name}"
    found = _registered(run, name)
    if found is None:
        checkpoints.save(context, run, loaded, name, step=error.step - 1)
        found = checkpoints.register(context, run, {name: name})[name]
    return found


def _keep_last(context: JobContext, run: TrainingRun) -> tuple[str, LanguageModel] | None:
    """The newest model that a run with rounds has finished, under a name of its own. (name, model)"""
    newest = next((row for row in _of_rounds(run) if checkpoints.folder_of(run, row.name).is_dir()), None)
    if newest is None:
        return None
    name = f"{_LAST}-{newest.name}"
    found = _registered(run, name)
    if found is None:
        folder = checkpoints.folder_of(run, name)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(checkpoints.folder_of(run, newest.name), folder)
        with context.writing():
            facts = {"iteration": newest.iteration, "step": newest.step, "metrics": newest.metrics}
            Checkpoint.objects.update_or_create(run=run, name=name, defaults=facts)
        found = checkpoints.register(context, run, {name: newest.name})[name]
    return newest.name.replace("-", " "), found


def _registered(run: TrainingRun, name: str) -> LanguageModel | None:
    row = run.checkpoints.filter(name=name, model__isnull=False).select_related("model").first()
    return row.model if row else None


def _is_finite(loaded: LoadedModel) -> bool:
    return all(bool(torch.isfinite(weight).all()) for weight in loaded.model.parameters())
