"""What an error looks like from outside: a page for people, the one JSON shape below /api/."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from html import escape
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, DataError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string

from accounts.errors import StarchamberError
from accounts.tokens import INVITATION_PREFIX, LINK_PREFIX
from ratings.desk.error_words import said_of
from ratings.desk.gate import in_their_language
from ratings.desk.session import COOKIE
from ratings.quality.refused import note_refused

_PLAIN = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{status}</title><p>{status}: {message}</p>'
)


_UNEXPECTED: Mapping[str, Any] = {
    "code": "server_error",
    "message": "Something went wrong here. It has been logged.",
    "details": {},
}
_AWAY: Mapping[str, Any] = {
    "code": "unavailable",
    "message": "The database does not answer at the moment. Try again in a few seconds.",
    "details": {"retry_after_seconds": 5},
}

#: Of links that sign members of the staff in.
_STAFF_LINKS = (LINK_PREFIX, INVITATION_PREFIX)


class ErrorMiddleware:
    """Answers the errors that services raise, so that no view repeats it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, StarchamberError):
            return error_response(request, error)
        return bad_request(request) if holds_nul(error) else None


def holds_nul(error: Exception) -> bool:
    """Whether a NUL came with an address or a form, which PostgreSQL's texts can not hold: nothing is called by one."""
    return isinstance(error, ValueError | DataError) and "NUL" in str(error)


def error_response(request: HttpRequest, error: StarchamberError) -> HttpResponse:
    """The answer to an expected error."""
    return _answer(request, error.status, error.as_json())


class BodyTooLarge(StarchamberError):
    """More bytes than are read into memory for one request; files are uploaded as such."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "too_large"


def body_too_large() -> BodyTooLarge:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return BodyTooLarge(
        f"The request is too large: at most {limit} bytes are read.", details={"limit": limit}
    )


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        error = body_too_large()
        note_refused(request.COOKIES.get(COOKIE), error)
        return error_response(request, error)
    return _say(request, HTTPStatus.BAD_REQUEST, "bad_request", "The request could not be understood.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _say(request, HTTPStatus.FORBIDDEN, "permission_denied", "This is not allowed.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's token did not come back: the page is old, or cookies are off, or another site sent it."""
    message = "This page was open too long, or cookies are off. Go back, reload the page and send it again."
    return _say(request, HTTPStatus.FORBIDDEN, "csrf", message)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _say(request, HTTPStatus.NOT_FOUND, "not_found", "There is nothing at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    """An error that nobody expected; its stack is in the log. The page asks nothing of the database.

    A database that does not answer is 503, which clients try again.
    """
    status, body = HTTPStatus.INTERNAL_SERVER_ERROR, _UNEXPECTED
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        status, body = HTTPStatus.SERVICE_UNAVAILABLE, _AWAY
    return _answer(request if _is_api(request) or _is_raters(request) else None, status, body)


def _say(request: HttpRequest, status: HTTPStatus, code: str, message: str) -> HttpResponse:
    return _answer(request, status, {"code": code, "message": message, "details": {}})


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _is_raters(request: HttpRequest) -> bool:
    """Whether a rater looks at it, who is told in the desk's words."""
    if request.path.startswith("/join/"):
        return not request.path.startswith(tuple(f"/join/{prefix}" for prefix in _STAFF_LINKS))
    return request.path.startswith(("/rate/", "/p/", "/club/", "/preview/")) and "/wall/" not in request.path


def _answer(request: HttpRequest | None, status: HTTPStatus, body: Mapping[str, Any]) -> HttpResponse:
    if request is not None and _is_api(request):
        response: HttpResponse = JsonResponse(body, status=status)
        if status == HTTPStatus.UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = "Bearer"
    else:
        response = HttpResponse(_page(request, {**body, "status": int(status)}), status=status)
    if "retry_after_seconds" in body["details"]:
        response.headers["Retry-After"] = str(int(body["details"]["retry_after_seconds"]))
    return response


def _page(request: HttpRequest | None, context: dict[str, Any]) -> str:
    try:
        if request is not None and _is_raters(request):
            with in_their_language(request):
                said = said_of(context, status=context["status"])
                study = request.path.split("/")[2] if request.path.startswith("/rate/") else ""
                return render_to_string("desk/error.html", {**context, "message": said, "study": study})
        return render_to_string("errors/error.html", context, request=request)
    except (TemplateDoesNotExist, DatabaseError, ValueError):
        # ValueError: the manifest of static files is missing. A plain page still says what happened.
        return _PLAIN.format(status=context["status"], message=escape(context["message"]))
