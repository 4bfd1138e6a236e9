"""Reading jobs, and who waits for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet
from django.utils import timezone

from jobs import clock
from jobs.errors import UnknownJob
from jobs.kinds import QUEUES
from jobs.models import Job, WorkerBeat
from jobs.watch import live_workers


def jobs_with_people() -> QuerySet[Job]:
    """All jobs but the lanes of others, newest first."""
    return Job.objects.filter(parent__isnull=True).select_related("created_by")


def get_job(pk: int) -> Job:
    """Raises UnknownJob."""
    job = Job.objects.select_related("created_by", "parent").filter(pk=pk).first()
    if job is None:
        raise UnknownJob(f"There is no job {pk}.", details={"job": pk})
    return job


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """One queue: how many workers wait for it, and how many jobs wait and run."""

    queue: str
    workers: int
    waiting: int
    running: int
    #: When its last worker was last heard of; null while it has one, and where it never had any.
    since: datetime | None = None

    @property
    def is_served(self) -> bool:
        return self.workers > 0

    @property
    def since_today(self) -> bool:
        return self.since is not None and self.since.date() == timezone.now().date()


def queue_status(queues: Iterable[str] = QUEUES) -> list[QueueStatus]:
    """The queues in this order. One that has no live worker says since when."""
    now = clock.now()
    live: dict[str, int] = {}
    for beat in live_workers(now):
        for queue in beat.queues:
            live[queue] = live.get(queue, 0) + 1
    counts = _counts()
    return [
        QueueStatus(
            queue=queue,
            workers=live.get(queue, 0),
            waiting=counts.get((queue, Job.State.QUEUED), 0),
            running=counts.get((queue, Job.State.RUNNING), 0),
            since=None if queue in live else _last_seen(queue),
        )
        for queue in queues
    ]


def _counts() -> dict[tuple[str, str], int]:
    live = Job.objects.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])
    rows = live.order_by().values_list("queue", "state").annotate(count=Count("pk"))
    return {(queue, state): count for queue, state, count in rows}


def _last_seen(queue: str) -> datetime | None:
    # Few rows: one for each worker process of the last weeks.
    beats = WorkerBeat.objects.order_by("-seen_at")
    return next((beat.stopped_at or beat.seen_at for beat in beats if queue in beat.queues), None)
