"""Looking back: a rater's last ten ratings, and revising one of them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.errors import InvalidInput
from ratings.desk.forms import read_body
from ratings.desk.gate import rater_page
from ratings.desk.notes import desk_address
from ratings.desk.presenting import present, present_past, said_by
from ratings.desk.session import signed_in
from ratings.desk.views import refusal
from ratings.journeys.reveal import require_unrevealed
from ratings.slots import services
from ratings.slots.errors import StudyClosed, UnknownRating
from ratings.slots.services import PastRating, RaterSession
from ratings.studies.form import RatingForm


@require_safe
@rater_page
def past_ratings(request: HttpRequest, study: str) -> HttpResponse:
    _, session = signed_in(request, study)
    _require_not_closed(session)
    rows = [present_past(rating) for rating in services.recent_ratings(session)]
    return render(request, "desk/past.html", {"session": session, "ratings": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@rater_page
def revise(request: HttpRequest, study: str, key: str) -> HttpResponse:
    """The card form with what was said; POST adds a revision."""
    secret, session = signed_in(request, study)
    _require_not_closed(session)
    require_unrevealed(secret)
    rating = _find(session, key)
    context: dict[str, Any] = {"session": session, "key": key, "view": rating.assignment}
    said, status = said_by(rating), 200
    if request.method == "POST":
        said = keep_unasked(said, read_body(request.POST), session.form)
        try:
            services.revise(secret, key, said)
        except InvalidInput as error:
            context["refusal"], status = refusal(error, session.form), 422
        else:
            return HttpResponseRedirect(desk_address(study, "revised", key), status=303)
    return render(request, "desk/revise.html", context | present(rating.assignment, said), status=status)


def keep_unasked(said: dict[str, Any], body: dict[str, Any], form: RatingForm) -> dict[str, Any]:
    """The revised body, with what was said before where the form does not ask: a program may have said more."""
    asked = {
        "first_wrong_step": form.first_wrong_step,
        "confidence": form.confidence,
        "doubts": form.doubts,
        "reasons": bool(form.reasons),
    }
    kept = {name: said[name] for name, is_asked in asked.items() if not is_asked and name in said}
    if form.reasons:
        reasons: dict[str, list[str]] = {card: list(codes) for card, codes in body.get("reasons", {}).items()}
        for card, codes in said.get("reasons", {}).items():
            reasons.setdefault(card, []).extend(code for code in codes if code not in form.reasons)
        kept["reasons"] = {card: codes for card, codes in reasons.items() if codes}
    return body | kept


def _find(session: RaterSession, key: str) -> PastRating:
    found = [rating for rating in services.recent_ratings(session, key=key) if not rating.skipped]
    if not found:
        raise UnknownRating("This rating is not known.", details={"rating": key})
    return found[0]


def _require_not_closed(session: RaterSession) -> None:
    if session.state == "closed":
        raise StudyClosed("This study is closed.", details={"study": session.study_name})
