"""A limit per token for the rater's loop, kept in the memory of the web process.

A shared counter would cost the loop a round trip per rating. Each process counts for itself, so the limit of a site is
between this number and this number times its processes: a brake on a program that runs wild, not a quota.
"""

from __future__ import annotations

import time
from http import HTTPStatus

from accounts.errors import StarchamberError
from accounts.tokens import digest_of

CALLS_PER_MINUTE = 20_000
_TOKENS_KEPT = 10_000

_counts: dict[bytes, list[int]] = {}


class Throttled(StarchamberError):
    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "throttled"


def throttle(secret: str) -> None:
    """Counts one call of this token. Raises Throttled beyond the limit of the present minute."""
    minute, second = divmod(int(time.time()), 60)
    if len(_counts) > _TOKENS_KEPT:
        _counts.clear()
    count = _counts.setdefault(digest_of(secret), [minute, 0])
    if count[0] != minute:
        count[:] = [minute, 0]
    count[1] += 1
    if count[1] > CALLS_PER_MINUTE:
        raise Throttled("Too many calls with this token.", details={"retry_after": 60 - second})
