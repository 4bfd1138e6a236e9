"""What is left of a run whose loss became no number: the model as it was before that step, to start again from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from training.errors import LossNotFinite
from training.runs import checkpoints
from training.runs.models import TrainingRun

if TYPE_CHECKING:
    from jobs.context import JobContext


def keep_last_good(context: JobContext, run: TrainingRun, error: LossNotFinite) -> None:
    """Registers the model as it was before the bad step, and says so in the error. Not before a first step is taken.

    A run that comes to the same end again finds it registered already.
    """
    loaded = error.loaded
    if loaded is None or error.step == 1:
        return
    if not all(bool(torch.isfinite(weight).all()) for weight in loaded.model.parameters()):
        return
    name = f"before-step-{error.step}"
    row = run.checkpoints.filter(name=name, model__isnull=False).select_related("model").first()
    model = row.model if row else None
    if model is None:
        checkpoints.save(context, run, loaded, name, step=error.step - 1)
        model = checkpoints.register(context, run, {name: name})[name]
    error.add_kept(model.label)
    context.log(f"The model as it was after step {error.step - 1} is kept as {model.label!r}.")
