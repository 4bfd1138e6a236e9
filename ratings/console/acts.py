"""What can be done to a study: open, pause, close, un-blind, hand parked slots out again. POST, then back to it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.audit import Actor
from accounts.errors import Conflict, InvalidInput
from accounts.gates import staff_page, staff_user
from accounts.roles import Act
from ratings.console.services import reopen_parked_slots
from ratings.slots.opening import open_study
from ratings.slots.overlap import raise_overlap
from ratings.studies.drafts import delete_draft
from ratings.studies.errors import LintBlocks
from ratings.studies.freezing import note_deviation
from ratings.studies.selectors import get_study
from ratings.studies.services import close_study, pause_study, unblind_study
from ratings.studies.thresholds import THRESHOLDS, change_thresholds


def _do(
    request: HttpRequest, name: str, act: Callable[[Actor], str], *, then: str = "console:study"
) -> HttpResponse:
    """Does it and tells what became of it on the page `then`, also where it was done already."""
    get_study(name)
    try:
        messages.success(request, act(Actor.of(staff_user(request))))
    except LintBlocks:
        messages.error(
            request,
            "The lint report blocks this study. Opening it all the same needs a reason, which is kept.",
        )
    except (Conflict, InvalidInput) as error:
        messages.warning(request, error.message)
    return HttpResponseRedirect(reverse(then, args=[name]), status=303)


@require_POST
@staff_page(Act.RUN_STUDIES)
def open_(request: HttpRequest, name: str) -> HttpResponse:
    """Opens a draft or resumes a paused study."""

    def act(actor: Actor) -> str:
        open_study(name, actor=actor, override=request.POST.get("override", ""))
        return f"{name} is open: whoever has a link can rate."

    return _do(request, name, act)


@require_POST
@staff_page(Act.RUN_STUDIES)
def pause(request: HttpRequest, name: str) -> HttpResponse:
    def act(actor: Actor) -> str:
        pause_study(name, actor=actor)
        return f"{name} is paused: nobody gets a new triple; those on screens may still be rated."

    return _do(request, name, act)


@require_POST
@staff_page(Act.RUN_STUDIES)
def raise_overlap_(request: HttpRequest, name: str) -> HttpResponse:
    """Plans more ratings of each triple."""

    def act(actor: Actor) -> str:
        said = request.POST.get("to", "").strip()
        if not said.isdecimal() or len(said) > 9:
            raise InvalidInput(f"to: {said[:20]!r} is not usable, expected a whole number.")
        study, made = raise_overlap(name, to=int(said), reason=request.POST.get("reason", ""), actor=actor)
        return f"{name} now plans {study.ratings_per_triple} ratings of each triple: {made:,} more slots."

    return _do(request, name, act)


@require_POST
@staff_page(Act.RUN_STUDIES)
def thresholds(request: HttpRequest, name: str) -> HttpResponse:
    """Changes thresholds of quality control; fields that are empty stay as they are."""

    def act(actor: Actor) -> str:
        said = {key: request.POST[key].strip() for key in THRESHOLDS if request.POST.get(key, "").strip()}
        change_thresholds(name, to=_numbers(said), reason=request.POST.get("reason", ""), actor=actor)
        return f"The thresholds of {name} stand as you said."

    return _do(request, name, act)


@require_POST
@staff_page(Act.RUN_STUDIES)
def deviate(request: HttpRequest, name: str) -> HttpResponse:
    """Writes a deviation down by hand."""

    def act(actor: Actor) -> str:
        note_deviation(name, reason=request.POST.get("reason", ""), actor=actor)
        return "It stands with the protocol now."

    return _do(request, name, act)


def _numbers(said: dict[str, str]) -> dict[str, int | float | str]:
    """Texts as the numbers that they are; what is none is refused by whoever takes it."""
    found: dict[str, int | float | str] = {}
    for key, text in said.items():
        try:
            found[key] = int(text) if text.isdecimal() else float(text)
        except ValueError:
            found[key] = text
    return found


@require_POST
@staff_page(Act.RUN_STUDIES)
def close(request: HttpRequest, name: str) -> HttpResponse:
    def act(actor: Actor) -> str:
        close_study(name, actor=actor)
        return f"{name} is closed. Its results are visible now."

    return _do(request, name, act)


@require_POST
@staff_page(Act.UNBLIND)
def unblind(request: HttpRequest, name: str) -> HttpResponse:
    def act(actor: Actor) -> str:
        unblind_study(name, reason=request.POST.get("reason", ""), actor=actor)
        return f"{name} is un-blinded: its results are visible from now on."

    return _do(request, name, act, then="console:results")


@require_POST
@staff_page(Act.RUN_STUDIES)
def unpark(request: HttpRequest, name: str) -> HttpResponse:
    def act(actor: Actor) -> str:
        reopened = reopen_parked_slots(name, actor=actor)
        return f"{reopened} parked slot{'s are' if reopened != 1 else ' is'} handed out again."

    return _do(request, name, act)


@require_POST
@staff_page(Act.RUN_STUDIES)
def delete(request: HttpRequest, name: str) -> HttpResponse:
    """Throws a draft away; what is none, or is relied on, says so on its page."""
    get_study(name)
    try:
        delete_draft(name, actor=Actor.of(staff_user(request)))
    except Conflict as error:
        messages.warning(request, error.message)
        return HttpResponseRedirect(reverse("console:study", args=[name]), status=303)
    messages.success(request, f"The draft {name} is thrown away.")
    return HttpResponseRedirect(reverse("console:home"), status=303)
