"""Claiming a slot: one indexed statement, no COUNT, no random sort, no statistics.

A rater holds at most one slot. Everything here runs inside a transaction that holds the rater's row (PostgreSQL) or the
whole database (SQLite, immediate), so two tabs of one rater get the same assignment. Two raters meet only at a slot,
where SKIP LOCKED lets the second one pass by. Lock order is always rater, then slot; whoever skips never waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from accounts import tokens
from ratings.slots.cards import assignment_view
from ratings.slots.personal import claim_item
from ratings.slots.records import Claimed, RaterSession
from ratings.slots.statements import (
    Row,
    Statement,
    fetch,
    fetch_one,
    fetch_together,
    is_postgresql,
    moment,
    read_moment,
)
from ratings.studies.orders import nearest_order, order_tiers

_HELD = """
SELECT a.id, a.token, a."order", a.slot_id, COALESCE(s.content, t.content), s.lease_expires_at
FROM ratings_assignment a
JOIN ratings_slot s ON s.id = a.slot_id AND s.state = 'held' AND s.holder_id = a.rater_id
JOIN ratings_triple t ON t.id = a.triple_id
WHERE a.rater_id = %s AND a.state = 'held'
"""
_RENEW_SLOT = """
UPDATE ratings_slot SET lease_expires_at = %s WHERE id = %s AND state = 'held' AND holder_id = %s RETURNING id
"""
_RENEW_UNLOCKED = """
UPDATE ratings_slot SET lease_expires_at = %s
WHERE id = (SELECT s.id FROM ratings_slot s WHERE s.id = %s AND s.state = 'held' AND s.holder_id = %s {lock})
RETURNING id
"""
_RENEW_ASSIGNMENT = "UPDATE ratings_assignment SET lease_expires_at = %s WHERE id = %s"

# The kinds let the unique index of (triple, rater) answer: one probe, however much this rater has rated. A degraded
# triple counts as seen: beside its intact self it would give away what was done to it.
_NEVER_SEEN = """
NOT EXISTS (
  SELECT 1 FROM ratings_assignment a
  WHERE a.rater_id = %s AND a.triple_id = s.triple_id AND a.kind IN ('normal', 'degraded')
)
"""
_PICK_OPEN = f"""
SELECT s.id, s.triple_id, s."order" FROM ratings_slot s
WHERE s.study_id = %s AND s.state = 'open' AND s."order" {{orders}} AND {_NEVER_SEEN}
ORDER BY s.priority, s.random_key LIMIT 1
"""
_CLAIM_POSTGRESQL = f"""
WITH picked AS ({_PICK_OPEN.format(orders="= ANY(%s)")} FOR UPDATE OF s SKIP LOCKED),
taken AS (
  UPDATE ratings_slot s SET state = 'held', holder_id = %s, lease_expires_at = %s FROM picked WHERE s.id = picked.id
),
assigned AS (
  INSERT INTO ratings_assignment
    (token, slot_id, rater_id, triple_id, kind, state, "order", claimed_at, lease_expires_at)
  SELECT %s, id, %s, triple_id, 'normal', 'held', (%s::smallint[])["order" + 1], %s, %s FROM picked
)
SELECT (%s::smallint[])[picked."order" + 1], t.content FROM picked JOIN ratings_triple t ON t.id = picked.triple_id
"""
_TAKE_SQLITE = "UPDATE ratings_slot SET state = 'held', holder_id = %s, lease_expires_at = %s WHERE id = %s"
_ASSIGN_SQLITE = """
INSERT INTO ratings_assignment
  (token, slot_id, rater_id, triple_id, kind, state, "order", claimed_at, lease_expires_at)
