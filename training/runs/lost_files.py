"""Checkpoints whose files are gone while their run is unfinished: trained again, from what is stored of it.

An iteration's model is made of its base, its recipe and the candidates that it kept, all of which are stored. So a
folder that somebody deleted costs a training, not the run. Decided so although the next training begins at the base
again and would not miss it: what the next iteration samples, it samples with this model, and it may be the result.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from training.runs import checkpoints
from training.runs.models import RunFact, TrainingRun

if TYPE_CHECKING:
    from jobs.context import JobContext


def forget_lost(context: JobContext, run: TrainingRun, needed: Iterable[str]) -> None:
    """Rows and facts of those that are needed and not there, so that the loop trains them again.

    needed: names, as the recipe keeps them; others were dropped on purpose. Models that are registered stay.
    """
    rows = run.checkpoints.filter(name__in=set(needed), model__isnull=True)
    lost = sorted(name for name in rows.values_list("name", flat=True) if not checkpoints.is_there(run, name))
    if not lost:
        return
    with context.writing():
        RunFact.objects.filter(run=run, name__in=lost).delete()
        run.checkpoints.filter(name__in=lost).delete()
    for name in lost:
        context.log(
            f"The files of {name} are gone from {checkpoints.folder_of(run, name)}: it is trained again, from the"
            " candidates that are stored."
        )
