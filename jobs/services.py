"""What people do to jobs. Each act is one transaction with its line in the audit log."""

from __future__ import annotations

from accounts.audit import Actor, record
from accounts.errors import Conflict
from jobs import clock
from jobs.errors import UnknownJob
from jobs.here import run_here
from jobs.kinds import get_kind
from jobs.leases import requeue, row_transaction
from jobs.models import Job

__all__ = ["cancel_job", "create_job", "resume_job", "run_here"]


@row_transaction()
def create_job(
    *,
    kind: str,
    title: str,
    actor: Actor,
    page: str = "",
    queue: str | None = None,
    parent: Job | None = None,
) -> Job:
    """A job that waits. The caller sends it off (jobs.tasks.enqueue) or does it (run_here) once this is committed.

    page: path of this site where what it works on is shown. queue: another than its kind's. parent: see Job.parent.
    Raises UnknownKind.
    """
    known = get_kind(kind)
    now = clock.now()
    job = Job.objects.create(
        kind=kind,
        queue=queue or known.queue,
        title=title[:200],
        page=page,
        parent=parent,
        max_attempts=known.max_attempts,
        created_by=actor.user,
        created_by_label=actor.label,
        created_at=now,
        queued_at=now,
    )
    record(actor, "job.create", subject=f"job {job.pk}", details={"kind": kind, "title": job.title})
    return job


@row_transaction()
def cancel_job(pk: int, *, actor: Actor) -> Job:
    """A waiting job ends at once, a running one as soon as its process hears of it; its lanes with it.

    Raises UnknownJob, and Conflict `job_ended` where there is nothing left to cancel. Twice is once.
    """
    job = _locked(pk)
    if not job.is_live:
        raise Conflict(f"The job is {job.state} already.", code="job_ended", details={"state": job.state})
    if not job.cancel_requested:
        record(actor, "job.cancel", subject=f"job {pk}", details={"title": job.title})
    for one in (job, *job.lanes.select_for_update().filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])):
        _cancel(one)
    return job


def _cancel(job: Job) -> None:
    held = job.lease_expires_at is not None and job.lease_expires_at > clock.now()
    if held:
        job.cancel_requested = True
    else:
        # Nobody has it, or nobody who still says anything: whoever comes back finds another fence.
        job.state = Job.State.CANCELLED
        job.cancel_requested = False
        job.fence += 1
        job.lease_owner, job.lease_expires_at, job.not_before = "", None, None
        job.finished_at = clock.now()
    job.save()


@row_transaction()
def resume_job(pk: int, *, actor: Actor) -> Job:
    """Puts a cancelled or failed job back into its queue; it goes on from what is stored. Its lanes with it.

    The caller sends it off. Raises UnknownJob, and Conflict `job_is_live`, `job_finished` or `job_ends_the_same`.
    """
    job = _locked(pk)
    if job.is_live:
        words = "is being cancelled; wait for its end" if job.cancel_requested else f"is {job.state} already"
        raise Conflict(f"The job {words}.", code="job_is_live", details={"state": job.state})
    if job.has_come_to_nothing and job.ends_the_same:
        why = (job.error or {}).get("message", "")
        raise Conflict(
            f"The job can not go on: it would end the same way. {why}",
            code="job_ends_the_same",
            details={"state": job.state, "error": job.error},
        )
    if not job.is_resumable:
        raise Conflict("The job is finished.", code="job_finished", details={"state": job.state})
    ended = [Job.State.CANCELLED, Job.State.FAILED]
    for one in (job, *job.lanes.select_for_update().filter(state__in=ended)):
        one.failures, one.error, one.finished_at = 0, None, None
        requeue(one)
        one.save()
    record(actor, "job.resume", subject=f"job {pk}", details={"title": job.title})
    return job


def _locked(pk: int) -> Job:
    job = Job.objects.select_for_update().filter(pk=pk).first()
    if job is None:
        raise UnknownJob(f"There is no job {pk}.", details={"job": pk})
    return job
