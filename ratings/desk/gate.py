"""What every rater's page goes through: never cached, and errors in the desk's own words."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django_htmx.http import HttpResponseClientRedirect

from accounts.errors import StarchamberError
from ratings.desk.ending import LATE, ending_for
from ratings.desk.error_words import said
from ratings.desk.notes import desk_address, journey_address
from ratings.desk.session import COOKIE
from ratings.quality.refused import note_refused

View = Callable[..., HttpResponse]

#: The errors that have a page of their own; any other gets the desk's general one.
PAGES = {
    "not_authenticated": "desk/signed_out.html",
    "study_not_open": "desk/paused.html",
    "study_closed": "desk/closed.html",
}
#: The errors of a rater who stands elsewhere on the way through the study: the way's page says what is next.
ON_THE_WAY = {"journey_unfinished", "left_study"}


def rater_page(view: View) -> View:
    """Decorates a view of one study: (request, study, …) -> response."""

    @wraps(view)
    def gated(request: HttpRequest, study: str, **address: str) -> HttpResponse:
        with in_their_language(request):
            try:
                response = view(request, study, **address)
            except StarchamberError as error:
                note_refused(request.COOKIES.get(COOKIE), error)
                response = error_page(request, error, study=study)
        response.headers["Cache-Control"] = "no-store, private"
        return response

    return gated


def in_their_language(request: HttpRequest) -> translation.override:
    """A rater's pages speak the browser's language, where we have it; the staff's pages speak English."""
    return translation.override(translation.get_language_from_request(request))


def error_page(request: HttpRequest, error: StarchamberError, *, study: str = "") -> HttpResponse:
    """A page that says what is the matter; a swap is sent to the whole page, which will say it."""
    if study and error.code in ON_THE_WAY:
        return go_to(request, journey_address(study))
    if study and is_swap(request):
        late = LATE if error.code == "study_closed" and request.method == "POST" else ""
        response = HttpResponseClientRedirect(desk_address(study, late))
        # For the page's script, which may have an answer to keep.
        response.headers["Desk-Error"] = "revoked" if error.details.get("revoked") else error.code
        return response
    context = {
        "study": study,
        "status": int(error.status),
        "code": error.code,
        "message": said(error),
        "revoked": bool(error.details.get("revoked")),
    }
    if study and error.code == "study_closed":
        context |= ending_for(request, study)
    return render(request, PAGES.get(error.code, "desk/error.html"), context, status=error.status)


def go_to(request: HttpRequest, address: str) -> HttpResponse:
    """To another page by 303; a swap changes the whole page, not the part that it asked for."""
    if is_swap(request):
        return HttpResponseClientRedirect(address)
    return HttpResponseRedirect(address, status=303)


def is_swap(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page."""
    return request.headers.get("HX-Request") == "true"
