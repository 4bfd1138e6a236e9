"""Reading the curves of a job."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, F, Window
from django.db.models.functions import Mod, RowNumber

from jobs.models import Metric

#: As many points of a series are drawn; the eye sees no more.
DRAWN = 200


@dataclass(frozen=True, slots=True)
class Series:
    """Points in order of their step, evenly thinned, the last one always there. `count`: how many there are in all."""

    name: str
    points: list[tuple[int, float]]
    count: int


def curves_of(job_id: int, *, limit: int = DRAWN) -> list[Series]:
    """All series by name, with about `limit` points each."""
    found = Metric.objects.filter(job_id=job_id).order_by()
    counts = found.values_list("series").annotate(count=Count("pk")).order_by("series")
    return [Series(name, _points(job_id, name, count, limit), count) for name, count in counts]


def _points(job_id: int, series: str, count: int, limit: int) -> list[tuple[int, float]]:
    rows = Metric.objects.filter(job_id=job_id, series=series).order_by("step")
    every = -(-count // limit)
    if every > 1:
        # Counted from the end, so that the last one stays.
        place = Window(RowNumber(), order_by=F("step").desc())
        rows = rows.annotate(place=place).annotate(rest=Mod(F("place") - 1, every)).filter(rest=0)
    return list(rows.values_list("step", "value"))
