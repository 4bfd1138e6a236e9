"""Who owns a running job: claim, renew, and what becomes of it when an attempt ends.

Every change is one conditional statement on (id, state, fence): of two processes that try, one changes a row.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from jobs import clock
from jobs.errors import StillHeld
from jobs.models import Job, StageSpan
from jobs.outcomes import Ending, Outcome

#: Longest wait before a broken attempt is followed by the next (seconds); the first waits one second.
MAX_BACKOFF_SECONDS = 60

#: The code of an attempt whose owner let the lease run out.
LEASE_LOST = "lease_lost"


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that is ours until its lease runs out."""

    job_id: int
    kind: str
    fence: int
    #: 1 the first time.
    attempt: int
    owner: str


class Held(Enum):
    """What a renewal says."""

    OURS = "ours"
    #: Ours, and somebody wants it to end.
    CANCEL = "cancel"
    LOST = "lost"


def lease_time() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


def renewal_seconds() -> float:
    """How often an owner renews its lease and looks whether the job was cancelled."""
    return min(2.0, settings.JOB_LEASE_SECONDS / 4)


@contextlib.contextmanager
def row_transaction() -> Iterator[None]:
    """A transaction that locks a job's row.

    PostgreSQL ends it when its process stands still for a lease's time: nobody waits for a lock whose holder sleeps.
    """
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost and connection.vendor == "postgresql":
            milliseconds = str(1000 * settings.JOB_LEASE_SECONDS)
            with connection.cursor() as cursor:
                setting = "SELECT set_config('idle_in_transaction_session_timeout', %s, true)"
                cursor.execute(setting, [milliseconds])
        yield


@row_transaction()
def claim_job(pk: int, *, owner: str) -> Claim | None:
    """Takes a queued job. None: there is nothing to take (any more, or yet)."""
    now = clock.now()
    ready = Q(not_before__isnull=True) | Q(not_before__lte=now)
    taken = Job.objects.filter(ready, pk=pk, state=Job.State.QUEUED).update(
        state=Job.State.RUNNING,
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        not_before=None,
        lease_owner=owner,
        lease_expires_at=now + lease_time(),
        heartbeat_at=now,
        started_at=Coalesce("started_at", now),
    )
    if not taken:
        return None
    # Still under the row's lock: the number is the one that we gave it.
    job = Job.objects.only("kind", "fence", "attempts").get(pk=pk)
    return Claim(job_id=pk, kind=job.kind, fence=job.fence, attempt=job.attempts, owner=owner)


def held_by(claim: Claim) -> QuerySet[Job]:
    """The job's row if it is still this claim's, else nothing."""
    return Job.objects.filter(pk=claim.job_id, fence=claim.fence, state=Job.State.RUNNING)


def renew_lease(claim: Claim) -> Held:
    """One heartbeat. A lease that ran out is renewed all the same while nobody has taken the job away."""
    now = clock.now()
    if not held_by(claim).update(lease_expires_at=now + lease_time(), heartbeat_at=now):
        return Held.LOST
    return Held.CANCEL if held_by(claim).filter(cancel_requested=True).exists() else Held.OURS


def settle(claim: Claim, outcome: Outcome) -> bool:
    """Writes down what became of an attempt. False: the job was another's by then, and nothing was changed."""
    with row_transaction():
        job = held_by(claim).select_for_update().first()
        if job is None:
            return False
        _end_attempt(job, outcome)
        return True


def _end_attempt(job: Job, outcome: Outcome) -> None:
    """The caller holds the row's lock."""
    if outcome.ending in (Ending.BROKEN, Ending.LOST):
        _count_what_was_cut_off(job)
    job.lease_owner, job.lease_expires_at = "", None
    if outcome.ending == Ending.FINISHED:
        _close(job, Job.State.FINISHED, result=outcome.result, error=None)
    elif outcome.ending == Ending.FAILED:
        _close(job, Job.State.FAILED, error=outcome.error)
    elif outcome.ending == Ending.CANCELLED or job.cancel_requested:
        _close(job, Job.State.CANCELLED, error=None)
    elif outcome.ending == Ending.BROKEN:
        _break(job, outcome.error)
    else:
        requeue(job)
    job.save()


def _count_what_was_cut_off(job: Job) -> None:
    """The stage in which an attempt was killed, up to its last word; nobody knows what of the processor it took.

    Stages that end are written by the process itself.
    """
    began, said = job.stage_started_at, job.reported_at
    if began is None or said is None or began < job.queued_at or said < began:
        return
    since = began - timedelta(seconds=1)
    known = job.spans.filter(fence=job.fence, name=job.stage, began_at__gte=since)
    if not known.exists():
        StageSpan.objects.create(
            job=job,
            fence=job.fence,
            name=job.stage,
            began_at=began,
            seconds=(said - began).total_seconds(),
            cpu_seconds=0.0,
            done_from=job.stage_from,
            done=job.done,
            total=job.total,
        )


def _close(job: Job, state: Job.State, **facts: Any) -> None:
    job.state = state
    job.cancel_requested = False
    job.finished_at = clock.now()
    for name, value in facts.items():
        setattr(job, name, value)


def _break(job: Job, error: dict[str, Any] | None) -> None:
    """The next attempt waits a second, then two, four …; a lease that ran out was wait enough."""
    job.failures += 1
    if job.failures >= job.max_attempts:
        _close(job, Job.State.FAILED, error=error)
        return
    job.error = error
    is_lost = error is not None and error["code"] == LEASE_LOST
    requeue(job, wait_seconds=0 if is_lost else min(2 ** (job.failures - 1), MAX_BACKOFF_SECONDS))


def requeue(job: Job, *, wait_seconds: float | None = None) -> None:
    """Back into the queue; the caller saves the row.

    wait_seconds: the watch wakes a worker once they have passed. None: the caller does, at once.
    """
    now = clock.now()
    job.state = Job.State.QUEUED
    job.queued_at = now
    job.not_before = now + timedelta(seconds=wait_seconds) if wait_seconds is not None else None
    job.woken_at = None


def lost_jobs() -> QuerySet[Job]:
    """Running jobs whose owner let the lease run out."""
    return Job.objects.filter(state=Job.State.RUNNING, lease_expires_at__lt=clock.now())


@row_transaction()
def take_from_the_lost(pk: int) -> Job | None:
    """Ends the attempt of an owner that says nothing any more. None: it spoke after all, or another was quicker."""
    # A row that is locked is being written to: its owner lives.
    locked = lost_jobs().filter(pk=pk)
    job = locked.select_for_update(skip_locked=True).first() if _can_skip() else locked.first()
    if job is None:
        return None
    seen = f"{job.heartbeat_at:%H:%M:%S} UTC" if job.heartbeat_at else "its start"
    error = {
        "code": LEASE_LOST,
        "message": f"{job.lease_owner} has said nothing since {seen}: it was killed, or its machine stands still.",
        "details": {"owner": job.lease_owner, "attempt": job.attempts},
    }
    _end_attempt(job, Outcome(Ending.BROKEN, error=error))
    return job


def still_held(job: Job, what: str) -> StillHeld | None:
    """The error about a job that another process has; None where nobody has it. what: the work, for the message."""
    if job.state != Job.State.RUNNING or job.lease_expires_at is None:
        return None
    seconds = max(1, math.ceil((job.lease_expires_at - clock.now()).total_seconds()))
    return StillHeld(what, owner=job.lease_owner, seconds=seconds)


def _can_skip() -> bool:
    return bool(connection.features.has_select_for_update_skip_locked)
