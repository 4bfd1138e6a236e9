"""The acts that only the researcher's pages have."""

from __future__ import annotations

from django.db import transaction

from accounts.audit import Actor, record
from ratings.journeys.services import fail_check
from ratings.slots.models import Rater
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


@transaction.atomic
def end_for_failed_checks(study: Study, rater: Rater, *, actor: Actor) -> bool:
    """Ends a rater's session with the code for failed checks, audited; False for whoever is not rating any more."""
    ended = fail_check(rater.pk)
    if ended:
        record(actor, "rater.fail_check", subject=study.name, details={"rater": rater.name})
    return ended
