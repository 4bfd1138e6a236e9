"""What a run took, by the stages that have ended, beside what it was thought to take."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Max, Sum

from training.estimating.estimate import Estimate
from training.runs.models import TrainingRun


@dataclass(frozen=True, slots=True)
class Spent:
    """Of all attempts together: seconds of the clock and of the processor, and the most memory of any of them."""

    seconds: float
    cpu_seconds: float
    rss_bytes: int | None
    device_bytes: int | None = None


def spent_on(run: TrainingRun) -> Spent | None:
    """None before a stage has ended, and for runs of earlier versions."""
    found = run.job.spans.aggregate(wall=Sum("seconds"), cpu=Sum("cpu_seconds"), peak=Max("peak_bytes"))
    if found["wall"] is None:
        return None
    return Spent(found["wall"], found["cpu"], found["peak"], run.device_peak_bytes)


def estimate_of(run: TrainingRun) -> Estimate | None:
    """As it was stored when the run was launched; None where nothing had been measured."""
    return Estimate.from_json(run.estimate) if run.estimate else None
