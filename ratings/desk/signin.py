"""A rater's link: looking at it changes nothing, its button signs this browser in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.errors import NotAuthenticated
from ratings.desk.gate import error_page, in_their_language
from ratings.desk.instructions import render_instructions
from ratings.desk.notes import desk_address
from ratings.desk.session import remember
from ratings.slots.services import RaterSession
from ratings.slots.sessions import find_rater, open_browser_session


@require_http_methods(["GET", "HEAD", "POST"])
def rater_join(request: HttpRequest, secret: str) -> HttpResponse:
    """/join/scr_…/: the link works until it expires or is revoked, in any number of browsers."""
    with in_their_language(request):
        try:
            response = _join(request, secret)
        except NotAuthenticated as error:
            response = error_page(request, error)
    response.headers["Cache-Control"] = "no-store, private"
    return response


def _join(request: HttpRequest, secret: str) -> HttpResponse:
    if request.method != "POST":
        return render(request, "desk/join.html", _invitation(find_rater(secret)))
    session, cookie = open_browser_session(secret)
    response = HttpResponseRedirect(desk_address(session.study_name), status=303)
    remember(response, session, cookie)
    return response


def _invitation(session: RaterSession) -> dict[str, Any]:
    return {"session": session, "instructions": render_instructions(session.instructions)}
