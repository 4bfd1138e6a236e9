"""Submitting a rating: checked, stored and answered with the next assignment in one transaction.

What a repeated, late, changed or foreign submission gets stands in CONTRACT.md. The order of the checks is the promise:
who asks, whose assignment it is, whether it was rated already, whether the study takes ratings, whether the body is a
rating, and only then who holds the slot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import tokens
from ratings.slots.body import Judgement, body_digest, read_body
from ratings.slots.claim import claim_next
from ratings.slots.errors import AlreadyRated, LeftStudy, StudyClosed, StudyNotOpen
from ratings.slots.held import find_both, find_current_rating, is_repeat
from ratings.slots.models import Rating, Slot
from ratings.slots.personal import next_due
from ratings.slots.records import HeldSlot, RaterSession, Submitted
from ratings.slots.statements import (
    Statement,
    as_json,
    fetch,
    fetch_together,
    is_postgresql,
    moment,
    read_json,
)
from ratings.studies.journey import SILENT

_RATING_COLUMNS = """
study_id, assignment_id, rater_id, triple_id, key, revision, current, kind, surplus, skipped, ranking, all_bad,
first_wrong_step, reasons, confidence, doubts, comment, skip_reason, "order", active_seconds, signals, consent,
body_digest, submitted_at
"""
_INSERT_RATING = f"""
INSERT INTO ratings_rating ({_RATING_COLUMNS})
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_SET_SLOT = """
UPDATE ratings_slot SET state = 'rated', holder_id = %s, lease_expires_at = NULL WHERE id = %s
"""
_SET_ASSIGNMENT = "UPDATE ratings_assignment SET state = %s, draft = NULL WHERE id = %s"
_SET_RATER = "UPDATE ratings_rater SET done = done + 1, orders_seen = %s WHERE id = %s"
_SET_RATER_OF_ITEM = "UPDATE ratings_rater SET extra_done = extra_done + %s, due = %s WHERE id = %s"

#: The same four writes as one statement: one planning, one round trip.
_STORE_POSTGRESQL = f"""
WITH slot AS ({_SET_SLOT}), assignment AS ({_SET_ASSIGNMENT}), rater AS ({_SET_RATER}) {_INSERT_RATING}
"""
_STORE_ITEM_POSTGRESQL = f"""
WITH slot AS ({_SET_SLOT}), assignment AS ({_SET_ASSIGNMENT}), rater AS ({_SET_RATER_OF_ITEM}) {_INSERT_RATING}
"""
_STORE_SURPLUS_POSTGRESQL = (
    f"WITH assignment AS ({_SET_ASSIGNMENT}), rater AS ({_SET_RATER}) {_INSERT_RATING}"
)


@transaction.atomic
def submit_rating(secret: str, token: str, body: Mapping[str, Any]) -> Submitted:
    """Stores the rating of one assignment by the rater behind `secret` and hands out the next assignment.

    Raises NotAuthenticated, UnknownAssignment, AlreadyRated, StudyClosed, StudyNotOpen (drafts only) or the errors of
    ratings.slots.body; then nothing is stored.
    """
    session, held = find_both(secret, token)
    if held.assignment_state in ("rated", "surplus"):
        return _repeat(session, held, body)
    require_accepting(session)
    judgement = read_body(
        body, token=token, order=held.order, step_counts=step_counts(held.content), form=session.form
    )
    surplus = not (held.is_held_by(session.rater_id) or held.slot_is_free)
    session = counted(session, held)
    key, writes = _writes(session, held, judgement, surplus=surplus)
    if session.state != "open":
        fetch_together(writes)
        return Submitted(rating=key, surplus=surplus, created=True, next=None)
    # Whoever rates what was held holds nothing afterwards; a late rating may come while another triple is held.
    following = claim_next(session, may_hold=held.assignment_state != "held", after=writes)
    return Submitted(rating=key, surplus=surplus, created=True, next=following.view)


def require_accepting(session: RaterSession) -> None:
    """A held assignment is accepted while the study is open or paused, unless its rater left the study."""
    if session.state == "closed":
        raise StudyClosed("This study is closed.", details={"study": session.study_name})
    if session.state == "draft":
        raise StudyNotOpen("This study is not open yet.", details={"study": session.study_name})
    if session.stage in SILENT:
        raise LeftStudy("You left this study; nothing more is taken.", details={"study": session.study_name})


