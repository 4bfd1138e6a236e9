"""Every error of the API in one shape: `{"code", "message", "details"}`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from accounts.errors import StarchamberError
from config.errors import body_too_large, holds_nul

#: What DRF raises, as our status, code and (where DRF's own sentence says too little) message.
_KNOWN: list[tuple[type[exceptions.APIException], HTTPStatus, str]] = [
    (exceptions.NotAuthenticated, HTTPStatus.UNAUTHORIZED, "not_authenticated"),
    (exceptions.AuthenticationFailed, HTTPStatus.UNAUTHORIZED, "not_authenticated"),
    (exceptions.PermissionDenied, HTTPStatus.FORBIDDEN, "permission_denied"),
    (exceptions.NotFound, HTTPStatus.NOT_FOUND, "not_found"),
    (exceptions.Throttled, HTTPStatus.TOO_MANY_REQUESTS, "throttled"),
    (exceptions.ValidationError, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid"),
    (exceptions.ParseError, HTTPStatus.BAD_REQUEST, "malformed"),
    (exceptions.MethodNotAllowed, HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed"),
    (exceptions.NotAcceptable, HTTPStatus.NOT_ACCEPTABLE, "not_acceptable"),
    (exceptions.UnsupportedMediaType, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
]


def handle_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. None, for an error that nobody expected, lets Django answer 500 and log it."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, DjangoPermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        error = body_too_large()
    elif holds_nul(error):
        error = exceptions.ParseError("A NUL character stands in the request.")
    if isinstance(error, StarchamberError):
        response = _answer(error.status, error.as_json())
        wait = error.details.get("retry_after_seconds")
    elif isinstance(error, exceptions.APIException):
        response = _of_drf(error)
        wait = getattr(error, "wait", None)
    else:
        return None
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    if wait is not None:
        response.headers["Retry-After"] = str(int(wait))
    _roll_back()
    return response


def _of_drf(error: exceptions.APIException) -> Response:
    status, code = next(
        ((status, code) for kind, status, code in _KNOWN if isinstance(error, kind)),
        (HTTPStatus(error.status_code), HTTPStatus(error.status_code).name.lower()),
    )
    details: dict[str, Any] = {}
    message = str(error.detail)
    if isinstance(error, exceptions.ParseError) and "digits" in message:
        message = "The body is not JSON: a number has too many digits."
    if isinstance(error, exceptions.ValidationError):
        details = error.detail if isinstance(error.detail, dict) else {"non_field_errors": error.detail}
        message = _first_sentence(details)
    elif isinstance(error, exceptions.Throttled):
        details = {"retry_after_seconds": int(getattr(error, "wait", None) or 1)}
        message = f"Too many requests. Try again in {details['retry_after_seconds']} s."
    return _answer(status, {"code": code, "message": message, "details": details})


def _first_sentence(details: Any, field: str = "") -> str:
    """`field: what is wrong with it`, for the first field that has something wrong."""
    if isinstance(details, dict):
        name, value = next(iter(details.items()))
        if name == "non_field_errors":
            return _first_sentence(value, field)
        return _first_sentence(value, f"{field}.{name}" if field else str(name))
    if isinstance(details, list):
        return _first_sentence(next((entry for entry in details if entry), ""), field)
    return f"{field}: {details}" if field else str(details)


def _answer(status: HTTPStatus, body: dict[str, Any]) -> Response:
    return Response(body, status=status)


def _roll_back() -> None:
    """Inside a transaction of the view an error undoes what was written, as DRF's own handler does."""
    connection = transaction.get_connection()
    if connection.settings_dict["ATOMIC_REQUESTS"] and connection.in_atomic_block:
        transaction.set_rollback(True)
