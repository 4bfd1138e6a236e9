"""The rater's desk: one triple at a time, and a submit that answers with the next."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import InvalidInput, StarchamberError
from ratings.desk.error_words import said
from ratings.desk.forms import read_body
from ratings.desk.gate import go_to, is_swap, rater_page
from ratings.desk.instructions import render_instructions
from ratings.desk.keeping import draft_age, keep_draft
from ratings.desk.notes import desk_address, journey_address, present_note, read_note
from ratings.desk.presenting import page_words, present
from ratings.desk.session import signed_in
from ratings.desk.words import needed_words
from ratings.journeys.services import finish_rating
from ratings.quality.refused import note_refused
from ratings.slots import services
from ratings.slots.errors import AlreadyRated, NothingToUndo
from ratings.slots.services import RaterSession, Submitted
from ratings.studies.form import RatingForm
from ratings.studies.journey import PRACTICE, RATING


# Compressed, for a phone on a slow line: the page is more than half of the first load. The cookie is for this site's
# own pages alone, so that nobody else can have it fetched with a guess in it and measure how well that compresses.
@require_http_methods(["GET", "HEAD", "POST"])
@gzip_page
@rater_page
def rate(request: HttpRequest, study: str) -> HttpResponse:
    """GET shows the held or next triple; POST submits, skips or flags it."""
    secret, session = signed_in(request, study)
    if request.method != "POST":
        return _show(request, secret, session, read_note(request))
    acts = {"skip": _skip, "flag": _flag}
    return acts.get(request.POST.get("act", ""), _submit)(request, secret, session)


def _submit(request: HttpRequest, secret: str, session: RaterSession) -> HttpResponse:
    body = read_body(request.POST)
    try:
        submitted = services.submit_rating(secret, request.POST.get("token", ""), body)
    except AlreadyRated as error:
        return _go(session, "rated", str(error.details.get("rating") or ""))
    except InvalidInput as error:
        note_refused(secret, error)
        extra = {"refusal": refusal(error, session.form)}
        return _show(request, secret, session, extra, said=body, status=422)
    return _answer(request, session, submitted, "saved")


def _skip(request: HttpRequest, secret: str, session: RaterSession) -> HttpResponse:
    try:
        submitted = services.skip(secret, request.POST.get("token", ""), reason=request.POST.get("reason"))
    except AlreadyRated as error:
        return _go(session, "rated", str(error.details.get("rating") or ""))
    return _answer(request, session, submitted, "skipped")


def _flag(request: HttpRequest, secret: str, session: RaterSession) -> HttpResponse:
    """Tells the researchers, and leaves the triple as it is: a script stays on its page, others get it again."""
    token = request.POST.get("token", "")
    services.flag(secret, token, reason=request.POST.get("flag_reason"))
    if is_swap(request):
        return HttpResponse(status=204)
    keep_draft(secret, token, read_body(request.POST))
    return _go(session, "flagged")


def _answer(request: HttpRequest, session: RaterSession, submitted: Submitted, note: str) -> HttpResponse:
    """After an act: a swap gets the next triple at once, everybody else the desk's address."""
    if session.stage == PRACTICE:
        # What there was to notice comes before the next one.
        return go_to(request, journey_address(session.study_name))
    if not is_swap(request) or submitted.next is None:
        return _go(session, note, submitted.rating)
    context = {"session": session, "view": submitted.next, **present_note(note, submitted.rating)}
    response = render(request, "desk/_triple.html", context | present(submitted.next))
    response.headers["HX-Replace-Url"] = desk_address(session.study_name, note, submitted.rating)
    return response


def _show(
    request: HttpRequest,
    secret: str,
    session: RaterSession,
    extra: dict[str, Any],
    *,
    said: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The triple that this rater holds, or the next; filled with `said`, or with the draft kept for it."""
    view = services.next_assignment(secret, study=session.study_name).view
    context: dict[str, Any] = {"session": session, "view": view, **extra}
    if view is None:
        standing = finish_rating(secret)
        if standing.stage != RATING:
            return go_to(request, journey_address(session.study_name))
        context |= {"page_words": page_words(session.form), "waits": standing.waits}
    else:
        draft = services.draft_of(session, view["token"])
        context |= present(view, said or draft) | {"draft_age": draft_age(draft)}
    if is_swap(request):
        return render(request, "desk/_triple.html", context, status=status)
    context["instructions"] = render_instructions(session.instructions)
    return render(request, "desk/rate.html", context, status=status)


def _go(session: RaterSession, note: str = "", key: str = "") -> HttpResponse:
    """To the desk by 303, which htmx follows and swaps in."""
    return HttpResponseRedirect(desk_address(session.study_name, note, key), status=303)


def refusal(error: StarchamberError, form: RatingForm | None = None) -> str:
    """What a person at the desk can do about a body that was refused."""
    if error.code == "not_a_ranking":
        return needed_words(form or RatingForm())
    if error.code == "unknown_card":
        return _(
            "A card was named that is not on this page. Look at your places once more, and submit again."
        )
    if error.details.get("field") == "comment":
        return _("The comment is too long: at most 5,000 characters.")
    return said(error)


@require_POST
@rater_page
def unskip(request: HttpRequest, study: str) -> HttpResponse:
    """Brings the last skipped triple back."""
    secret, session = signed_in(request, study)
    try:
        services.unskip(secret)
    except NothingToUndo:
        return _go(session, "taken")
    return _go(session, "unskipped")
