"""A panel's link: who comes with an id of the panel's gets a button, and behind it the rater that they are."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.errors import StarchamberError
from ratings.crowd.arrivals import read_arrival
from ratings.crowd.models import Panel, PanelEvent
from ratings.crowd.panels import enter, get_panel, note, require_not_closed
from ratings.desk.gate import error_page, in_their_language
from ratings.desk.instructions import render_instructions
from ratings.desk.notes import desk_address
from ratings.desk.session import remember
from ratings.slots.services import require_open
from ratings.slots.sessions import LINK_LIFETIME, find_rater

#: Who this browser is to an open link, which carries no id.
COOKIE = "panel"


@require_http_methods(["GET", "HEAD", "POST"])
def panel_entry(request: HttpRequest, study: str, panel: str | None = None) -> HttpResponse:
    """/p/STUDY/PANEL/?SESSION_ID=…: GET changes nothing; POST signs in, again and again as the same rater."""
    with in_their_language(request):
        response = _entry(request, study, panel)
    response.headers["Cache-Control"] = "no-store, private"
    # The ids in this address are nobody else's business.
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _entry(request: HttpRequest, study: str, panel: str | None) -> HttpResponse:
    found: Panel | None = None
    try:
        found = get_panel(study, panel)
        arrival = read_arrival(found, request.GET, remembered=request.COOKIES.get(COOKIE, ""))
        require_open(found.study.name, found.study.state)
        require_not_closed(found, arrival)
        if request.method != "POST":
            context = {
                "study": found.study,
                "open_link": found.provider == Panel.Provider.LINKS,
                "instructions": render_instructions(found.study.instructions),
            }
            return render(request, "desk/entry.html", context)
        _, secret = enter(found, arrival)
    except StarchamberError as error:
        if found is not None and error.code != "study_not_open":
            note(found, PanelEvent.Kind.ENTRY, error.message, accepted=False)
        return error_page(request, error)
    response = HttpResponseRedirect(desk_address(study), status=303)
    remember(response, find_rater(secret), secret)
    if found.provider == Panel.Provider.LINKS:
        response.set_cookie(
            COOKIE,
            arrival.session,
            max_age=LINK_LIFETIME,
            path=request.path,
            secure=settings.SECURE_COOKIES,
            httponly=True,
            samesite="Lax",
        )
    return response
