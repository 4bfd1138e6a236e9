"""The wall: what everybody in the room looks at, with the host's buttons below, in the host's language."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.audit import Actor
from accounts.errors import Conflict
from accounts.gates import require, staff_page, staff_user
from accounts.roles import Act
from ratings.club import hosting
from ratings.club.errors import WrongPhase
from ratings.club.models import Club
from ratings.club.qr import qr_svg
from ratings.club.selectors import club_link, counts_of, lettered_cards, round_of, round_tally, standing_of
from ratings.desk.error_words import said
from ratings.desk.gate import in_their_language
from ratings.desk.presenting import present
from ratings.slots.cards import assignment_view
from ratings.studies.form import RatingForm

Phase = Club.Phase


@require_safe
@never_cache
@staff_page(Act.RUN_STUDIES)
def wall(request: HttpRequest, code: str) -> HttpResponse:
    with in_their_language(request):
        return render(request, "club/wall.html", _wall(hosting.get_club(code)))


def _wall(club: Club) -> dict[str, Any]:
    link = club_link(club)
    context: dict[str, Any] = {
        "club": club,
        "counts": counts_of(club),
        "link": link,
        "qr": qr_svg(link),
        "left": club.study.triples.count() - club.rounds.count(),
    }
    round_ = round_of(club)
    if round_ is not None and club.phase != Phase.LOBBY:
        context |= _question(round_.triple.content)
    if round_ is not None and club.phase in (Phase.VOTES, Phase.REVEALED):
        found = round_tally(round_)
        context |= {"tally": found, "cards": lettered_cards(round_, found=found)}
    # Earlier rounds were revealed too, so the standing of an ended club tells nothing new.
    if club.study.results_are_visible and club.phase in (Phase.REVEALED, Phase.ENDED):
        context["standing"] = standing_of(club)
    return context


def _question(content: dict[str, Any]) -> dict[str, Any]:
    """The question as the desk presents it."""
    blank = assignment_view(
        token="0" * 32,
        order=0,
        content=content,
        lease_expires_at=timezone.now(),
        done=0,
        quota=None,
        form=RatingForm(),
    )
    shown = present(blank)
    return {name: shown[name] for name in ("question", "choices", "answer")}


@require_safe
@never_cache
@staff_page(Act.RUN_STUDIES)
def counts(request: HttpRequest, code: str) -> HttpResponse:
    """The part of the wall that moves; a wall that shows another phase loads itself again."""
    club = hosting.get_club(code)
    if request.GET.get("seen") != club.version:
        return HttpResponseClientRefresh()
    with in_their_language(request):
        return render(request, "club/_counts.html", {"club": club, "counts": counts_of(club)})


@require_POST
@staff_page(Act.RUN_STUDIES)
def act(request: HttpRequest, code: str) -> HttpResponse:
    """One of the host's buttons. Pressed twice it is done once, and says nothing about it."""
    actor, seen = Actor.of(staff_user(request)), request.POST.get("seen", "")
    try:
        match request.POST.get("act"):
            case "start":
                hosting.start_round(code, seen=seen, actor=actor)
            case "votes":
                hosting.show_votes(code, seen=seen, actor=actor)
            case "reveal":
                require(staff_user(request), Act.UNBLIND)
                hosting.reveal(code, seen=seen, actor=actor)
            case "end":
                hosting.end_club(code, actor=actor)
    except WrongPhase:
        pass  # the wall as it is now says what was done meanwhile
    except Conflict as error:
        with in_their_language(request):
            messages.warning(request, said(error))
    return HttpResponseRedirect(reverse("club:wall", args=[hosting.get_club(code).code]), status=303)
