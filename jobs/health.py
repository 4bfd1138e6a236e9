"""What `manage.py doctor` says about the queues."""

from __future__ import annotations

from collections.abc import Callable

from django.db import DatabaseError

from accounts.health import Check, missing_file
from jobs.selectors import queue_status


def queues() -> Check:
    """Who waits for work, and how much waits. Nobody need: commands work in their own process."""
    if missing_file():
        return Check("queues", False, "can not be looked up: there is no database yet")
    try:
        found = queue_status()
    except DatabaseError:
        return Check("queues", False, "can not be looked up: the database does not answer")
    told = [
        f"{one.queue}: {one.workers or 'no'} worker{'s' * (one.workers != 1)}, {one.waiting} waiting,"
        f" {one.running} running" + (f", {one.lost} without a word" if one.lost else "")
        for one in found
    ]
    unserved = [one.queue for one in found if not one.is_served]
    advice = f"; start one: make worker QUEUES={','.join(unserved)}" if unserved else ""
    return Check("queues", True, "; ".join(told) + advice)


CHECKS: list[Callable[[], Check]] = [queues]
