"""The rater's loop for programs. One request per rating is enough for the whole of it.

Plain Django views: the loop is the hot path, and content negotiation, serializers and renderers would cost more than
its statements do. `ratings.desk.schema` tells the OpenAPI document about them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.errors import InvalidInput, NotAuthenticated, StarchamberError
from problems.text import why_no_json
from ratings.desk.preview import PREFIX as PREVIEW_PREFIX
from ratings.desk.preview import refuse_preview
from ratings.desk.throttle import throttle
from ratings.journeys.reveal import require_unrevealed
from ratings.journeys.services import finish_rating
from ratings.quality.refused import note_refused
from ratings.slots import services
from ratings.slots.records import PastRating

P = ParamSpec("P")
RaterView = Callable[Concatenate[HttpRequest, str, P], HttpResponse]

MAX_BODY_BYTES = 65_536
#: To a program that got nothing though something may still come.
ASK_AGAIN_SECONDS = 15
#: A rating's own body is three levels deep.
MAX_DEPTH = 20


def answer(body: Any, status: int = HTTPStatus.OK) -> HttpResponse:
    response = HttpResponse(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        content_type="application/json",
        status=status,
    )
    response["Cache-Control"] = "no-store"
    return response


def rater_call(
    *methods: str,
) -> Callable[[RaterView[P]], Callable[Concatenate[HttpRequest, P], HttpResponse]]:
    """Wraps a view: bearer token read and throttled, one error shape, only these methods."""

    def decorate(view: RaterView[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @csrf_exempt
        @wraps(view)
        def call(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            secret = ""
            try:
                if request.method not in methods:
                    return _wrong_method(request, methods)
                secret = _bearer(request)
                throttle(secret)
                return view(request, secret, *args, **kwargs)
            except StarchamberError as error:
                note_refused(secret, error)
                return _refused(error)

        return call

    return decorate


def _refused(error: StarchamberError) -> HttpResponse:
    response = answer(error.as_json(), error.status)
    if error.status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    if retry_after := error.details.get("retry_after"):
        response["Retry-After"] = str(retry_after)
    return response


def _wrong_method(request: HttpRequest, methods: tuple[str, ...]) -> HttpResponse:
    response = answer(
        {"code": "method_not_allowed", "message": f"{request.method} is not allowed here.", "details": {}},
        HTTPStatus.METHOD_NOT_ALLOWED,
    )
    response["Allow"] = ", ".join(methods)
    return response


def _bearer(request: HttpRequest) -> str:
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret.strip():
        raise NotAuthenticated("Send `Authorization: Bearer TOKEN`.")
    if secret.startswith(PREVIEW_PREFIX):
        refuse_preview(secret.strip())
    return secret.strip()


class MalformedBody(StarchamberError):
    code = "malformed_json"


class BodyTooLarge(StarchamberError):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "body_too_large"


def read_json_body(request: HttpRequest) -> dict[str, Any]:
    """The request's JSON object; an empty body is an empty object."""
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        length = 0
    if length > MAX_BODY_BYTES:
        raise BodyTooLarge(
            f"The body is larger than {MAX_BODY_BYTES} bytes.", details={"limit": MAX_BODY_BYTES}
        )
    raw = request.body
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise MalformedBody(f"The body is not JSON: {why_no_json(error)}.") from error
    _require_plain(body)
    if not isinstance(body, dict):
        raise InvalidInput("The body must be a JSON object.", details={"expected": "an object"})
    return body


def _require_plain(body: Any) -> None:
    """Raises MalformedBody for what Python's parser takes though it is no JSON, and for what later readers choke on."""
    level = [body]
    for _ in range(MAX_DEPTH):
        if any(isinstance(value, float) and not math.isfinite(value) for value in level):
            raise MalformedBody("The body is not JSON: it holds a number that is not finite.")
        level = [part for outer in level for part in _parts(outer)]
        if not level:
            return
    raise MalformedBody(f"The body is nested deeper than {MAX_DEPTH} levels.", details={"limit": MAX_DEPTH})


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


@rater_call("POST")
def assignments(request: HttpRequest, secret: str, study: str) -> HttpResponse:
    claimed = services.next_assignment(secret, study=study)
    if claimed.view is None:
        nothing = HttpResponse(status=HTTPStatus.NO_CONTENT)
        if finish_rating(secret).waits:
            nothing["Retry-After"] = str(ASK_AGAIN_SECONDS)
        return nothing
    return answer(claimed.view, HTTPStatus.CREATED if claimed.created else HTTPStatus.OK)


@rater_call("POST")
def rating(request: HttpRequest, secret: str, token: str) -> HttpResponse:
    submitted = services.submit_rating(secret, token, read_json_body(request))
    if submitted.next is None:
        finish_rating(secret)
    body = {"rating": submitted.rating, "surplus": submitted.surplus, "next": submitted.next}
    return answer(body, HTTPStatus.CREATED if submitted.created else HTTPStatus.OK)


@rater_call("POST")
def renew(request: HttpRequest, secret: str, token: str) -> HttpResponse:
    expires_at = services.renew(secret, token)
    return answer({"lease_expires_at": expires_at.isoformat().replace("+00:00", "Z")})


@rater_call("PUT")
def draft(request: HttpRequest, secret: str, token: str) -> HttpResponse:
    services.save_draft(secret, token, read_json_body(request))
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@rater_call("POST")
def skip(request: HttpRequest, secret: str, token: str) -> HttpResponse:
    skipped = services.skip(secret, token, reason=read_json_body(request).get("reason"))
    if skipped.next is None:
        finish_rating(secret)
    body = {"rating": skipped.rating, "next": skipped.next}
    return answer(body, HTTPStatus.CREATED if skipped.created else HTTPStatus.OK)


@rater_call("POST")
def flag(request: HttpRequest, secret: str, token: str) -> HttpResponse:
    body = read_json_body(request)
    flagged = services.flag(secret, token, reason=body.get("reason"), comment=body.get("comment"))
    return answer({"flag": flagged}, HTTPStatus.CREATED)


@rater_call("POST")
def revisions(request: HttpRequest, secret: str, key: str) -> HttpResponse:
    require_unrevealed(secret)
    revised = services.revise(secret, key, read_json_body(request))
    body = {"rating": revised.rating, "surplus": revised.surplus}
    return answer(body, HTTPStatus.CREATED if revised.created else HTTPStatus.OK)


@rater_call("GET")
def my_ratings(request: HttpRequest, secret: str) -> HttpResponse:
    session = services.find_rater(secret)
    return answer({"results": [_past(past) for past in services.recent_ratings(session)]})


def _past(past: PastRating) -> dict[str, Any]:
    return {
        "rating": past.rating,
        "revision": past.revision,
        "surplus": past.surplus,
        "skipped": past.skipped,
        "submitted_at": past.submitted_at.isoformat().replace("+00:00", "Z"),
        "ranking": past.ranking,
        "all_bad": past.all_bad,
        "comment": past.comment,
        "first_wrong_step": past.first_wrong_step,
        "reasons": past.reasons,
        "confidence": past.confidence,
        "doubts": past.doubts,
        "assignment": past.assignment,
    }
