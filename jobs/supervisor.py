"""Watches over the child process that does a job: renews the lease, passes wishes on, and says what became of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from jobs.context import OUTAGE
from jobs.leases import Claim, Held, claim_job, renew_lease, renewal_seconds, settle
from jobs.logs import folder_of, log_path, write_log
from jobs.outcomes import Ending, Outcome, broken

if TYPE_CHECKING:
    from jobs.worker import Worker

#: Seconds between two looks at the child.
TICK = 0.1
#: What a child of a worker that stops gets before it is killed, at most (seconds): others wait for the worker's end.
STOP_GRACE = 5.0
#: A child that has reported may take this long to leave.
EXIT_GRACE = 5.0


def supervise(job_id: int, worker: Worker) -> None:
    """Claims the job and stays with it until this attempt has ended. Does nothing where it is not to be had."""
    claim = claim_job(job_id, owner=worker.name)
    if claim is None:
        return
    connection.close()
    attempt = Attempt(claim, worker)
    outcome = attempt.run()
    write_log(job_id, f"--- attempt {claim.attempt} ended: {outcome.words}")
    _write_down(claim, outcome)
    if outcome.ending == Ending.HANDED_BACK:
        worker.wake(job_id)


def _write_down(claim: Claim, outcome: Outcome) -> None:
    """Waits out a database that is away; after a lease's time the job is the watch's."""
    deadline = time.monotonic() + settings.JOB_LEASE_SECONDS
    while time.monotonic() < deadline:
        try:
            settle(claim, outcome)
            return
        except OUTAGE:
            connection.close()
            time.sleep(renewal_seconds() / 2)


class Attempt:
    """One attempt at one job, from the start of its child to its end."""

    def __init__(self, claim: Claim, worker: Worker) -> None:
        self._claim = claim
        self._worker = worker
        self._renewed = time.monotonic()
        #: Why the child was asked to end, and when it is killed if it has not by then.
        self._wanted: Ending | None = None
        self._kill_at: float | None = None

    def run(self) -> Outcome:
        claim = self._claim
        write_log(claim.job_id, f"--- attempt {claim.attempt} begins: {claim.owner}, fence {claim.fence}")
        try:
            self._child = Child(self._claim)
        except OSError as error:
            return broken("no_child", f"The work's process could not be started: {error.strerror}")
        try:
            while self._child.is_running() and self._wanted is not Ending.LOST:
                self._look()
                time.sleep(TICK)
        finally:
            self._child.kill()
        return self._outcome()

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._renewed >= renewal_seconds():
            self._renew(now)
        if self._worker.stopping.is_set():
            self._ask_to_end(Ending.HANDED_BACK, min(STOP_GRACE, settings.JOB_GRACE_SECONDS))
        if self._child.has_reported() and self._kill_at is None:
            self._kill_at = now + EXIT_GRACE
        if self._kill_at is not None and now >= self._kill_at:
            self._child.kill()

    def _renew(self, now: float) -> None:
        try:
            held = renew_lease(self._claim)
            self._renewed = now
        except OUTAGE:
            # The next look tries again, until the lease must have run out.
            held = Held.LOST if now - self._renewed > settings.JOB_LEASE_SECONDS else Held.OURS
        finally:
            connection.close()
        if held is Held.LOST:
            self._wanted = Ending.LOST
        elif held is Held.CANCEL:
            self._ask_to_end(Ending.CANCELLED, settings.JOB_GRACE_SECONDS)

    def _ask_to_end(self, ending: Ending, grace: float) -> None:
        if self._wanted is None:
            self._wanted = ending
            self._kill_at = time.monotonic() + grace
            self._child.terminate()

    def _outcome(self) -> Outcome:
        if self._wanted is Ending.LOST:
            return Outcome(Ending.LOST)
        said = self._child.said()
        # A child that was asked to end says "cancelled", whatever the reason, or nothing.
        if said is not None and (said.ending != Ending.CANCELLED or self._wanted is None):
            return said
        return Outcome(self._wanted) if self._wanted is not None else self._child.death()


class Child:
    """The process, its two pipes and its log."""

    def __init__(self, claim: Claim) -> None:
        self._report, report = os.pipe()
        os.set_blocking(self._report, False)
        self._line = b""
        arguments = map(str, (claim.job_id, claim.fence, report))
        try:
            with _log_file(claim.job_id) as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "jobs.child", *arguments],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=[report],
                    cwd=settings.BASE_DIR,
                    # Its own session: Ctrl-C reaches the worker alone, and a kill reaches all that the child started.
                    start_new_session=True,
                )
        except OSError:
            os.close(self._report)
            raise
        finally:
            os.close(report)

    def is_running(self) -> bool:
        self._listen()
        return self._process.poll() is None

    def has_reported(self) -> bool:
        return self._line.endswith(b"\n")

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        """Ends it and everything below it. Does nothing the second time."""
        if self._report < 0:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._listen()
        os.close(self._report)
        self._report = -1
        assert self._process.stdin is not None
        self._process.stdin.close()

    def said(self) -> Outcome | None:
        return Outcome.of_line(self._line) if self.has_reported() else None

    def death(self) -> Outcome:
        """What to make of a child that ended without a word."""
        status = self._process.returncode
        details = {"status": status}
        if status >= 0:
            return broken(
                "child_died", f"The work's process ended with status {status}; its log says why.", details
            )
        name = signal.Signals(-status).name
        hint = ": by hand, or because the machine ran out of memory" if status == -signal.SIGKILL else ""
        return broken("child_killed", f"The work's process was killed by {name}{hint}.", details)

    def _listen(self) -> None:
        if self._report < 0:
            return
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self._report, 65_536):
                self._line += piece


@contextlib.contextmanager
def _log_file(job_id: int) -> Iterator[int]:
    """Where the child's stdout and stderr go. Without a log the work is done all the same."""
    try:
        folder_of(job_id)
        file = os.open(log_path(job_id), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError:
        file = os.open(os.devnull, os.O_WRONLY)
    try:
        yield file
    finally:
        os.close(file)
