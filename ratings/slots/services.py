"""The rater's loop, as pages and API call it. Every function takes the secret of who asks."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.errors import PermissionRefused
from ratings.slots.claim import claim_next
from ratings.slots.errors import JourneyUnfinished, StudyClosed, StudyNotOpen
from ratings.slots.models import Assignment
from ratings.slots.records import Claimed, PastRating, RaterSession, Submitted
from ratings.slots.revise import recent_ratings, revise
from ratings.slots.sessions import find_rater
from ratings.slots.skip import flag, renew, save_draft, skip, unskip
from ratings.slots.submit import submit_rating
from ratings.studies.journey import CLAIMING, ENDS

__all__ = [
    "Claimed",
    "PastRating",
    "RaterSession",
    "Submitted",
    "draft_of",
    "find_rater",
    "flag",
    "next_assignment",
    "recent_ratings",
    "renew",
    "require_claiming",
    "require_open",
    "revise",
    "save_draft",
    "skip",
    "submit_rating",
    "unskip",
]


@transaction.atomic
def next_assignment(secret: str, *, study: str | None = None) -> Claimed:
    """The assignment this rater holds, or a new one; view None when nothing is left, or free at the moment.

    study: the study's name in the address, which must be the token's own. Raises StudyNotOpen or StudyClosed.
    """
    session = find_rater(secret, lock=True)
    require_study(session, study)
    require_open(session.study_name, session.state)
    if session.stage in ENDS:
        return Claimed(None, created=False)
    require_claiming(session)
    return claim_next(session)


def require_open(study: str, state: str) -> None:
    """Raises StudyClosed or StudyNotOpen unless assignments are handed out."""
    if state == "closed":
        raise StudyClosed("This study is closed.", details={"study": study})
    if state != "open":
        raise StudyNotOpen("This study is not open at the moment.", details={"study": study})


def require_claiming(session: RaterSession) -> None:
    """Raises JourneyUnfinished before a rater gave consent, read the instructions …, and at the debrief."""
    if session.stage not in CLAIMING:
        raise JourneyUnfinished(
            "There is something to read or answer before the next question; it is on the study's page.",
            details={"study": session.study_name, "stage": session.stage},
        )


def require_study(session: RaterSession, study: str | None) -> None:
    """A rater's token opens one study."""
    if study is not None and study != session.study_name:
        raise PermissionRefused("This token belongs to another study.", details={"study": study})


def draft_of(session: RaterSession, token: str) -> dict[str, Any] | None:
    """What this rater had entered on an assignment before reloading the page."""
    row = (
        Assignment.objects.filter(rater_id=session.rater_id, token=token)
        .values_list("draft", flat=True)
        .first()
    )
    return row if isinstance(row, dict) else None
