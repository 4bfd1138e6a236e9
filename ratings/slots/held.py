"""One assignment of the rater who asks, with its slot locked."""

from __future__ import annotations

import re

from accounts.tokens import digest_of
from ratings.slots.errors import UnknownAssignment
from ratings.slots.models import Rating
from ratings.slots.records import HeldSlot, RaterSession
from ratings.slots.sessions import find_rater, find_statement, read_session
from ratings.slots.statements import fetch_together, is_postgresql

#: Anything else can not be a name, and some of it (a NUL) the database would not even take as a parameter.
_NAME = re.compile(r"[0-9a-f]{32}")

_FIND = """
SELECT a.id, a.token, a.state, a."order", s.id, s.state, s.holder_id, s.skips, a.triple_id,
       COALESCE(s.content, t.content), s.kind,
       EXISTS (SELECT 1 FROM ratings_rating g WHERE g.assignment_id = a.id)
FROM ratings_assignment a
JOIN ratings_slot s ON s.id = a.slot_id
JOIN ratings_triple t ON t.id = a.triple_id
JOIN ratings_ratertoken k ON k.rater_id = a.rater_id
WHERE a.token = %s AND k.digest = %s
"""


def find_both(secret: str, token: str) -> tuple[RaterSession, HeldSlot]:
    """The rater behind a secret, with the row locked, and one of this rater's assignments, with its slot locked.

    Raises NotAuthenticated; UnknownAssignment for a forged token and for another rater's alike.

    Call it inside a transaction. The slot's row is locked until that transaction ends; the assignment's own
    columns may lag behind if its slot was taken while we waited, which is why `is_held_by` asks the slot.
    """
    if not is_name(token):
        find_rater(secret)
        raise _unknown(token)
    held_sql = _FIND + ("FOR NO KEY UPDATE OF s" if is_postgresql() else "")
    raters, held = fetch_together([find_statement(secret, lock=True), (held_sql, [token, digest_of(secret)])])
    session = read_session(raters[0] if raters else None)
    if not held:
        raise _unknown(token)
    return session, HeldSlot(*held[0])


def is_name(text: str) -> bool:
    """Whether a text could be the token of an assignment or the key of a rating: 32 hex digits."""
    return _NAME.fullmatch(text) is not None


def _unknown(token: str) -> UnknownAssignment:
    return UnknownAssignment("This assignment is not known.", details={"assignment": token[:64]})


def find_current_rating(assignment_id: int) -> Rating | None:
    """What this assignment's rater last said, a skip included."""
    return Rating.objects.filter(assignment_id=assignment_id, current=True).first()


def is_repeat(assignment_id: int, digest: str) -> bool:
    """Whether this very body was stored before, in any revision."""
    return Rating.objects.filter(assignment_id=assignment_id, body_digest=digest, skipped=False).exists()
