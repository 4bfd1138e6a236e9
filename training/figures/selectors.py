"""Reading figures that were asked for."""

from __future__ import annotations

from django.db.models import Prefetch, Q, QuerySet

from training.figures.errors import FigureNotFound
from training.figures.models import FigureRecord
from training.runs.models import Algorithm, TrainingRun


def figures() -> QuerySet[FigureRecord]:
    """All of them, newest first, with what a list shows."""
    runs = Prefetch("runs", TrainingRun.objects.select_related("job").order_by("id"))
    return FigureRecord.objects.select_related("dataset").prefetch_related(runs).order_by("-id")


def get_figure(pk: int) -> FigureRecord:
    """Raises FigureNotFound."""
    found = figures().filter(pk=pk).first()
    if found is None:
        raise FigureNotFound(f"There is no figure {pk}.", details={"figure": pk})
    return found


def runs_to_draw() -> QuerySet[TrainingRun]:
    """Runs that a figure may be made from, finished or not, newest first; no label twice."""
    wanted = Q(algorithm=Algorithm.STAR) | Q(algorithm=Algorithm.SFT)
    return (
        TrainingRun.objects.filter(wanted, holds_label=True).select_related("job", "dataset").order_by("-id")
    )
