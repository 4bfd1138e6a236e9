"""A rater's way before and after rating: one address, one page for each stage, one form on it.

Looking changes nothing. A form moves on from the stage that it was made for; sent again it changes nothing, and the
rater lands where the way has led meanwhile.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.errors import InvalidInput
from ratings.desk.gate import go_to, rater_page
from ratings.desk.journey_forms import read_stage_body
from ratings.desk.journey_showing import present_stage
from ratings.desk.journey_words import refusal_words
from ratings.desk.notes import desk_address, journey_address
from ratings.desk.session import read_secret
from ratings.journeys import services
from ratings.journeys.errors import ConsentChanged
from ratings.journeys.services import Standing
from ratings.slots.errors import StudyClosed, StudyNotOpen
from ratings.studies.journey import ENDS, RATING


@require_http_methods(["GET", "HEAD", "POST"])
@rater_page
def journey(request: HttpRequest, study: str) -> HttpResponse:
    """GET shows the present stage; POST ends it."""
    secret = read_secret(request)
    if request.method == "POST":
        return _answer(request, secret, study)
    return _show(request, services.stand(secret, study=study))


def _answer(request: HttpRequest, secret: str, study: str) -> HttpResponse:
    stage = request.POST.get("stage", "")
    body = read_stage_body(stage, request.POST)
    try:
        standing = services.answer(secret, stage, body, study=study)
    except (InvalidInput, ConsentChanged) as error:
        extra = {"refusal": refusal_words(error), "said": request.POST}
        return _show(request, services.stand(secret, study=study), extra, status=error.status)
    return go_to(request, desk_address(study) if standing.stage == RATING else journey_address(study))


def _show(
    request: HttpRequest, standing: Standing, extra: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    session = standing.session
    if session.state == "closed" and standing.stage not in ENDS:
        raise StudyClosed("This study is closed.", details={"study": session.study_name})
    if session.state == "draft":
        raise StudyNotOpen("This study is not open yet.", details={"study": session.study_name})
    if standing.stage == RATING:
        return go_to(request, desk_address(session.study_name))
    template, context = present_stage(standing, (extra or {}).get("said"))
    return render(request, template, {**context, **(extra or {})}, status=status)
