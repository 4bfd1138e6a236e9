"""Doing a job in the process that asks, as management commands do: no worker, no broker."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from typing import Any

from tqdm import tqdm

from accounts.errors import Conflict, StarchamberError
from jobs.context import OUTAGE, JobContext, Show, Wishes
from jobs.errors import JobError, LeaseLost
from jobs.heart import Heart
from jobs.leases import MAX_BACKOFF_SECONDS, Claim, claim_job, settle
from jobs.logs import write_log
from jobs.models import Job
from jobs.outcomes import Ending, Outcome
from jobs.running import run_handler

#: The code of a Conflict: whoever asked was not the first.
NOT_WAITING = "job_not_waiting"


def run_here(pk: int, *, watched: bool = False) -> dict[str, Any]:
    """Claims the job, does its work and returns its result. watched: show a bar on stderr if that is a terminal.

    Raises the error that the work failed with, a Conflict where the job is not to be had or was taken away, and
    JobError `cancelled`. What may pass is tried again here. Ctrl-C cancels the job; a killed process leaves it to the
    watch, and a worker goes on with it.
    """
    claim = claim_job(pk, owner=f"a command, process {os.getpid()} on {socket.gethostname()}")
    if claim is None:
        raise Conflict("The job is not waiting: another process has it.", code=NOT_WAITING)
    wishes = Wishes()
    try:
        with Heart(claim, wishes), _bar(watched) as show:
            outcome = _run_to_an_end(claim, wishes, show)
    except KeyboardInterrupt:
        settle(claim, Outcome(Ending.CANCELLED))
        raise
    if outcome.error is not None:
        write_log(pk, f"--- ended: {outcome.words}")
    if not settle(claim, outcome):
        outcome = Outcome(Ending.LOST)
    return _answer(outcome)


def _run_to_an_end(claim: Claim, wishes: Wishes, show: Show | None) -> Outcome:
    """The outcome after as many attempts as the job may have; the job stays ours in between."""
    allowed = Job.objects.only("max_attempts").get(pk=claim.job_id).max_attempts
    for failures in range(allowed):
        attempt = Claim(claim.job_id, claim.kind, claim.fence, claim.attempt + failures, claim.owner)
        context = JobContext(attempt, wishes=wishes, show=show)
        try:
            outcome = run_handler(context, claim.kind)
        except KeyboardInterrupt:
            _last_word(context)
            raise
        if outcome.ending != Ending.BROKEN:
            return outcome
        if failures + 1 < allowed:
            seconds = min(2**failures, MAX_BACKOFF_SECONDS)
            said = (outcome.error or {}).get("message", "The attempt broke.")
            write_log(claim.job_id, f"{said} Attempt {failures + 2} of {allowed} in {seconds:g} s.")
            wishes.cancel.wait(seconds)
    return Outcome(Ending.FAILED, error=outcome.error)


def _last_word(context: JobContext) -> None:
    """Where the work was when somebody pressed Ctrl-C, and what it had taken, if the database still hears it."""
    with contextlib.suppress(LeaseLost, *OUTAGE):
        context.close()


def _answer(outcome: Outcome) -> dict[str, Any]:
    if outcome.ending == Ending.FINISHED:
        return outcome.result or {}
    if outcome.ending == Ending.CANCELLED:
        raise JobError("The job was cancelled.", code="cancelled")
    if outcome.error is not None:
        raise _as_error(outcome.error)
    raise Conflict("The job was taken over by another process.", code="lease_lost")


def _as_error(error: dict[str, Any]) -> StarchamberError:
    return JobError(error["message"], code=error["code"], details=error["details"])


@contextlib.contextmanager
def _bar(watched: bool) -> Iterator[Show | None]:
    if not (watched and sys.stderr.isatty()):
        yield None
        return
    with tqdm(file=sys.stderr, leave=False) as bar:

        def show(stage: str, done: int, total: int | None) -> None:
            if (bar.desc or "").removesuffix(": ") != stage:
                bar.reset(total=total)
                bar.set_description(stage, refresh=False)
            bar.total = total
            bar.update(done - bar.n)

        yield show
