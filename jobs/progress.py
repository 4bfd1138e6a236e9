"""How far a job is, and how long it may still take."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from jobs.models import Job


def seconds_left(job: Job) -> float | None:
    """Of the present stage, at its pace so far. None: not to be told (yet)."""
    began, told, total = job.stage_started_at, job.reported_at, job.total
    if job.state != Job.State.RUNNING or began is None or told is None or total is None:
        return None
    done = job.done - job.stage_from
    spent = (told - began).total_seconds()
    if done <= 0 or spent <= 0:
        return None
    left = max(0, total - job.done) * spent / done
    return max(0.0, left - (timezone.now() - told).total_seconds())


def seconds_spent(job: Job) -> float | None:
    """From the first attempt's begin to the end, or to now. None: it has not begun."""
    if job.started_at is None:
        return None
    end: datetime = job.finished_at or timezone.now()
    return max(0.0, (end - job.started_at).total_seconds())


def in_words(seconds: float) -> str:
    """`8 s`, `4 min`, `2 h 10 min`, `3 d 4 h`."""
    whole = timedelta(seconds=round(seconds))
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 2:
        return f"{round(seconds)} s"
    if minutes < 120:
        return f"{minutes} min" if minutes >= 10 or not rest else f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if whole.days < 2:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
