"""The single moves that races are made of."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from ratings.slots.models import Assignment, Rating, Slot
from tests.races.crowd import Wire
from tests.services.site import Site


def claim(site: Site, study: str, token: str) -> tuple[int, Any]:
    return Wire(site.url, token).post(f"studies/{study}/assignments/")


def first_view(site: Site, study: str, token: str) -> dict[str, Any]:
    status, view = claim(site, study, token)
    assert status == 201, view
    held: dict[str, Any] = view
    return held


def submit(site: Site, token: str, view: dict[str, Any], body: dict[str, Any]) -> tuple[int, Any]:
    return Wire(site.url, token).post(f"assignments/{view['token']}/rating/", body)


def let_leases_lapse(study: str) -> None:
    past = timezone.now() - timedelta(hours=1)
    Slot.objects.filter(study__name=study, state="held").update(lease_expires_at=past)
    Assignment.objects.filter(slot__study__name=study, state="held").update(lease_expires_at=past)


def states_of_assignments(study: str) -> list[str]:
    found = Assignment.objects.filter(slot__study__name=study)
    return sorted(found.values_list("state", flat=True))


def ratings_of(study: str) -> int:
    return Rating.objects.filter(study__name=study).count()


def end_all_connections() -> int:
    """Ends every connection to this database but the test's own; how many there were. PostgreSQL alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])
