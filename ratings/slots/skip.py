"""Leaving a triple unrated: skip, undo the skip, flag, draft, renew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import tokens
from ratings.slots.body import is_storable
from ratings.slots.claim import claim_next, renew_lease, revive_assignment
from ratings.slots.errors import AlreadyRated, InvalidField, LeaseLost, NothingToUndo
from ratings.slots.held import find_both, find_current_rating
from ratings.slots.models import Assignment, Flag, Rater, Rating, Slot
from ratings.slots.personal import next_due, put_back
from ratings.slots.records import Claimed, HeldSlot, RaterSession, Submitted
from ratings.slots.sessions import find_rater
from ratings.slots.submit import require_accepting

MAX_SKIP_REASON_CHARACTERS = 200
MAX_DRAFT_BYTES = 20_000


def _text(value: Any, field: str, *, limit: int) -> str:
    expected = f"text of at most {limit} characters without NUL"
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > limit or not is_storable(value):
        raise InvalidField(f"{field}: expected {expected}.", details={"field": field, "expected": expected})
    return value


@transaction.atomic
def skip(secret: str, token: str, *, reason: Any = None) -> Submitted:
    """Gives the slot back for another rater, keeps the skip as a vote, and hands out the next assignment.

    After the study's `max_skips` the slot is parked for the researcher to look at. A repeated skip is stored once.
    """
    session, held = find_both(secret, token)
    require_accepting(session)
    stored = find_current_rating(held.assignment_id)
    if held.assignment_state in ("rated", "surplus"):
        raise AlreadyRated(
            "This triple was rated already.", details={"rating": stored.key if stored else None}
        )
    created = held.assignment_state != "skipped"
    key = (
        _store_skip(session, held, _text(reason, "reason", limit=MAX_SKIP_REASON_CHARACTERS))
        if created
        else ""
    )
    if created and held.is_personal:
        session = find_rater(secret)  # the next item's turn is in the rater's row
    following = claim_next(session).view if session.state == "open" else None
    return Submitted(
        rating=key or (stored.key if stored else ""), surplus=False, created=created, next=following
    )


def _store_skip(session: RaterSession, held: HeldSlot, reason: str) -> str:
    if held.is_held_by(session.rater_id):
        skips = held.slot_skips + 1
        parked = held.is_personal or skips >= session.max_skips
        state = Slot.State.PARKED if parked else Slot.State.OPEN
        Slot.objects.filter(pk=held.slot_id).update(
            state=state, holder=None, lease_expires_at=None, skips=skips
        )
    if held.is_personal:
        Rater.objects.filter(pk=session.rater_id).update(due=next_due(session.rater_id))
    Assignment.objects.filter(pk=held.assignment_id).update(state=Assignment.State.SKIPPED, draft=None)
    earlier = Rating.objects.filter(assignment_id=held.assignment_id).order_by("-revision").first()
    if earlier is not None:
        Rating.objects.filter(pk=earlier.pk).update(current=False)
    rating = Rating.objects.create(
        study_id=session.study_id,
        assignment_id=held.assignment_id,
        rater_id=session.rater_id,
        triple_id=held.triple_id,
        key=earlier.key if earlier else tokens.random_bytes(16).hex(),
        revision=earlier.revision + 1 if earlier else 1,
        kind=held.kind,
        skipped=True,
        skip_reason=reason,
        consent=session.consent,
        order=held.order,
        body_digest="",
    )
    return rating.key


@transaction.atomic
def unskip(secret: str) -> Claimed:
    """Undoes the rater's last skip, if nobody has its slot: that triple is shown again, the present one given back."""
    session = find_rater(secret, lock=True)
    require_accepting(session)
    last = (
        Rating.objects.filter(rater_id=session.rater_id, current=True, skipped=True)
        .select_related("assignment")
        .order_by("-id")
        .first()
    )
    if last is None:
        raise NothingToUndo("There is no skip to undo.")
    _lock_slots(session, last.assignment.slot_id)
    _, held = find_both(secret, last.assignment.token)
    if not held.slot_is_free:
        raise NothingToUndo("Another rater has that triple now.")
    release_held(session.rater_id)
    Rating.objects.filter(pk=last.pk).update(current=False)
    revive_assignment(
        session, slot_id=held.slot_id, assignment_id=held.assignment_id, expires_at=_lease_end(session)
    )
    Slot.objects.filter(pk=held.slot_id).update(skips=max(held.slot_skips - 1, 0))
    return claim_next(session)


