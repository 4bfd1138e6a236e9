"""What the live part of a job's page shows. Pages of the rooms above include the same template."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone

from accounts.models import User
from accounts.roles import Act
from jobs.charts import Chart, charts_of
from jobs.logs import LogPiece, read_log
from jobs.metrics import curves_of
from jobs.models import Job
from jobs.progress import in_words, seconds_left, seconds_spent
from jobs.selectors import QueueStatus, queue_status

LOG_LINES = 200
#: A running job whose work has said nothing for so long is marked (seconds).
QUIET_SECONDS = 60


@dataclass(frozen=True, slots=True)
class LiveJob:
    """A job as templates/jobs/_live.html shows it."""

    job: Job
    lanes: list[Job]
    #: Where the job waits, for its turn or for somebody to take it over, and no worker does.
    queue: QueueStatus | None
    log: LogPiece
    log_lines: str
    may_run: bool

    @property
    def left(self) -> str:
        seconds = seconds_left(self.job)
        return "" if seconds is None else in_words(seconds)

    @property
    def spent(self) -> str:
        seconds = seconds_spent(self.job)
        return "" if seconds is None else in_words(seconds)

    @property
    def next_attempt(self) -> str:
        """In how long a broken attempt is followed by another, while it waits for that."""
        wait = self.job.not_before
        return in_words(max(0.0, (wait - timezone.now()).total_seconds())) if wait else ""

    @property
    def lost(self) -> bool:
        return self.job.is_lost

    @property
    def quiet(self) -> str:
        """For how long the work has not said anything, where that is long."""
        if self.job.state != Job.State.RUNNING or self.job.reported_at is None or self.lost:
            return ""
        seconds = (timezone.now() - self.job.reported_at).total_seconds()
        return in_words(seconds) if seconds > QUIET_SECONDS else ""

    @property
    def error_details(self) -> list[tuple[str, str]]:
        details = (self.job.error or {}).get("details", {})
        return [(name.replace("_", " "), _in_words(value)) for name, value in sorted(details.items())]


def _in_words(value: Any) -> str:
    """A value of an error's details for people: counts by name, lists, what there is."""
    match value:
        case None:
            return "nothing"
        case dict():
            return ", ".join(f"{name} {_in_words(one)}" for name, one in value.items()) or "none"
        case list():
            return ", ".join(map(_in_words, value)) or "none"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
    return str(value)


def live_job(job: Job, user: User) -> LiveJob:
    """For the context of a page, as `live`: {% include "jobs/_live.html" %}."""
    [status] = queue_status([job.queue])
    log = read_log(job.pk)
    live = LiveJob(
        job=job,
        lanes=list(job.lanes.order_by("pk")),
        queue=None,
        log=log,
        log_lines="\n".join(log.text.splitlines()[-LOG_LINES:]),
        may_run=user.may(Act.RUN_JOBS),
    )
    waits = job.state == Job.State.QUEUED or live.lost
    return replace(live, queue=status) if waits and not status.is_served else live


def live_curves(job: Job) -> dict[str, Any]:
    """For the context of a page: {% include "jobs/_curves.html" %}."""
    charts: list[Chart] = charts_of(curves_of(job.pk), prefix=f"job-{job.pk}")
    return {"curves": charts, "curves_job": job}
