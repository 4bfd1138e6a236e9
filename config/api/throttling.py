"""How often one token, or one person in a browser, may call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from accounts.limits import take
from accounts.models import StaffToken, User

if TYPE_CHECKING:  # rest_framework.views reads this module while it is being loaded
    from rest_framework.views import APIView

_WINDOWS = {"s": 1, "min": 60, "h": 3600}


def parse_rate(rate: str) -> tuple[int, int]:
    """`"1200/min"` as (calls, seconds). Raises ValueError when the unit is not s, min or h."""
    number, _, unit = rate.partition("/")
    if unit not in _WINDOWS or not number.isdecimal():
        raise ValueError(f"rate={rate!r}: expected NUMBER/s, NUMBER/min or NUMBER/h")
    return int(number), _WINDOWS[unit]


class TokenRateThrottle(BaseThrottle):
    """Counts per token, per person in a browser, per address for strangers; `scope` names the rate."""

    scope = "staff"

    def __init__(self) -> None:
        self._wait: int | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        calls, seconds = parse_rate(str(api_settings.DEFAULT_THROTTLE_RATES[self.scope]))
        self._wait = take(f"{self.scope}:{self._who(request)}", limit=calls, window_seconds=seconds)
        return self._wait is None

    def wait(self) -> float | None:
        return self._wait

    def _who(self, request: Request) -> str:
        if isinstance(request.auth, StaffToken):
            return f"token:{request.auth.pk}"
        if isinstance(request.user, User):
            return f"user:{request.user.pk}"
        return f"address:{self.get_ident(request)}"
