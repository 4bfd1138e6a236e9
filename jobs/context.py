"""What a handler gets: its progress, its log, its curves, and the fence that every write of results stands behind."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from jobs.errors import Cancelled, LeaseLost, NotFinite
from jobs.leases import Claim, held_by, renewal_seconds, row_transaction
from jobs.logs import folder_of, write_log
from jobs.memory import forget_peak
from jobs.models import Metric, StageSpan
from jobs.stopwatch import Stopwatch

#: What a database that is away raises.
OUTAGE = (OperationalError, InterfaceError)
#: Points that are kept in memory before they are written without waiting for the next report.
MAX_WAITING_POINTS = 1000

#: (stage, done, total): called with every change, for a bar.
Show = Callable[[str, int, int | None], None]


class Wishes:
    """What others want of a running handler; set from a signal handler or from the thread that renews the lease."""

    def __init__(self) -> None:
        self.cancel = threading.Event()
        self.lost = threading.Event()

    def obey(self) -> None:
        if self.lost.is_set():
            raise LeaseLost
        if self.cancel.is_set():
            raise Cancelled


class JobContext:
    """A handler's side of its job. Progress is written at most every second or two, so call as often as you like.

    Every call but `log` and `folder` may raise Cancelled or LeaseLost; let them pass.
    """

    def __init__(self, claim: Claim, *, wishes: Wishes | None = None, show: Show | None = None) -> None:
        self._claim = claim
        self._wishes = wishes or Wishes()
        self._show = show
        self._stage, self._done = "", 0
        self._total: int | None = None
        #: What the row says about the stage beyond the counts; nothing before the first stage.
        self._stage_facts: dict[str, Any] = {}
        self._points: list[Metric] = []
        forget_peak()
        self._stopwatch = Stopwatch(claim.job_id, claim.fence)
        self._next_report = 0.0
        self._writing = 0

    @property
    def job_id(self) -> int:
        return self._claim.job_id

    @property
    def fence(self) -> int:
        """Higher with each attempt."""
        return self._claim.fence

    @property
    def resumed(self) -> bool:
        """Whether an attempt before this one may have left something."""
        return self._claim.attempt > 1

    @property
    def folder(self) -> Path:
        """The job's own folder; the same for every attempt."""
        return folder_of(self.job_id)

    def stage(self, name: str, done: int = 0, total: int | None = None) -> None:
        """A new part of the work begins, at `done` units of `total` (None: nobody knows how many there will be)."""
        self._wishes.obey()
        self._stopwatch.stop(self._done, self._total)
        self._stopwatch.start(name[:100], done)
        self._stage, self._done, self._total = name[:100], done, total
        self._stage_facts = {"stage": self._stage, "stage_started_at": timezone.now(), "stage_from": done}
        self._tell()
        self._report()

    def advance(self, done: int, total: int | None = None) -> None:
        """So many units of this stage are done."""
        self._done = done
        self._total = self._total if total is None else total
        self._tell()
        self.check()

    def check(self) -> None:
        """Raises Cancelled or LeaseLost when the work should end here."""
        self._wishes.obey()
        if time.monotonic() >= self._next_report:
            self._report()

    def metric(self, series: str, step: int, value: float) -> None:
        """Adds a point to a curve; (series, step) again is ignored. Raises NotFinite for NaN and infinities."""
        if not math.isfinite(value):
            raise NotFinite(
                f"{series} at step {step} is {value}, not a finite number.",
                details={"series": series, "step": step, "value": str(value)},
            )
        self._points.append(Metric(job_id=self.job_id, series=series[:60], step=step, value=float(value)))
        if len(self._points) >= MAX_WAITING_POINTS:
            self.flush()
        else:
            self.check()

    def spent(self, stage: str) -> tuple[float, float]:
        """Seconds of the clock and of the processor in this stage, which is the present one."""
        return self._stopwatch.spent(stage)

    def progressed(self) -> None:
        """Something is stored that no later attempt does again: attempts that break are counted anew from here.

        So a long work outlives any number of power cuts, and one that breaks at the same place each time still ends.
        """
        held_by(self._claim).filter(failures__gt=0).update(failures=0)

    def log(self, text: str) -> None:
        write_log(self.job_id, text)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """The transaction in which every write of results stands: it holds the job's row and knows it to be ours.

        Keep it short, well below a lease: the row is locked, nobody can cancel or renew meanwhile, and PostgreSQL ends
        a transaction in which nothing is said for a lease's time. Raises LeaseLost; a database that is away is waited
        for at the start.
        """
        self._await_database()
        with row_transaction():
            if held_by(self._claim).select_for_update().values_list("pk").first() is None:
                raise LeaseLost
            self._writing += 1
            try:
                yield
            finally:
                self._writing -= 1

    def end_stages(self) -> None:
        """The work is done: what its stages took is written down, for a handler that tells it."""
        self._stopwatch.stop(self._done, self._total)
        self._write_spans()

    def close(self) -> None:
        """Writes what was not written yet. Called at the end of every handler; its own last word is kept."""
        self._stopwatch.stop(self._done, self._total)
        self._write_progress()
        self._write_spans()
        self.flush()

    def flush(self) -> None:
        """Writes the points that wait: before a state is saved after which their steps are not done again."""
        if self._points:
            with self.writing():
                Metric.objects.bulk_create(self._points, batch_size=500, ignore_conflicts=True)
            self._points = []

    def _await_database(self) -> None:
        """Whoever watches over us notices when an outage lasts too long; until then it may pass."""
        while not connection.in_atomic_block:
            try:
                connection.ensure_connection()
                if connection.is_usable():
                    return
            except OUTAGE:
                time.sleep(renewal_seconds() / 2)
            self._wishes.obey()
            connection.close()

    def _tell(self) -> None:
        if self._show is not None:
            self._show(self._stage, self._done, self._total)

    def _report(self) -> None:
        """Writes where the work is and reads what others want. Not inside writing(): that transaction is the work's."""
        if self._writing:
            return
        self._next_report = time.monotonic() + renewal_seconds() / 2
        try:
            self._write_progress()
            if held_by(self._claim).filter(cancel_requested=True).exists():
                self._wishes.cancel.set()
            self._write_spans()
            self.flush()
        except OUTAGE:
            if connection.in_atomic_block:
                raise
            # Said again in a moment; who watches over us knows whether the lease still stands.
            connection.close()
        self._wishes.obey()

    def _write_spans(self) -> None:
        """Like points: behind the fence, and again if the database was away."""
        if self._stopwatch.spans:
            with self.writing():
                StageSpan.objects.bulk_create(self._stopwatch.spans, ignore_conflicts=True)
            self._stopwatch.spans = []

    def _write_progress(self) -> None:
        facts = {"done": self._done, "total": self._total, "reported_at": timezone.now(), **self._stage_facts}
        if not held_by(self._claim).update(**facts):
            raise LeaseLost
