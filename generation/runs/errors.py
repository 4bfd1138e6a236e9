"""What can go wrong with runs."""

from __future__ import annotations

from accounts.errors import NotFound


class UnknownRun(NotFound):
    code = "unknown_run"


class UnknownCandidate(NotFound):
    code = "unknown_candidate"
