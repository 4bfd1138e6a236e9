"""What a submission's status with its provider means here."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from ratings.crowd.models import PanelEntry
from ratings.slots.models import Assignment, Rater, RaterToken
from ratings.slots.skip import release_held
from ratings.slots.stages import move_stage
from ratings.studies.journey import ENDS, LEFT, WITHDRAWN

Status = PanelEntry.Status

#: Prolific's words for what we keep.
STATUSES = {
    "RESERVED": Status.ACTIVE,
    "ACTIVE": Status.ACTIVE,
    "AWAITING REVIEW": Status.AWAITING_REVIEW,
    "APPROVED": Status.APPROVED,
    "PARTIALLY APPROVED": Status.APPROVED,
    "REJECTED": Status.REJECTED,
    "RETURNED": Status.RETURNED,
    "TIMED-OUT": Status.TIMED_OUT,
    "TIMED OUT": Status.TIMED_OUT,
    "SCREENED OUT": Status.SCREENED_OUT,
}


#: How far along a submission is; what is not named here is an end.
_ALONG = {Status.ACTIVE: 0, Status.AWAITING_REVIEW: 1}
_END = 2


def _is_older(wanted: str, at: datetime, entry: PanelEntry) -> bool:
    if entry.status_at is None or at > entry.status_at:
        return False
    backwards = _ALONG.get(Status(wanted), _END) < _ALONG.get(Status(entry.status), _END)
    return at < entry.status_at or backwards or wanted == entry.status


@transaction.atomic
def apply_status(entry: PanelEntry, status: str, *, at: datetime) -> str:
    """Follows one word about a submission and says what followed. Words older than the last one are not followed; of
    two of the same moment (a time stamp may be whole seconds) the later one to come, unless it leads backwards.

    RETURNED: the person took part back: the slot they held is free at once, and nothing more is taken from them.
    TIMED-OUT: the slot is free at once; what they rated counts.
    """
    wanted = STATUSES.get(status.upper().replace("_", " "))
    if wanted is None:
        return f"unknown status {status[:40]!r}, not followed"
    entry = PanelEntry.objects.select_for_update(of=("self",)).select_related("rater").get(pk=entry.pk)
    if _is_older(wanted, at, entry):
        return f"{status}: older than what is known, not followed"
    entry.status, entry.status_at = wanted, at
    entry.save(update_fields=["status", "status_at"])
    if wanted not in (Status.RETURNED, Status.TIMED_OUT):
        return f"{status}"
    rater = Rater.objects.select_for_update(no_key=True).get(pk=entry.rater_id)
    freed = Assignment.objects.filter(rater=entry.rater_id, state=Assignment.State.HELD).exists()
    release_held(entry.rater_id)
    if wanted == Status.RETURNED:
        if rater.stage not in ENDS:
            move_stage(rater.pk, left=rater.stage, entered=WITHDRAWN, outcome=LEFT)
        RaterToken.objects.filter(rater=entry.rater_id, revoked_at=None).update(revoked_at=at)
    return f"{status}: {'the slot that was held is free' if freed else 'no slot was held'}"
