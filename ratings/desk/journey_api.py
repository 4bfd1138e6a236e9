"""A rater's way before and after rating, for programs: the whole of it without a browser."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse

from accounts.errors import InvalidInput
from ratings.desk.api import answer, rater_call, read_json_body
from ratings.journeys import services
from ratings.journeys.reveal import reveal_for
from ratings.journeys.showing import show


@rater_call("GET", "POST")
def journey(request: HttpRequest, secret: str, study: str) -> HttpResponse:
    """GET: the present stage and what it needs. POST: an answer to it; the answer is where the rater stands then."""
    if request.method == "GET":
        return answer(show(services.stand(secret, study=study)))
    body = read_json_body(request)
    stage = body.get("stage")
    if not isinstance(stage, str):
        raise InvalidInput(
            "stage: expected the name of a stage.",
            details={"field": "stage", "value": repr(stage)[:200], "expected": "text"},
        )
    return answer(show(services.answer(secret, stage, body, study=study)))


@rater_call("POST")
def leave(request: HttpRequest, secret: str, study: str) -> HttpResponse:
    """Takes the consent back and gives back what is held; again it changes nothing."""
    return answer(show(services.leave(secret, study=study)))


@rater_call("GET")
def reveal(request: HttpRequest, secret: str, study: str) -> HttpResponse:
    """Which source wrote what; 404 `not_revealed` before nothing can be biased by it any more."""
    found = reveal_for(services.stand(secret, study=study))
    favourite = found.favourite
    body: dict[str, Any] = asdict(found) | {"favourite": favourite.label if favourite else None}
    return answer(body)
