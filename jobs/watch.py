"""What any worker does for all: finds jobs that nobody works on, and wakes workers for jobs whose message was lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from jobs import clock
from jobs.leases import lost_jobs, take_from_the_lost
from jobs.logs import write_log
from jobs.models import Job, WatchLease, WorkerBeat

#: Signs of life are kept this long, to say since when a queue has no worker.
KEEP_BEATS = timedelta(days=30)

#: (job, queue): wakes a worker.
Send = Callable[[int, str], object]


def watch_seconds(times: float = 1) -> timedelta:
    return timedelta(seconds=times * settings.JOB_WATCH_SECONDS)


def take_watch(owner: str) -> bool:
    """Whether `owner` keeps watch now. Of several that ask, one does; when it falls silent, the next."""
    now = clock.now()
    WatchLease.objects.get_or_create(pk=1, defaults={"expires_at": now})
    free = Q(owner=owner) | Q(expires_at__lte=now)
    taken = WatchLease.objects.filter(free, pk=1).update(owner=owner, expires_at=now + watch_seconds(2))
    return bool(taken)


def leave_watch(owner: str) -> None:
    """Lets the next one have it at once."""
    WatchLease.objects.filter(pk=1, owner=owner).update(expires_at=clock.now())


def look(send: Send) -> None:
    """One round. Two at once do no harm: each job is taken by a conditional statement, each message may come twice."""
    for pk in lost_jobs().values_list("pk", flat=True):
        job = take_from_the_lost(pk)
        if job is not None and job.error is not None:
            write_log(pk, f"--- {job.error['message']}")
    now = clock.now()
    for queue, slots in free_slots(now).items():
        for pk in overdue(queue, now).values_list("pk", flat=True)[:slots]:
            Job.objects.filter(pk=pk).update(woken_at=now)
            send(pk, queue)
    WorkerBeat.objects.filter(seen_at__lt=now - KEEP_BEATS).delete()


def overdue(queue: str, now: datetime) -> QuerySet[Job]:
    """Jobs that wait although their message should have arrived, or that waited for their next attempt until now."""
    sent_long_ago = Q(not_before__isnull=True, queued_at__lte=now - watch_seconds())
    due = Q(not_before__lte=now)
    not_just_woken = Q(woken_at__isnull=True) | Q(woken_at__lte=now - watch_seconds(2))
    waiting = Job.objects.filter(state=Job.State.QUEUED, queue=queue)
    return waiting.filter(sent_long_ago | due, not_just_woken).order_by("queued_at", "pk")


def live_workers(now: datetime) -> QuerySet[WorkerBeat]:
    """Workers that said something lately and have not said good-bye."""
    return WorkerBeat.objects.filter(stopped_at__isnull=True, seen_at__gt=now - watch_seconds(3))


def free_slots(now: datetime) -> dict[str, int]:
    """How many jobs of each queue could be begun at once. A job that waits for busy workers needs no message."""
    slots: dict[str, int] = {}
    for beat in live_workers(now):
        for queue in beat.queues:
            slots[queue] = slots.get(queue, 0) + max(0, beat.concurrency - beat.running)
    return slots
