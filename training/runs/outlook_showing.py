"""What a run will take, in words, for the form from which it is launched."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jobs.models import Job
from jobs.progress import in_words
from jobs.selectors import QueueStatus, queue_status
from training.estimating.estimate import Estimate
from training.runs.estimates import Outlook
from training.runs.measured_models import Measurement
from training.runs.measuring import figures_of
from training.runs.models import TrainingRun
from training.runs.showing import Figure
from training.runs.spending import bytes_words, estimate_of, spent_on

#: A machine on which a processor's second takes longer than this is called busy.
BUSY = 1.3


@dataclass(frozen=True, slots=True)
class Earlier:
    """The last run of this kind that was estimated, and what it took."""

    pk: int
    label: str
    estimated: str
    took: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOutlook:
    base: str
    dataset: str
    figures: list[Figure]
    estimate: Estimate | None
    advice: list[str] = field(default_factory=list)
    head: list[str] = field(default_factory=lambda: ["Stage", "Iteration", "Units", "Time"])
    rows: list[list[Any]] = field(default_factory=list)
    host: str = ""
    measured_at: datetime | None = None
    busy: str = ""
    earlier: Earlier | None = None
    pending: Measurement | None = None
    failed: Measurement | None = None
    queue: QueueStatus | None = None


def shown(found: Outlook, algorithm: str) -> ShownOutlook:
    measured = found.measurement
    busy = figures_of(measured).busy if measured is not None else 0.0
    return ShownOutlook(
        base=found.base.label,
        dataset=found.dataset.name,
        figures=_figures(found),
        estimate=found.estimate,
        advice=found.advice,
        rows=[] if found.estimate is None else _rows(found.estimate),
        host=measured.host if measured is not None else "",
        measured_at=measured.job.finished_at if measured is not None else None,
        busy=f"{busy:.1f}" if busy > BUSY else "",
        earlier=_earlier(found, algorithm),
        pending=found.pending,
        failed=found.failed,
        queue=queue_status(["train"])[0] if found.pending else None,
    )


def _figures(found: Outlook) -> list[Figure]:
    thought = found.estimate
    if thought is None:
        return [] if found.steps is None else [Figure("Steps", f"{found.steps:,}", "of the optimiser")]
    figures = [
        Figure("Time, about", in_words(thought.seconds), f"{in_words(thought.cpu_seconds)} of a processor"),
        Figure("Memory, at most", bytes_words(thought.rss_bytes)),
        Figure("Steps", f"{thought.steps:,}", f"{thought.tokens_trained:,} tokens learned from"),
    ]
    if thought.device_bytes is not None:
        figures.insert(2, Figure("Memory of the GPU, at most", bytes_words(thought.device_bytes)))
    if thought.tokens_sampled:
        figures.append(Figure("Tokens sampled", f"{thought.tokens_sampled:,}"))
    return figures


def _rows(thought: Estimate) -> list[list[Any]]:
    return [
        [one.stage, one.iteration or "–", f"{one.units:,}" if one.units else "–", in_words(one.seconds)]
        for one in thought.stages
    ]


def _earlier(found: Outlook, algorithm: str) -> Earlier | None:
    run = (
        TrainingRun.objects.filter(
            algorithm=algorithm, base=found.base, dataset=found.dataset, job__state=Job.State.FINISHED
        )
        .exclude(estimate={})
        .select_related("job")
        .order_by("-pk")
        .first()
    )
    thought, took = (None, None) if run is None else (estimate_of(run), spent_on(run))
    if run is None or thought is None or took is None:
        return None
    return Earlier(run.pk, run.label, in_words(thought.seconds), in_words(took.seconds))
