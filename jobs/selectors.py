"""Reading jobs, and who waits for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from jobs import clock
from jobs.errors import UnknownJob
from jobs.kinds import QUEUES
from jobs.models import Job, WorkerBeat
from jobs.watch import live_workers

#: The state, to people, of a job that is called running although its lease ran out.
LOST = "lost"


def jobs_with_people(*, state: str = "", queue: str = "") -> QuerySet[Job]:
    """All jobs but the lanes of others, newest first. state: a job's, or LOST; "running" leaves the lost ones out."""
    found = Job.objects.filter(parent__isnull=True).select_related("created_by")
    if state == LOST:
        found = found.filter(_lost(clock.now()))
    elif state:
        found = found.filter(state=state)
        found = found.exclude(_lost(clock.now())) if state == Job.State.RUNNING else found
    return found.filter(queue=queue) if queue else found


def _lost(now: datetime) -> Q:
    return Q(state=Job.State.RUNNING, lease_expires_at__lt=now)


def get_job(pk: int) -> Job:
    """Raises UnknownJob."""
    job = Job.objects.select_related("created_by", "parent").filter(pk=pk).first()
    if job is None:
        raise UnknownJob(f"There is no job {pk}.", details={"job": pk})
    return job


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """One queue: how many workers wait for it, and how many jobs wait, run, and are called running without a word."""

    queue: str
    workers: int
    waiting: int
    running: int
    lost: int
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
    counts = _counts(now)
    return [
        QueueStatus(
            queue=queue,
            workers=live.get(queue, 0),
            waiting=counts.get((queue, Job.State.QUEUED), 0),
            running=counts.get((queue, Job.State.RUNNING), 0),
            lost=counts.get((queue, LOST), 0),
            since=None if queue in live else _last_seen(queue),
        )
        for queue in queues
    ]


def _counts(now: datetime) -> dict[tuple[str, str], int]:
    """By queue and state, the lost apart from those that run."""
    live = Job.objects.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING]).order_by()
    counted = live.values_list("queue", "state").annotate(
        count=Count("pk"), lost=Count("pk", filter=_lost(now))
    )
    counts: dict[tuple[str, str], int] = {}
    for queue, state, count, lost in counted:
        counts[queue, state] = count - lost
        if lost:
            counts[queue, LOST] = lost
    return counts


def _last_seen(queue: str) -> datetime | None:
    # Few rows: one for each worker process of the last weeks.
    beats = WorkerBeat.objects.order_by("-seen_at")
    return next((beat.stopped_at or beat.seen_at for beat in beats if queue in beat.queues), None)
