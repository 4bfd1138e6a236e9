"""The acts that only the researcher's pages have."""

from __future__ import annotations

from django.db import transaction

from accounts.audit import Actor, record
from ratings.slots.progress import unpark
from ratings.studies.errors import WrongState
from ratings.studies.models import Study
from ratings.studies.selectors import get_locked_study


@transaction.atomic
def reopen_parked_slots(name: str, *, actor: Actor) -> int:
    """Hands the parked slots out again; returns how many. Raises UnknownStudy, WrongState."""
    study = get_locked_study(name)
    if study.state not in (Study.State.OPEN, Study.State.PAUSED):
        raise WrongState(
            f"Study {name!r} is {study.state}; its slots are not handed out.",
            details={"study": name, "state": study.state, "expected": ["open", "paused"]},
        )
    reopened = unpark(study)
    if reopened:
        record(actor, "study.unpark", subject=study.name, details={"slots": reopened})
    return reopened
