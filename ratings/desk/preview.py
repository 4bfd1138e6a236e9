"""A study as its raters get it, without being one: nobody is a rater here, no slot is taken, nothing is stored.

The link holds a signed token that works for some days. It can not rate: whoever sends a rating with it, by page or by
call, is told so, and the researcher finds an entry on the study's page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import NoReturn

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.audit import Actor, record
from accounts.errors import NotFound, PermissionRefused, StarchamberError
from accounts.models import AuditEvent
from ratings.desk.gate import error_page, in_their_language
from ratings.desk.notes import desk_address, journey_address
from ratings.desk.preview_steps import Step, steps_of
from ratings.studies.models import Study

PREFIX = "scp_"
LIFETIME = timedelta(days=14)
#: What the audit log calls a preview that tried to rate.
REFUSED = "preview.refused"
#: One entry in so many seconds tells as much as a thousand.
GRAIN = timedelta(seconds=5)

_SALT = "starchamber.preview"


class PreviewOnly(PermissionRefused):
    """A preview link was used as a rater's."""

    code = "preview_only"


def preview_link(study: Study) -> str:
    """The absolute URL of a preview; a new one at each call."""
    token = PREFIX + signing.dumps(study.pk, salt=_SALT)
    return f"{settings.PUBLIC_URL}{reverse('desk:preview', args=[token])}"


def previewed_study(token: str) -> Study:
    """Raises NotFound for a token that is forged or too old."""
    try:
        key = signing.loads(token.removeprefix(PREFIX), salt=_SALT, max_age=LIFETIME)
    except signing.BadSignature:
        key = None
    study = Study.objects.select_related("dataset").filter(pk=key).first()
    if study is None or not token.startswith(PREFIX):
        raise NotFound("This preview is not known, or too old. Ask for a new link.", code="unknown_preview")
    return study


def refuse_preview(token: str) -> NoReturn:
    """Raises PreviewOnly, and writes down that it was tried, where the researcher sees it; NotFound if forged."""
    study = previewed_study(token)
    recent = AuditEvent.objects.filter(act=REFUSED, subject=study.name, at__gt=timezone.now() - GRAIN)
    if not recent.exists():
        record(Actor(label="preview"), REFUSED, subject=study.name)
    raise PreviewOnly(
        "This link only shows the study; nothing that is sent with it is kept. To rate, you need a rater's link.",
        details={"study": study.name},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """?step=N, from 1. POST is what a rater would do: a form of the way before and after leads on, a rating is
    refused."""
    with in_their_language(request):
        try:
            study = previewed_study(token)
            if request.method == "POST" and "stage" not in request.POST:
                refuse_preview(token)
        except StarchamberError as error:
            return error_page(request, error)
        steps = steps_of(study)
        here = _step(request.GET.get("step", ""), len(steps))
        if request.method == "POST":
            return HttpResponseRedirect(f"{request.path}?step={min(here + 1, len(steps))}", status=303)
        return _show(request, study, steps, here)


def _step(asked: str, steps: int) -> int:
    return min(max(int(asked), 1), steps) if asked.isdecimal() and len(asked) < 6 else 1


def _show(request: HttpRequest, study: Study, steps: Sequence[Step], here: int) -> HttpResponse:
    """The rater's own page with a line above it; where a rater's links lead on, so do these, the others nowhere."""
    step = steps[here - 1]
    after = here + 1 if here < len(steps) else 0
    shown = {"name": study.name, "here": here, "total": len(steps), "before": here - 1, "after": after}
    page: str = render_to_string(
        step.template, {**step.context, "preview": {**shown, "step": step.name}}, request
    )
    on = [desk_address(study.name), journey_address(study.name)]
    onward = f' href="?step={after}"' if after else ""
    page = _RATERS_LINK.sub(lambda link: onward if link[1] in on else "", page)
    return HttpResponse(page)


_RATERS_LINK = re.compile(r' href="(/rate/[^"]*)"')
