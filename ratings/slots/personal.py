"""Handing out a rater's personal items: practice, checks, degraded triples and repeats, each as a slot of its own.

They are rare (a few in a rater's whole study), so this is plain Django; the loop only compares two numbers
(`RaterSession.item_is_due`). What an item shows was decided when the rater entered, by `ratings.quality`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from random import Random

from django.db.models import Q, QuerySet

from accounts import tokens
from ratings.slots.models import Assignment, PersonalItem, Rater, Rating, Slot
from ratings.slots.records import RaterSession
from ratings.studies.draw import keyed_hash
from ratings.studies.journey import PRACTICE
from ratings.studies.models import Triple
from ratings.studies.orders import ORDER_NUMBER, ORDERS

#: A repeat comes at least so many ratings after its triple, where there are so many.
REPEAT_DISTANCE = 3


@dataclass(frozen=True, slots=True)
class ClaimedItem:
    """A personal item that its rater now holds."""

    token: str
    order: int
    content: str


def next_due(rater_id: int) -> int | None:
    """The number of normal ratings after which the next item is handed out; None when none is left."""
    return _waiting(rater_id).values_list("after", flat=True).first()


def claim_item(session: RaterSession, expires_at: datetime) -> ClaimedItem | None:
    """Hands out the item that is due, or None when there is none (a repeat with nothing to repeat is dropped)."""
    given_back = _given_back(session)
    if given_back is not None:
        return _take_again(session, given_back, expires_at)
    waiting = _waiting(session.rater_id).filter(after__lte=session.done)
    practising = Q(kind=Slot.Kind.PRACTICE)
    for item in waiting.filter(practising if session.stage == PRACTICE else ~practising).select_related(
        "triple"
    ):
        if item.triple is not None and item.order is not None:
            return _hold(session, item, item.triple, item.order, expires_at)
        repeated = _to_repeat(session, item)
        if repeated is not None:
            return _hold(session, item, *repeated, expires_at)
        item.delete()
        Rater.objects.filter(pk=session.rater_id).update(due=next_due(session.rater_id))
    return None


def _waiting(rater_id: int) -> QuerySet[PersonalItem]:
    return PersonalItem.objects.filter(rater_id=rater_id, slot=None).order_by("number")


def _given_back(session: RaterSession) -> Assignment | None:
    """A personal item that this rater held when an earlier skip was undone."""
    mine = Assignment.objects.filter(rater_id=session.rater_id, state=Assignment.State.RELEASED)
    return mine.exclude(kind=Slot.Kind.NORMAL).select_related("slot", "triple").order_by("pk").first()


def _take_again(session: RaterSession, assignment: Assignment, expires_at: datetime) -> ClaimedItem:
    Slot.objects.filter(pk=assignment.slot_id).update(
        state=Slot.State.HELD, holder_id=session.rater_id, lease_expires_at=expires_at
    )
    Assignment.objects.filter(pk=assignment.pk).update(
        state=Assignment.State.HELD, lease_expires_at=expires_at
    )
    content = assignment.slot.content or assignment.triple.content
    order = assignment.order
    assert order is not None
    return ClaimedItem(token=assignment.token, order=order, content=json.dumps(content))


def put_back(rater_id: int, slot_id: int) -> None:
    """Keeps an unrated personal slot for its rater: nobody else can take it, and it is due again at once."""
    Slot.objects.filter(pk=slot_id).update(state=Slot.State.PARKED, holder=None, lease_expires_at=None)
    Rater.objects.filter(pk=rater_id).update(due=0)


def _hold(
    session: RaterSession, item: PersonalItem, triple: Triple, order: int, expires_at: datetime
) -> ClaimedItem:
    slot = Slot.objects.create(
        study_id=session.study_id,
        triple=triple,
        kind=item.kind,
        state=Slot.State.HELD,
        content=item.content,
        order=order,
        random_key=0,
        holder_id=session.rater_id,
        lease_expires_at=expires_at,
    )
    PersonalItem.objects.filter(pk=item.pk).update(slot=slot, triple=triple, order=order)
    token = tokens.random_bytes(16).hex()
    Assignment.objects.create(
        token=token,
        slot=slot,
        rater_id=session.rater_id,
        triple=triple,
        kind=item.kind,
        order=order,
        lease_expires_at=expires_at,
    )
    content = item.content if item.content is not None else triple.content
    return ClaimedItem(token=token, order=order, content=json.dumps(content))


def _to_repeat(session: RaterSession, item: PersonalItem) -> tuple[Triple, int] | None:
    """One of the rater's earlier triples, in an order that puts every card elsewhere; the same for the same rater."""
    repeated_before = PersonalItem.objects.filter(
        rater_id=session.rater_id, kind=Slot.Kind.REPEAT, triple__isnull=False
    ).values("triple")
    rated = Rating.objects.filter(
        rater_id=session.rater_id,
        current=True,
        skipped=False,
        kind=Slot.Kind.NORMAL,
        assignment__order__isnull=False,
    ).exclude(triple__in=repeated_before)
    found = list(rated.order_by("pk").values_list("triple_id", "assignment__order"))
    far = found[:-REPEAT_DISTANCE] or found[:-1] or found
    if not far:
        return None
    random = Random(keyed_hash(session.rater_id, "repeat", str(item.number)))
    triple_id, order = random.choice(far)
    assert order is not None  # by the filter
    return Triple.objects.get(pk=triple_id), random.choice(elsewhere(order))


def elsewhere(order: int) -> list[int]:
    """The two orders in which each card stands in another position than in this one."""
    shown = ORDERS[order]
    return [
        ORDER_NUMBER[other]
        for other in ORDERS
        if all(here != there for here, there in zip(other, shown, strict=True))
    ]
