"""A phone's pages: join, wait, rate, see the votes, see who wrote what."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.errors import InvalidInput, NotAuthenticated, StarchamberError
from ratings.club import phones
from ratings.club.hosting import get_club
from ratings.club.models import Club, ClubPhone, ClubRound
from ratings.club.selectors import lettered_cards, round_of, round_tally, standing_of, vote_of
from ratings.desk.forms import read_body
from ratings.desk.gate import error_page, go_to, in_their_language, is_swap
from ratings.desk.presenting import page_words, present
from ratings.desk.views import refusal
from ratings.quality.refused import note_refused
from ratings.slots.errors import AlreadyRated
from ratings.slots.models import Rating
from ratings.studies.form import read_form
from ratings.studies.selectors import source_labels

COOKIE = "club"
Phase = Club.Phase


def club_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Never cached, in the browser's language; errors in plain words with their status."""

    @wraps(view)
    def gated(request: HttpRequest, code: str) -> HttpResponse:
        with in_their_language(request):
            try:
                response = view(request, code)
            except StarchamberError as error:
                response = error_page(request, error)
                # For the page's script, which may have a vote to keep.
                response.headers["Desk-Error"] = error.code
        response.headers["Cache-Control"] = "no-store, private"
        return response

    return gated


@require_http_methods(["GET", "HEAD", "POST"])
@club_page
def phone(request: HttpRequest, code: str) -> HttpResponse:
    """GET: whatever this phone shows now, or the invitation. POST joins, or votes."""
    club = get_club(code)
    if code != club.code:
        return HttpResponseRedirect(reverse("club:phone", args=[club.code]))
    if request.method == "POST" and "token" in request.POST:
        return take_vote(request, club)
    mine = phones.phone_of(code, request.COOKIES.get(COOKIE))
    if mine is not None:
        return _show(request, mine)
    if club.phase == Phase.ENDED:
        return render(request, "club/over.html", {"club": club, "late": "late" in request.GET}, status=410)
    if request.method == "POST":
        return _join(request, club)
    return render(request, "club/join.html", {"club": club})


def _join(request: HttpRequest, club: Club) -> HttpResponse:
    secret = phones.join(club.code)[1]
    response = _back(request, club)
    response.set_cookie(
        COOKIE,
        secret,
        max_age=phones.LIFETIME,
        path=reverse("club:phone", args=[club.code]),
        secure=settings.SECURE_COOKIES,
        httponly=True,
        samesite="Lax",
    )
    return response


def _back(request: HttpRequest, club: Club, query: str = "") -> HttpResponse:
    return go_to(request, reverse("club:phone", args=[club.code]) + query)


def _show(request: HttpRequest, mine: ClubPhone, **extra: Any) -> HttpResponse:
    club, round_ = mine.club, round_of(mine.club)
    context: dict[str, Any] = {"club": club, "phone": mine, "round": round_, **extra}
    # Also where there is nothing to rate: a vote that this browser kept is sent from there.
    context["page_words"] = page_words(read_form(club.study.form))
    if round_ is None:
        return render(request, "club/wait.html", context)
    said = vote_of(mine, round_)
    if club.phase == Phase.VOTING and said is None:
        return render(
            request, "club/vote.html", context | _ballot(mine, round_, extra), status=_status(extra)
        )
    if club.phase == Phase.VOTING:
        return render(request, "club/wait.html", context | {"said": said})
    return render(request, "club/votes.html", context | _result(mine, round_, said))


def _status(extra: dict[str, Any]) -> int:
    return 422 if "refusal" in extra else 200


def _ballot(mine: ClubPhone, round_: ClubRound, extra: dict[str, Any]) -> dict[str, Any]:
    view = phones.view_of(mine, phones.hold(mine, round_))
    here = reverse("club:phone", args=[mine.club.code])
    return present(view, extra.get("said")) | {
        "action": here,
        "sends": True,
        "submit_words": _("Send my vote"),
    }


def _result(mine: ClubPhone, round_: ClubRound, said: Rating | None) -> dict[str, Any]:
    """The votes as this phone shows them; the sources once they are revealed."""
    found = round_tally(round_)
    cards = lettered_cards(round_, found=found)
    place = {
        source: number for number, group in enumerate(said.ranking if said else [], 1) for source in group
    }
    for card in cards:
        card["place"] = place.get(card["index"])
    context: dict[str, Any] = {"tally": found, "cards": cards, "said": said}
    if mine.club.phase == Phase.REVEALED:
        labels = source_labels(mine.club.study)
        firsts = said.ranking[0] if said and said.ranking else []
        context["preferred"] = [labels[source] for source in firsts]
        context["standing"] = standing_of(mine.club)
    return context


@require_POST
@club_page
def vote(request: HttpRequest, code: str) -> HttpResponse:
    """Takes a vote and goes back to what the phone shows now. Sent twice it counts once; late ones are taken."""
    return take_vote(request, get_club(code))


def take_vote(request: HttpRequest, club: Club) -> HttpResponse:
    """The same for the phone's own address, where the page's script sends a vote that it may have kept for long."""
    mine = phones.phone_of(club.code, request.COOKIES.get(COOKIE))
    if mine is None and club.phase == Phase.ENDED:
        return _back(request, club, "?late=1")
    if mine is None and is_swap(request):
        raise NotAuthenticated("This browser is not signed in to the study.")
    if mine is None:
        return _back(request, club)
    body = read_body(request.POST)
    try:
        phones.vote(request.COOKIES[COOKIE], request.POST.get("token", ""), body)
    except AlreadyRated:
        pass  # the first vote stands, and the next page shows it
    except InvalidInput as error:
        note_refused(request.COOKIES[COOKIE], error)
        return _show(request, mine, refusal=refusal(error), said=body)
    return _back(request, mine.club)


@require_safe
@club_page
def moved(request: HttpRequest, code: str) -> HttpResponse:
    """Asked every second by a phone: 204 while nothing has changed, else the phone loads itself again.

    A phone whose rater is at work is not taken away from it: it is told that the others went on.
    """
    club = get_club(code)
    phones.phone_of(code, request.COOKIES.get(COOKIE))
    if request.GET.get("seen") == club.version:
        return HttpResponse(status=204)
    if request.GET.get("busy") and club.phase != Phase.ENDED:
        return render(request, "club/_moved.html", {"club": club})
    return HttpResponseClientRefresh()
