"""`python -m jobs.child ID FENCE REPORT`: the process that does a job's work, below a worker that watches it.

stdin is a pipe whose other end the worker holds: it ends when the worker does. REPORT is the file descriptor to which
the outcome is written, one line; whatever goes to stdout and stderr is the job's log.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from types import FrameType

import django

PR_SET_PDEATHSIG = 1


def die_with_the_worker() -> None:
    """A worker that is killed takes its children along: no work goes on that nobody answers for.

    Linux's kernel kills this very process; where it does not, and for whatever this process started, the pipe tells.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_wait_for_the_end, name="worker's life", daemon=True).start()


def _wait_for_the_end() -> None:
    while os.read(0, 1024):
        pass
    # The supervisor gives us a session of our own: everything below this process ends too.
    kill = os.killpg if os.getpgrp() == os.getpid() else os.kill
    kill(os.getpid(), signal.SIGKILL)


def main(job_id: int, fence: int, report: int) -> None:
    die_with_the_worker()
    os.set_inheritable(report, False)
    # On a machine that also serves, people's pages come first.
    os.nice(5)
    django.setup()
    from jobs.context import Wishes

    wishes = Wishes()

    def cancel(signum: int, frame: FrameType | None) -> None:
        wishes.cancel.set()

    signal.signal(signal.SIGTERM, cancel)
    line = work(job_id, fence, wishes)
    while line:
        line = line[os.write(report, line) :]


def work(job_id: int, fence: int, wishes: object) -> bytes:
    """Does the work; returns the outcome as the line to report."""
    from jobs.context import OUTAGE, JobContext, Wishes
    from jobs.leases import Claim
    from jobs.models import Job
    from jobs.outcomes import Ending, Outcome
    from jobs.running import outage, run_handler

    assert isinstance(wishes, Wishes)
    try:
        job = Job.objects.filter(pk=job_id, fence=fence, state=Job.State.RUNNING).first()
    except OUTAGE as error:
        return outage(error).as_line()
    if job is None:
        return Outcome(Ending.LOST).as_line()
    claim = Claim(job.pk, job.kind, job.fence, job.attempts, job.lease_owner)
    return run_handler(JobContext(claim, wishes=wishes), job.kind).as_line()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
