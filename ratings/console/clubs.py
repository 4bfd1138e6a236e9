"""A study's paper clubs, and the button that opens one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.audit import Actor
from accounts.errors import Conflict
from accounts.gates import staff_page, staff_user
from accounts.roles import Act
from ratings.club.hosting import open_club
from ratings.club.models import Club
from ratings.club.selectors import counts_of
from ratings.console.access import study_frame
from ratings.studies.selectors import get_study

_SHOWN = 50


@require_safe
@never_cache
@staff_page(Act.RUN_STUDIES)
def clubs(request: HttpRequest, name: str) -> HttpResponse:
    study = get_study(name)
    rows = [{"club": club, "counts": counts_of(club)} for club in Club.objects.filter(study=study)[:_SHOWN]]
    context = {**study_frame(request, study, here="clubs"), "clubs": rows}
    return render(request, "console/clubs.html", context)


@require_POST
@staff_page(Act.RUN_STUDIES)
def open_(request: HttpRequest, name: str) -> HttpResponse:
    """Opens a club and goes to its wall."""
    try:
        club = open_club(name, actor=Actor.of(staff_user(request)))
    except Conflict as error:
        messages.warning(request, error.message)
        return HttpResponseRedirect(reverse("console:clubs", args=[name]), status=303)
    return HttpResponseRedirect(reverse("club:wall", args=[club.code]), status=303)