def _lock_slots(session: RaterSession, skipped_slot_id: int) -> None:
    """Locks the skipped slot and the one held now in one order for everybody, so that no two raters wait in a ring."""
    present = Assignment.objects.filter(rater_id=session.rater_id, state=Assignment.State.HELD)
    both = [skipped_slot_id, *present.values_list("slot_id", flat=True)]
    list(Slot.objects.select_for_update(no_key=True).filter(pk__in=both).order_by("pk").values_list("pk"))


def release_held(rater_id: int) -> None:
    """Gives back, unrated, what this rater holds. The caller is in a transaction that holds the rater's row."""
    present = Assignment.objects.filter(rater_id=rater_id, state=Assignment.State.HELD).first()
    if present is None:
        return
    slots = Slot.objects.filter(pk=present.slot_id, state=Slot.State.HELD, holder_id=rater_id)
    if present.kind != Slot.Kind.NORMAL and slots.exists():
        put_back(rater_id, present.slot_id)
        Assignment.objects.filter(pk=present.pk).update(state=Assignment.State.RELEASED)
    elif slots.update(state=Slot.State.OPEN, holder=None, lease_expires_at=None):
        Assignment.objects.filter(pk=present.pk).update(state=Assignment.State.RELEASED)


def _lease_end(session: RaterSession) -> datetime:
    return timezone.now() + timedelta(seconds=session.lease_seconds)


@transaction.atomic
def renew(secret: str, token: str) -> datetime:
    """Lengthens the lease and returns its new end. Raises LeaseLost when the slot went to another rater."""
    session, held = find_both(secret, token)
    require_accepting(session)
    expires_at = _lease_end(session)
    if held.is_held_by(session.rater_id):
        renew_lease(session, slot_id=held.slot_id, assignment_id=held.assignment_id, expires_at=expires_at)
    else:
        raise LeaseLost("This triple is no longer yours; a rating of it is still taken.")
    return expires_at


@transaction.atomic
def save_draft(secret: str, token: str, draft: Mapping[str, Any]) -> None:
    """Keeps what the rater has entered so far, to be restored on reload."""
    session, held = find_both(secret, token)
    require_accepting(session)
    text = json.dumps(draft, ensure_ascii=False)
    if len(text.encode("utf-8", "surrogatepass")) > MAX_DRAFT_BYTES or not _is_storable_json(draft):
        raise InvalidField(f"draft: expected at most {MAX_DRAFT_BYTES} bytes of JSON without NUL.")
    Assignment.objects.filter(pk=held.assignment_id, state=Assignment.State.HELD).update(draft=draft)


def _is_storable_json(value: Any) -> bool:
    if isinstance(value, str):
        return is_storable(value)
    if isinstance(value, Mapping):
        return all(_is_storable_json(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return all(_is_storable_json(part) for part in value)
    return True


@transaction.atomic
def flag(secret: str, token: str, *, reason: Any = None, comment: Any = None) -> int:
    """Tells the researcher that something is wrong with a triple, without leaving it. Returns the flag's id.

    reason, comment: text, or nothing: that somebody flagged it is worth telling by itself.
    """
    session, held = find_both(secret, token)
    require_accepting(session)
    row = Flag.objects.create(
        assignment_id=held.assignment_id,
        reason=_text(reason, "reason", limit=200).strip(),
        comment=_text(comment, "comment", limit=5_000),
    )
    return row.pk
