"""What became of one attempt: told by the process that did the work, or by the one that watched it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from accounts.errors import StarchamberError


class Ending(StrEnum):
    FINISHED = "finished"
    #: For good.
    FAILED = "failed"
    #: The attempt broke; the next may do better.
    BROKEN = "broken"
    CANCELLED = "cancelled"
    #: The job was another's by then.
    LOST = "lost"
    #: Its process had to stop for reasons that have nothing to do with it: somebody else goes on at once.
    HANDED_BACK = "handed_back"


@dataclass(frozen=True, slots=True)
class Outcome:
    """error: {"code", "message", "details"}, with FAILED and BROKEN. result: the handler's, with FINISHED."""

    ending: Ending
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None

    @property
    def words(self) -> str:
        """For the log."""
        return f"{self.ending}: {self.error['message']}" if self.error else self.ending.value

    def as_line(self) -> bytes:
        return json.dumps(asdict(self), allow_nan=False).encode() + b"\n"

    @classmethod
    def of_line(cls, line: bytes) -> Outcome:
        read = json.loads(line)
        return cls(ending=Ending(read["ending"]), result=read["result"], error=read["error"])


def failed(error: StarchamberError) -> Outcome:
    return Outcome(Ending.FAILED, error=_plain(error.as_json()))


def broken(code: str, message: str, details: Mapping[str, Any] | None = None) -> Outcome:
    return Outcome(
        Ending.BROKEN, error=_plain({"code": code, "message": message, "details": dict(details or {})})
    )


def _plain(error: dict[str, Any]) -> dict[str, Any]:
    """Details as JSON holds them: whoever raised the error may have put a Path or a NaN in."""
    read: dict[str, Any] = json.loads(json.dumps(error, default=str), parse_constant=str)
    return read
