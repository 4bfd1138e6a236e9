"""A training loop's watcher that reports to the job: progress, curves, and whether to stop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from training.runs.conditions import note_halving
from training.runs.curves import curve_name

if TYPE_CHECKING:
    from jobs.context import JobContext


class SavedStates:
    """Notices, by the steps that pass, that an attempt at a training has saved a state of its own: that is progress.

    A state is saved behind its step, so it is there once the next step has been taken. The one that an attempt went on
    from is not its own: a training that breaks before the next state does not get any further.
    """

    def __init__(self, context: JobContext, *, every: int) -> None:
        self._context, self._every = context, every
        self._first: int | None = None

    def note(self, step: int) -> None:
        """After each step, counted from 1."""
        if self._first is None:
            self._first = step
        if step > self._first and (step - 1) % self._every == 0:
            self._context.progressed()


class JobWatch:
    """training.loop.Watch for a run that trains once. save_every: steps between two saved states."""

    def __init__(self, context: JobContext, *, save_every: int) -> None:
        self._context, self._save_every = context, save_every
        self._saved = SavedStates(context, every=save_every)

    def check(self) -> None:
        self._context.check()

    def step(self, step: int, loss: float, extras: Mapping[str, float]) -> None:
        # A resumed training repeats steps, with the same values: a point that is there already is left alone.
        for name, value in {"loss": loss, **extras}.items():
            self._context.metric(curve_name(name), step, value)
        if step % self._save_every == 0:
            # Before the state is saved: what comes before it is not done, nor told, again.
            self._context.flush()
        self._saved.note(step)
        self._context.advance(step)

    def halved(self, step: int, rows: int) -> None:
        note_halving(self._context, step, rows)
