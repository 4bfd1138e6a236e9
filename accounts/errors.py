"""The base of every error that a person or a program is told about: one shape in pages, API and commands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any


class StarchamberError(Exception):
    """An expected failure: a stable code, one sentence for people, details for programs."""

    status: HTTPStatus = HTTPStatus.BAD_REQUEST
    code: str = "bad_request"
    #: Of a command: whether its arguments alone are to blame (exit 2), and not the work (exit 1).
    blames_arguments: bool = False

    def __init__(
        self, message: str, *, code: str | None = None, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details: dict[str, Any] = _without_nan(dict(details or {}))
        if code is not None:
            self.code = code

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "details": self.details}


def _without_nan(value: Any) -> Any:
    """JSON knows no NaN and no infinity: they are told as texts, wherever in the details they stand."""
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case dict():
            return {key: _without_nan(entry) for key, entry in value.items()}
        case list():
            return [_without_nan(entry) for entry in value]
        case tuple():
            return tuple(_without_nan(entry) for entry in value)
    return value


class InvalidInput(StarchamberError):
    """A value is not what was expected; details name field, value and expectation."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid"


class NotAuthenticated(StarchamberError):
    status = HTTPStatus.UNAUTHORIZED
    code = "not_authenticated"


class PermissionRefused(StarchamberError):
    status = HTTPStatus.FORBIDDEN
    code = "permission_denied"


class NotFound(StarchamberError):
    status = HTTPStatus.NOT_FOUND
    code = "not_found"


class Conflict(StarchamberError):
    status = HTTPStatus.CONFLICT
    code = "conflict"


class Gone(StarchamberError):
    status = HTTPStatus.GONE
    code = "gone"


class Throttled(StarchamberError):
    """Too many requests; details hold `retry_after_seconds`."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "throttled"
