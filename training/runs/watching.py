"""A training loop's watcher that reports to the job: progress, curves, and whether to stop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.context import JobContext


class JobWatch:
    """training.loop.Watch for one training of a run.

    prefix: before the names of the curves, for runs that train several things. offset: steps of the trainings before
    this one, so that the curves of an iteration go on where the last one's ended.
    """

    def __init__(self, context: JobContext, *, prefix: str = "", offset: int = 0) -> None:
        self._context, self._prefix, self._offset = context, prefix, offset

    def check(self) -> None:
        self._context.check()

    def step(self, step: int, loss: float, extras: Mapping[str, float]) -> None:
        # A resumed training repeats steps, with the same values: a point that is there already is left alone.
        for name, value in {"loss": loss, **extras}.items():
            self._context.metric(f"{self._prefix}{name}", self._offset + step, value)
        self._context.advance(step)
