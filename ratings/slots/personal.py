"""Handing out a rater's personal items: practice, checks, degraded triples and repeats, each as a slot of its own.

They are rare (a few in a rater's whole study), so this is plain Django; the loop only compares two numbers
(`RaterSession.item_is_due`). What an item shows was decided when the rater entered, by `ratings.quality`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts import tokens
from ratings.slots.models import Assignment, DegradedTriple, PersonalItem, Rater, Rating, Slot
from ratings.slots.records import RaterSession
from ratings.studies.draw import keyed_hash
from ratings.studies.form import RatingForm
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
    """Hands out the item that is due, or None when there is none.

    A repeat with nothing to repeat is dropped, and so is a degraded item when the rater has seen every triple of its
    study that was degraded.
    """
    given_back = _given_back(session)
    if given_back is not None:
        return _take_again(session, given_back, expires_at)
    waiting = _waiting(session.rater_id).filter(after__lte=session.done)
    practising = Q(kind=Slot.Kind.PRACTICE)
    for item in waiting.filter(practising if session.stage == PRACTICE else ~practising).select_related(
        "triple"
    ):
        shown = _shown(session, item)
        if shown is not None:
            return _hold(session, item, shown, expires_at)
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


@dataclass(frozen=True, slots=True)
class _Shown:
    """What an item shows. content: None for the triple as it is. expected: as on PersonalItem."""

    triple: Triple
    order: int
    content: dict[str, Any] | None
    expected: dict[str, Any]


def _shown(session: RaterSession, item: PersonalItem) -> _Shown | None:
    """None when there is nothing that this item could show to this rater any more."""
    if item.triple is not None and item.order is not None:
        return _Shown(item.triple, item.order, item.content, item.expected)
    if item.kind == Slot.Kind.DEGRADED:
        return _to_degrade(session, item)
    return _to_repeat(session, item)


def _hold(session: RaterSession, item: PersonalItem, shown: _Shown, expires_at: datetime) -> ClaimedItem:
    slot = Slot.objects.create(
        study_id=session.study_id,
        triple=shown.triple,
        kind=item.kind,
        state=Slot.State.HELD,
        content=shown.content,
        order=shown.order,
        random_key=0,
        holder_id=session.rater_id,
        lease_expires_at=expires_at,
    )
    PersonalItem.objects.filter(pk=item.pk).update(
        slot=slot, triple=shown.triple, order=shown.order, expected=shown.expected
    )
    token = tokens.random_bytes(16).hex()
    Assignment.objects.create(
        token=token,
        slot=slot,
        rater_id=session.rater_id,
        triple=shown.triple,
        kind=item.kind,
        order=shown.order,
        lease_expires_at=expires_at,
    )
    content = shown.content if shown.content is not None else shown.triple.content
    return ClaimedItem(token=token, order=shown.order, content=json.dumps(content))


def _random(session: RaterSession, item: PersonalItem) -> Random:
    """The same for the same item, whenever it is due."""
    draw = item.expected.get("draw") or keyed_hash(session.rater_id, item.kind, str(item.number))
    return Random(draw)


def _to_degrade(session: RaterSession, item: PersonalItem) -> _Shown | None:
    """A degraded triple that this rater has never seen, and will never see intact (`claim._NEVER_SEEN`).

    Those first whose places are all rated: this rater is not needed there. Taken when it is due and not before, so
    that nothing is kept from a rater who may be the last one that the plan waits for.
    """
    seen = Assignment.objects.filter(
        rater_id=session.rater_id, kind__in=[Slot.Kind.NORMAL, Slot.Kind.DEGRADED]
    ).values("triple")
    wanting = Slot.objects.filter(
        triple=OuterRef("triple"), kind=Slot.Kind.NORMAL, state__in=[Slot.State.OPEN, Slot.State.HELD]
    )
    unseen = (
        DegradedTriple.objects.filter(triple__study_id=session.study_id)
        .exclude(triple__in=seen)
        .annotate(wanting=Exists(wanting))
        .order_by("wanting", "triple__number")
    )
    found = list(unseen.values_list("wanting", "pk"))
    random = _random(session, item)
    equal = [pk for is_wanting, pk in found if is_wanting == found[0][0]]
    if not equal:
        return None
    degraded = DegradedTriple.objects.select_related("triple").get(pk=random.choice(equal))
    # Drawn over the texts' own arrangement, so that no label has a part in it.
    own = ORDERS[degraded.triple.base_order]
    arranged = [tuple(own[place] for place in dealt) for dealt in ORDERS]
    card = degraded.expected["source"]
    orders = [ORDER_NUMBER[order] for order in arranged if card in order[: session.form.shown]]
    return _Shown(degraded.triple, random.choice(orders), degraded.content, degraded.expected)


def _to_repeat(session: RaterSession, item: PersonalItem) -> _Shown | None:
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
    random = _random(session, item)
    triple_id, order = random.choice(far)
    assert order is not None  # by the filter
    again = random.choice(elsewhere(order, session.form))
    return _Shown(Triple.objects.get(pk=triple_id), again, None, {})


def elsewhere(order: int, form: RatingForm | None = None) -> list[int]:
    """The two orders in which each card stands in another position than in this one.

    Where a form shows two cards only, the one order that shows the same two the other way round.
    """
    first, second, third = ORDERS[order]
    if form is not None and form.shown == 2:
        return [ORDER_NUMBER[(second, first, third)]]
    return [ORDER_NUMBER[(second, third, first)], ORDER_NUMBER[(third, first, second)]]
