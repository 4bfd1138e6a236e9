"""Reading figures that were asked for."""

from __future__ import annotations

from django.db.models import Count, Prefetch, Q, QuerySet

from problems.types import Family
from ratings.library.models import Rationale
from training.figures.errors import FigureNotFound
from training.figures.models import FigureRecord
from training.runs.models import Algorithm, TrainingRun

#: Whose solutions hold calculator steps.
WITH_CALCULATIONS = (Family.GSM8K, Family.WORD_PROBLEM)


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


def sources_to_draw() -> list[tuple[str, str, int]]:
    """(dataset, source, its live solutions) where solutions have calculator steps to count."""
    rows = Rationale.objects.filter(question__dataset__family__in=WITH_CALCULATIONS, live=True).order_by()
    named = rows.values_list("question__dataset__name", "source__label").annotate(count=Count("pk"))
    return sorted(named)
