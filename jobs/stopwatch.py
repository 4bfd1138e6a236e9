"""How long each stage of an attempt took, and what it cost: kept until the context writes it down.

Processor and memory are those of all processes that share the work (jobs.kin).
"""

from __future__ import annotations

import time
from datetime import datetime

from django.utils import timezone

from jobs.kin import cpu_seconds, living
from jobs.memory import peak_bytes
from jobs.models import StageSpan

#: What an attempt does before its work names a stage.
STARTING = "starting"


class Stopwatch:
    """spans: the stages that have ended and are not written yet. Running from the beginning, with `STARTING`."""

    def __init__(self, job_id: int, fence: int) -> None:
        self._job_id, self._fence = job_id, fence
        self.spans: list[StageSpan] = []
        self.start(STARTING, 0)

    def start(self, name: str, done: int) -> None:
        self._name, self._from = name, done
        self._began: datetime | None = timezone.now()
        self._wall, self._cpu = time.monotonic(), cpu_seconds()

    def spent(self, name: str) -> tuple[float, float]:
        """Seconds of the clock and of the processor so far, of the stage that runs."""
        assert name == self._name, f"{name!r} is asked for while {self._name!r} runs"
        return time.monotonic() - self._wall, cpu_seconds() - self._cpu

    def stop(self, done: int, total: int | None) -> None:
        """The stage has ended, `done` units of `total` done. Twice is once."""
        if self._began is None:
            return
        self.spans.append(
            StageSpan(
                job_id=self._job_id,
                fence=self._fence,
                name=self._name,
                began_at=self._began,
                seconds=time.monotonic() - self._wall,
                cpu_seconds=cpu_seconds() - self._cpu,
                done_from=self._from,
                done=done,
                total=total,
                peak_bytes=peak_bytes(living()),
            )
        )
        self._began = None
