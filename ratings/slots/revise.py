"""Going back: revising a rating, and the last ten to choose from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.errors import InvalidInput
from ratings.slots.body import body_digest, read_body
from ratings.slots.cards import assignment_view, card_names, step_names
from ratings.slots.errors import UnknownRating
from ratings.slots.held import find_both, is_name
from ratings.slots.models import Rating, Slot
from ratings.slots.records import PastRating, RaterSession, Submitted
from ratings.slots.sessions import find_rater
from ratings.slots.submit import insert_rating, rating_row, require_accepting, step_counts
from ratings.studies.orders import ORDERS

#: How far back a rater can look.
RECENT = 10


@transaction.atomic
def revise(secret: str, key: str, body: Mapping[str, Any]) -> Submitted:
    """Adds a revision to one of the rater's own ratings; the same body again is a repeat.

    The old revision stays current until the new one is in: both happen in one transaction.
    """
    session = find_rater(secret, lock=True)
    current = _current(session, key) if is_name(key) else None
    if current is None:
        raise UnknownRating("This rating is not known.", details={"rating": key[:64]})
    require_accepting(session)
    if current.skipped:
        raise InvalidInput(
            "A skipped triple has no rating to revise; undo the skip instead.", details={"rating": key}
        )
    _, held = find_both(secret, current.assignment.token)
    judgement = read_body(
        body,
        token=held.token,
        order=held.order,
        step_counts=step_counts(held.content),
        form=session.form,
        said_before=[code for codes in current.reasons.values() for code in codes],
    )
    if current.body_digest == body_digest(body):
        return Submitted(rating=key, surplus=current.surplus, created=False, next=None)
    current.current = False
    current.save(update_fields=["current"])
    insert_rating(
        rating_row(session, held, judgement, key=key, revision=current.revision + 1, surplus=current.surplus)
    )
    return Submitted(rating=key, surplus=current.surplus, created=True, next=None)


def _current(session: RaterSession, key: str) -> Rating | None:
    own = Rating.objects.filter(rater_id=session.rater_id, key=key, current=True, order__isnull=False)
    return own.select_related("assignment").first()


def recent_ratings(session: RaterSession, *, key: str | None = None) -> list[PastRating]:
    """The rater's last ten ratings (or the one of this key), newest first, with their cards as they were shown."""
    # An imported rating has no shown order: nobody saw its cards here.
    rows = Rating.objects.filter(rater_id=session.rater_id, current=True, order__isnull=False).select_related(
        "assignment__slot", "triple"
    )
    # Practice is not what the rater said in the study.
    rows = rows.exclude(kind=Slot.Kind.PRACTICE)
    if key is not None:
        rows = rows.filter(key=key)
    return [_past_rating(session, row) for row in rows.order_by("-assignment_id")[:RECENT]]


def _past_rating(session: RaterSession, row: Rating) -> PastRating:
    order = row.order
    assert order is not None
    names = card_names(row.assignment.token)
    content = row.assignment.slot.content or row.triple.content
    position_of = {source: position for position, source in enumerate(ORDERS[order])}
    counts = [len(card["steps"]) for card in content["cards"]]

    def step_name(source: int, step: int) -> str:
        return step_names(row.assignment.token, position=position_of[source], count=counts[source])[step]

    return PastRating(
        rating=row.key,
        revision=row.revision,
        surplus=row.surplus,
        skipped=row.skipped,
        submitted_at=row.submitted_at,
        ranking=[sorted(names[position_of[source]] for source in group) for group in row.ranking],
        all_bad=row.all_bad,
        comment=row.comment,
        # In the cards' order: the stored keys are sorted by source, which would show through.
        first_wrong_step={
            names[position]: step_name(source, row.first_wrong_step[str(source)])
            for position, source in enumerate(ORDERS[order])
            if str(source) in row.first_wrong_step
        },
        reasons={
            names[position]: row.reasons[str(source)]
            for position, source in enumerate(ORDERS[order])
            if str(source) in row.reasons
        },
        confidence=row.confidence,
        doubts=row.doubts,
        assignment=assignment_view(
            token=row.assignment.token,
            order=order,
            content=content,
            lease_expires_at=row.assignment.lease_expires_at,
            done=session.shown_done,
            quota=session.shown_quota,
            form=session.form,
        ),
    )
