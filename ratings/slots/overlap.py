"""Raising the overlap of a study that runs: more slots for every triple, their orders going on where they stopped."""

from __future__ import annotations

from django.db import transaction

from accounts.audit import Actor, record
from accounts.errors import InvalidInput
from ratings.slots.opening import create_slots
from ratings.studies.design import MAX_RATINGS_PER_TRIPLE
from ratings.studies.errors import WrongState
from ratings.studies.freezing import log_deviation
from ratings.studies.models import Study
from ratings.studies.selectors import get_locked_study


@transaction.atomic
def raise_overlap(name: str, *, to: int, reason: str, actor: Actor) -> tuple[Study, int]:
    """Plans `to` ratings of each triple from now on; returns the study and how many slots were made.

    Whoever claims meanwhile is not held up and sees the new slots once they are all there. The orders of a triple's
    slots are those that a study opened with this overlap would have had. Logged as a deviation from the protocol.
    Raises UnknownStudy, WrongState (not open or paused) and InvalidInput (`to`, `reason`).
    """
    study = get_locked_study(name)
    if study.state not in (Study.State.OPEN, Study.State.PAUSED):
        raise WrongState(
            f"Study {name!r} is {study.state}; its overlap can be raised while it is open or paused.",
            details={"study": name, "state": study.state, "expected": ["open", "paused"]},
        )
    before = study.ratings_per_triple
    if not before < to <= MAX_RATINGS_PER_TRIPLE:
        expected = f"a whole number from {before + 1} to {MAX_RATINGS_PER_TRIPLE}: it is {before} now"
        raise InvalidInput(
            f"to: {to} is not usable, expected {expected}.",
            details={"field": "to", "value": to, "expected": expected},
        )
    log_deviation(study, "overlap_raised", actor=actor, reason=reason, details={"from": before, "to": to})
    study.ratings_per_triple = to
    study.save(update_fields=["ratings_per_triple"])
    made = create_slots(study, beyond=before)
    details = {"from": before, "to": to, "slots": made, "reason": reason.strip()}
    record(actor, "study.raise_overlap", subject=study.name, details=details)
    return study, made
