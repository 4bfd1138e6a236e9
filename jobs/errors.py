"""How work ends when it does not end well."""

from __future__ import annotations

from http import HTTPStatus

from accounts.errors import Conflict, NotFound, StarchamberError


class JobError(StarchamberError):
    """The work can not be done: failed for good. Code, message and details are shown on the job's page."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "job_failed"


class TransientJobError(StarchamberError):
    """What went wrong may pass: the job is tried again after a while, a few times."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "try_again"


class NotFinite(JobError):
    """A measured value is NaN or infinite."""

    code = "not_finite"


class StillHeld(Conflict):
    """Another process has the job, or had it and was killed a moment ago; details say for how long that is waited."""

    code = "job_is_live"

    def __init__(self, what: str, *, owner: str, seconds: int) -> None:
        super().__init__(
            f"{what} is at work under {owner}. If that was killed, it can be taken over in {seconds} s: ask again"
            " then.",
            details={"owner": owner, "retry_after_seconds": seconds},
        )


class Interrupted(JobError):
    """Somebody pressed Ctrl-C (or sent SIGTERM) while a command was at work; the message says what is kept."""

    code = "interrupted"


class UnknownJob(NotFound):
    code = "unknown_job"


class UnknownKind(JobError):
    """Nothing on this site does work of that kind (perhaps a worker of another version)."""

    code = "unknown_kind"


# Not Exceptions: work that survives the failure of single units must not survive these.


class Cancelled(BaseException):
    """Somebody wants this work to end here. Save what may be saved within seconds, then let it pass."""


class LeaseLost(BaseException):
    """The job belongs to another process by now, or to none: nothing that this one does counts any more."""