def step_counts(content: str) -> list[int]:
    """Number of steps of each card, by source index."""
    return [len(card["steps"]) for card in read_json(content)["cards"]]


def counted(session: RaterSession, held: HeldSlot) -> RaterSession:
    """The session after this rating. A personal item counts apart, and the next one takes its turn."""
    if held.is_personal:
        counts = held.kind != Slot.Kind.PRACTICE
        return replace(session, extra_done=session.extra_done + counts, due=next_due(session.rater_id))
    seen = tuple(times + (number == held.order) for number, times in enumerate(session.orders_seen))
    return replace(session, done=session.done + 1, orders_seen=seen)


def _repeat(session: RaterSession, held: HeldSlot, body: Mapping[str, Any]) -> Submitted:
    stored = find_current_rating(held.assignment_id)
    assert stored is not None
    if not is_repeat(held.assignment_id, body_digest(body)):
        raise AlreadyRated(
            "This triple was rated already, differently. Revise that rating instead.",
            details={"rating": stored.key},
        )
    following = claim_next(session).view if session.state == "open" else None
    return Submitted(rating=stored.key, surplus=stored.surplus, created=False, next=following)


def _writes(
    session: RaterSession, held: HeldSlot, judgement: Judgement, *, surplus: bool
) -> tuple[str, list[Statement]]:
    """The rating's key, and the statements that store it: one on PostgreSQL, four on SQLite."""
    earlier = _retire_skip(held)
    key = earlier.key if earlier else tokens.random_bytes(16).hex()
    set_slot: list[Any] = [session.rater_id, held.slot_id]
    set_assignment: list[Any] = ["surplus" if surplus else "rated", held.assignment_id]
    set_rater: list[Any] = [as_json(session.orders_seen), session.rater_id]
    if held.is_personal:
        set_rater = [int(held.kind != Slot.Kind.PRACTICE), session.due, session.rater_id]
    insert = rating_row(
        session, held, judgement, key=key, revision=earlier.revision + 1 if earlier else 1, surplus=surplus
    )
    if is_postgresql():
        if surplus:
            return key, [(_STORE_SURPLUS_POSTGRESQL, [*set_assignment, *set_rater, *insert])]
        store = _STORE_ITEM_POSTGRESQL if held.is_personal else _STORE_POSTGRESQL
        return key, [(store, [*set_slot, *set_assignment, *set_rater, *insert])]
    writes: list[Statement] = [
        (_SET_ASSIGNMENT, set_assignment),
        (_SET_RATER_OF_ITEM if held.is_personal else _SET_RATER, set_rater),
        (_INSERT_RATING, insert),
    ]
    return key, writes if surplus else [(_SET_SLOT, set_slot), *writes]


def _retire_skip(held: HeldSlot) -> Rating | None:
    """A rating that follows a skip of the same triple is its next revision."""
    if not held.has_ratings:
        return None
    earlier = Rating.objects.filter(assignment_id=held.assignment_id).order_by("-revision").first()
    if earlier is not None and earlier.current:
        earlier.current = False
        earlier.save(update_fields=["current"])
    return earlier


def rating_row(
    session: RaterSession, held: HeldSlot, judgement: Judgement, *, key: str, revision: int, surplus: bool
) -> list[Any]:
    """The parameters of _INSERT_RATING."""
    return [
        session.study_id,
        held.assignment_id,
        session.rater_id,
        held.triple_id,
        key,
        revision,
        True,
        held.kind,
        surplus,
        False,
        as_json(judgement.ranking),
        judgement.all_bad,
        as_json(judgement.first_wrong_step),
        as_json(judgement.reasons),
        judgement.confidence,
        as_json(judgement.doubts),
        judgement.comment,
        "",
        held.order,
        judgement.active_seconds,
        as_json(judgement.signals),
        session.consent,
        judgement.digest,
        moment(timezone.now()),
    ]


def insert_rating(row: list[Any]) -> None:
    fetch(_INSERT_RATING, row)