VALUES (%s, %s, %s, %s, 'normal', 'held', %s, %s, %s)
"""
_CONTENT_SQLITE = "SELECT content FROM ratings_triple WHERE id = %s"

_PICK_LAPSED = f"""
SELECT s.id, s.holder_id FROM ratings_slot s
WHERE s.study_id = %s AND s.state = 'held' AND s.lease_expires_at < %s AND s.kind = 'normal' AND {_NEVER_SEEN}
ORDER BY s.lease_expires_at LIMIT 1
"""
_EXPIRE = """
UPDATE ratings_assignment SET state = 'expired' WHERE slot_id = %s AND rater_id = %s AND state = 'held'
"""
_FREE = "UPDATE ratings_slot SET state = 'open', holder_id = NULL, lease_expires_at = NULL WHERE id = %s"

_PICK_OWN = """
SELECT a.id, a.token, a."order", s.id, COALESCE(s.content, t.content), s.holder_id FROM ratings_assignment a
JOIN ratings_slot s ON s.id = a.slot_id
JOIN ratings_triple t ON t.id = a.triple_id
WHERE a.rater_id = %s AND a.state IN ('expired', 'released') AND {wanted}
ORDER BY a.id LIMIT 1
"""
#: Nobody has it; nobody has it any more who keeps its lease (the parameter: now).
_FREE_NOW = "s.state = 'open'"
_FREE_OR_LAPSED = "(s.state = 'open' OR (s.state = 'held' AND s.lease_expires_at < %s))"
_REVIVE = (
    "UPDATE ratings_slot SET state = 'held', holder_id = %s, lease_expires_at = %s WHERE id = %s",
    "UPDATE ratings_assignment SET state = 'held', lease_expires_at = %s WHERE id = %s",
)

#: Every order number, and what to show for each when a slot's plan is kept.
_AS_PLANNED = tuple(range(6))


def claim_next(session: RaterSession, *, may_hold: bool = True, after: Sequence[Statement] = ()) -> Claimed:
    """The assignment that this rater holds now, a new one, or none.

    In turn: the one already held (its lease renewed, even when it had run out, as long as nobody took the slot);
    a personal item that is due; for whoever comes back, the slot that they had, while it is free; an open slot in an
    order that this rater needs; any open slot, shown in the order that this rater needs; a slot whose lease ran out; a
    slot that this rater lost or gave back. In practice there are only personal items.
    may_hold: False right after a rating, when nothing can be held.
    after: statements to run first; on PostgreSQL they travel together with the first try.
    """
    expires_at = timezone.now() + timedelta(seconds=session.lease_seconds)
    if after and not may_hold and session.wants_a_slot and not session.item_is_due and is_postgresql():
        claim = _claim_statement(session, order_tiers(session.orders_seen).best, _AS_PLANNED, expires_at)
        rows = fetch_together([*after, claim.statement])[-1]
        if rows:
            return Claimed(_claimed_view(session, claim.token, rows[0], expires_at), created=True)
    elif after:
        fetch_together(after)
    if may_hold:
        held = _held_view(session, expires_at)
        if held is not None:
            return Claimed(held, created=False)
    if session.item_is_due and (item := claim_item(session, expires_at)) is not None:
        view = _view(session, token=item.token, order=item.order, content=item.content, expires_at=expires_at)
        return Claimed(view, created=True)
    if not session.wants_a_slot:
        return Claimed(None, created=False)
    claimed = _claim_own(session, expires_at, among=_FREE_NOW) if may_hold else None
    if claimed is None:
        claimed = _claim_open(session, expires_at)
    if claimed is None and _free_a_lapsed_slot(session):
        claimed = _claim_open(session, expires_at)
    if claimed is None:
        claimed = _claim_own(session, expires_at, among=_FREE_OR_LAPSED)
    return Claimed(claimed, created=claimed is not None)


def _held_view(session: RaterSession, expires_at: datetime) -> dict[str, Any] | None:
    """What this rater holds, its lease renewed.

    This transaction may hold the lock of another slot already (a late rating's), so that it must not wait for this one:
    two raters with each other's lapsed slots would wait for ever. A slot that is locked now is shown as it stands.
    """
    held = fetch_one(_HELD, [session.rater_id])
    if held is None:
        return None
    assignment_id, token, order, slot_id, content, until = held
    if fetch(_RENEW_UNLOCKED.format(lock=skip_locked()), [moment(expires_at), slot_id, session.rater_id]):
        fetch(_RENEW_ASSIGNMENT, [moment(expires_at), assignment_id])
        until = expires_at
    elif fetch_one(_HELD, [session.rater_id]) is None:
        return None
    return _view(
        session, token=token, order=order, content=content, expires_at=read_moment(until) or expires_at
    )


def skip_locked() -> str:
    return " FOR NO KEY UPDATE OF s SKIP LOCKED" if is_postgresql() else ""


def renew_lease(session: RaterSession, *, slot_id: int, assignment_id: int, expires_at: datetime) -> bool:
    """Lengthens the lease, run out or not, unless somebody else took the slot meanwhile."""
    if not fetch(_RENEW_SLOT, [moment(expires_at), slot_id, session.rater_id]):
        return False
    fetch(_RENEW_ASSIGNMENT, [moment(expires_at), assignment_id])
    return True


def _claim_open(session: RaterSession, expires_at: datetime) -> dict[str, Any] | None:
    tiers = order_tiers(session.orders_seen)
    # The last try keeps the rater's balance at the cost of the triple's: near a pool's end only one can hold.
    balanced = tuple(nearest_order(planned, tiers.best) for planned in _AS_PLANNED)
    for orders, shown in (
        (tiers.best, _AS_PLANNED),
        (tiers.acceptable, _AS_PLANNED),
        (_AS_PLANNED, balanced),
    ):
        claimed = _claim_in_orders(session, orders, shown, expires_at)
        if claimed is not None:
            return claimed
    return None


class _Claim(NamedTuple):
    """A claim about to be sent, and the token that its assignment will have."""

    statement: Statement
    token: str


def _claim_statement(
    session: RaterSession, orders: tuple[int, ...], shown: tuple[int, ...], expires_at: datetime
) -> _Claim:
    """PostgreSQL's claim: picks, takes, assigns and reads in one statement, whose row is (order, content).

    orders: order numbers that may be planned for the slot. shown: the order to show for each planned one.
    """
    token = tokens.random_bytes(16).hex()
    now, expires = moment(timezone.now()), moment(expires_at)
    pick = [session.study_id, list(orders), session.rater_id]
    take = [session.rater_id, expires]
    assign = [token, session.rater_id, list(shown), now, expires]
    return _Claim((_CLAIM_POSTGRESQL, [*pick, *take, *assign, list(shown)]), token)


def _claimed_view(session: RaterSession, token: str, row: Row, expires_at: datetime) -> dict[str, Any]:
    order, content = row
    return _view(session, token=token, order=order, content=content, expires_at=expires_at)


def _claim_in_orders(
    session: RaterSession, orders: tuple[int, ...], shown: tuple[int, ...], expires_at: datetime
) -> dict[str, Any] | None:
    if not is_postgresql():
        return _claim_sqlite(session, orders, shown, expires_at)
    claim = _claim_statement(session, orders, shown, expires_at)
    row = fetch_one(*claim.statement)
    return None if row is None else _claimed_view(session, claim.token, row, expires_at)


def _claim_sqlite(
    session: RaterSession, orders: tuple[int, ...], shown: tuple[int, ...], expires_at: datetime
) -> dict[str, Any] | None:
    """The same in four statements, under the database's lock."""
    places = ", ".join("%s" for _ in orders)
    pick = _PICK_OPEN.format(orders=f"IN ({places})")
    picked = fetch_one(pick, [session.study_id, *orders, session.rater_id])
    if picked is None:
        return None
    slot_id, triple_id, planned = picked
    order = shown[planned]
    token = tokens.random_bytes(16).hex()
    now, expires = moment(timezone.now()), moment(expires_at)
    fetch(_TAKE_SQLITE, [session.rater_id, expires, slot_id])
    fetch(_ASSIGN_SQLITE, [token, slot_id, session.rater_id, triple_id, order, now, expires])
    [(content,)] = fetch(_CONTENT_SQLITE, [triple_id])
    return _claimed_view(session, token, (order, content), expires_at)


def _free_a_lapsed_slot(session: RaterSession) -> bool:
    """Takes a slot from somebody whose lease ran out and opens it; this transaction then claims it."""
    picked = fetch_one(
        _PICK_LAPSED + skip_locked(), [session.study_id, moment(timezone.now()), session.rater_id]
    )
    if picked is None:
        return False
    slot_id, holder_id = picked
    fetch(_EXPIRE, [slot_id, holder_id])
    fetch(_FREE, [slot_id])
    return True


def _claim_own(session: RaterSession, expires_at: datetime, *, among: str) -> dict[str, Any] | None:
    """A slot that this rater lost to time, or gave back, and that nobody holds: shown again as it was."""
    now = [moment(timezone.now())] if "%s" in among else []
    own = fetch_one(_PICK_OWN.format(wanted=among) + skip_locked(), [session.rater_id, *now])
    if own is None:
        return None
    assignment_id, token, order, slot_id, content, holder_id = own
    if holder_id is not None:
        fetch(_EXPIRE, [slot_id, holder_id])
    revive_assignment(session, slot_id=slot_id, assignment_id=assignment_id, expires_at=expires_at)
    return _view(session, token=token, order=order, content=content, expires_at=expires_at)


def revive_assignment(
    session: RaterSession, *, slot_id: int, assignment_id: int, expires_at: datetime
) -> None:
    """Gives a free slot back to an assignment that had it before. The caller holds the slot's lock."""
    fetch(_REVIVE[0], [session.rater_id, moment(expires_at), slot_id])
    fetch(_REVIVE[1], [moment(expires_at), assignment_id])


def _view(
    session: RaterSession, *, token: str, order: int, content: str, expires_at: datetime
) -> dict[str, Any]:
    return assignment_view(
        token=token,
        order=order,
        content=content,
        lease_expires_at=expires_at,
        done=session.shown_done,
        quota=session.shown_quota,
        form=session.form,
    )
