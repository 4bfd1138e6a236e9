"""Who is asking? One lookup for the cookie of a browser and the bearer token of a program."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.errors import NotAuthenticated
from accounts.tokens import digest_of, new_secret
from ratings.slots.models import Rater, RaterToken
from ratings.slots.records import RaterSession
from ratings.slots.statements import (
    Row,
    as_text,
    fetch,
    fetch_one,
    is_postgresql,
    moment,
    read_json,
    read_moment,
)
from ratings.studies.form import form_of

RATER_PREFIX = "scr_"

#: A link works this long; a browser session lasts no longer than the link that opened it.
LINK_LIFETIME = timedelta(days=90)

#: The last use of a token is written at most this often, so that reading stays reading.
LAST_USE_GRAIN = timedelta(minutes=1)

_FIND = """
SELECT t.id, t.expires_at, t.revoked_at, t.last_used_at,
       r.id, r.name, r.kind, r.done, r.orders_seen, r.stage, r.consent, r.extra_done, r.extra_planned, r.due,
       s.id, s.name, s.state, s.instructions, COALESCE(r.quota, s.per_rater), s.lease_seconds, s.max_skips, s.form
FROM ratings_ratertoken t
JOIN ratings_rater r ON r.id = t.rater_id
JOIN ratings_study s ON s.id = r.study_id
WHERE t.digest = %s
"""
# The study's lock is the one that storing a rating takes anyway, for its foreign key. Taken here, together with reading
# the state, it makes closing wait for those who read `open`, and them for a closing that is on its way.
_LOCK = "FOR NO KEY UPDATE OF r FOR KEY SHARE OF s"
_TOUCH = "UPDATE ratings_ratertoken SET last_used_at = %s WHERE id = %s"


def find_rater(secret: str, *, lock: bool = False) -> RaterSession:
    """The rater behind a secret. Raises NotAuthenticated when it is unknown, expired or revoked.

    lock: hold the rater's row until the transaction ends, so that two tabs of one rater take turns (PostgreSQL; on
    SQLite the immediate transaction already does).
    """
    sql, params = find_statement(secret, lock=lock)
    return read_session(fetch_one(sql, params))


def find_statement(secret: str, *, lock: bool) -> tuple[str, list[Any]]:
    """The statement behind `find_rater`, for those who send it together with another."""
    # A secret of another kind has no row here either, whatever its digest.
    digest = digest_of(secret if secret.startswith(RATER_PREFIX) else "")
    return _FIND + (_LOCK if lock and is_postgresql() else ""), [digest]


def read_session(row: Row | None) -> RaterSession:
    """The answer to `find_statement`. Raises NotAuthenticated."""
    if row is None:
        raise NotAuthenticated("This link or token is not known.")
    expires_at, revoked_at, last_used_at = (read_moment(value) for value in row[1:4])
    now = timezone.now()
    if revoked_at is not None or (expires_at is not None and expires_at <= now):
        details = {"revoked": True} if revoked_at is not None else None
        raise NotAuthenticated("This link or token has expired or was revoked.", details=details)
    session = RaterSession(
        token_id=row[0],
        rater_id=row[4],
        rater_name=row[5],
        rater_kind=row[6],
        done=row[7],
        orders_seen=tuple(read_json(row[8])),
        stage=row[9],
        consent=row[10],
        extra_done=row[11],
        extra_planned=row[12],
        due=row[13],
        study_id=row[14],
        study_name=row[15],
        state=row[16],
        instructions=row[17],
        per_rater=row[18],
        lease_seconds=row[19],
        max_skips=row[20],
        form=form_of(as_text(row[21])),
        last_used_at=last_used_at,
    )
    _touch(session, now)
    return session


def _touch(session: RaterSession, now: datetime) -> None:
    if session.last_used_at is None or now - session.last_used_at > LAST_USE_GRAIN:
        fetch(_TOUCH, [moment(now), session.token_id])


def mint_rater_token(
    rater: Rater,
    *,
    purpose: RaterToken.Purpose = RaterToken.Purpose.LINK,
    lifetime: timedelta = LINK_LIFETIME,
) -> str:
    """Creates a token for one rater of one study and returns its secret, which is shown once and never stored."""
    secret = new_secret(RATER_PREFIX)
    RaterToken.objects.create(
        rater=rater, purpose=purpose, digest=digest_of(secret), expires_at=timezone.now() + lifetime
    )
    return secret


@transaction.atomic
def open_browser_session(secret: str) -> tuple[RaterSession, str]:
    """Signs a browser in with a link's secret: the session and the secret for its cookie.

    The link keeps working until it expires, on any number of devices; each gets a secret of its own.
    """
    session = find_rater(secret)
    link = RaterToken.objects.get(pk=session.token_id)
    assert link.expires_at is not None
    rater = Rater.objects.get(pk=session.rater_id)
    remaining = link.expires_at - timezone.now()
    return session, mint_rater_token(rater, purpose=RaterToken.Purpose.SESSION, lifetime=remaining)
