"""What a run took, by the stages that have ended, beside what it was thought to take.

`seconds`, wherever a run or its estimate has them (the answer of `train`, pages, API): of the clock, of the work alone,
over all its attempts. Left out: the waiting for a worker, the time between attempts, and each process's start-up, which
is the machine's and not the run's. An attempt that was killed counts up to its last word.
"""

from __future__ import annotations

from dataclasses import dataclass

from jobs.progress import in_words
from jobs.stopwatch import STARTING
from training.estimating.estimate import Estimate
from training.runs.models import TrainingRun


@dataclass(frozen=True, slots=True)
class Spent:
    """Of all attempts together: seconds of the clock and of the processor, and the most memory of any of them.

    Processor and memory are those of all processes of a training together; device_bytes: of the first one's GPU.
    cpu_seconds: without what an attempt that was killed had spent in its last stage.
    """

    seconds: float
    cpu_seconds: float
    rss_bytes: int | None
    device_bytes: int | None = None


def spent_on(run: TrainingRun) -> Spent | None:
    """None before a stage has ended, and for runs of earlier versions."""
    # All at once, so that a list of runs may prefetch them.
    spans = list(run.job.spans.all())
    work = [span for span in spans if span.name != STARTING]
    if not work:
        return None
    return Spent(
        seconds=round(sum(span.seconds for span in work), 3),
        cpu_seconds=round(sum(span.cpu_seconds for span in work), 3),
        rss_bytes=max((span.peak_bytes for span in spans if span.peak_bytes is not None), default=None),
        device_bytes=run.device_peak_bytes,
    )


def estimate_of(run: TrainingRun) -> Estimate | None:
    """As it was stored when the run was launched; None where nothing had been measured."""
    return Estimate.from_json(run.estimate) if run.estimate else None


@dataclass(frozen=True, slots=True)
class Cost:
    """One line of what a run took. estimated: "" where nobody estimated it."""

    words: str
    estimated: str
    took: str


def cost_rows(run: TrainingRun) -> list[Cost]:
    """What was thought beside what it took; [] for runs of earlier versions."""
    took, thought = spent_on(run), estimate_of(run)
    if took is None:
        return []
    steps = run.metrics.get("steps")
    rows = [
        Cost("Time", in_words(thought.seconds) if thought else "", in_words(took.seconds)),
        Cost(
            "Processor time",
            in_words(thought.cpu_seconds) if thought and thought.device_bytes is None else "",
            in_words(took.cpu_seconds),
        ),
    ]
    if took.rss_bytes is not None:
        rows.append(
            Cost(
                "Memory, at most",
                bytes_words(thought.rss_bytes if thought else None),
                bytes_words(took.rss_bytes),
            )
        )
    if took.device_bytes is not None:
        before = thought.device_bytes if thought else None
        rows.append(Cost("Memory of the GPU, at most", bytes_words(before), bytes_words(took.device_bytes)))
    if steps is not None:
        rows.append(Cost("Optimiser steps", f"{thought.steps:,}" if thought else "", f"{steps:,}"))
    return rows


def bytes_words(count: int | None) -> str:
    """`640 MB`, `12.3 GB`; "" for None."""
    if count is None:
        return ""
    return f"{count / 1e9:.1f} GB" if count >= 2e9 else f"{count / 1e6:,.0f} MB"
