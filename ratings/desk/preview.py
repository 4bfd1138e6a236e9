"""A study as its raters get it, without being one: nobody is a rater here, no slot is taken, nothing is stored.

The link holds a signed token that works for some days. It can not rate: whoever sends a rating with it, by page or by
call, is told so, and the researcher finds an entry on the study's page.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, NoReturn

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.audit import Actor, record
from accounts.errors import NotFound, PermissionRefused, StarchamberError
from accounts.models import AuditEvent
from ratings.desk.gate import error_page
from ratings.desk.instructions import render_instructions
from ratings.desk.presenting import present
from ratings.slots.cards import assignment_view
from ratings.slots.practice import practice_content, told_about
from ratings.studies.draw import keyed_hash
from ratings.studies.form import read_form
from ratings.studies.instructions import render_prose
from ratings.studies.journey import Journey, read_journey
from ratings.studies.models import Study

PREFIX = "scp_"
LIFETIME = timedelta(days=14)
#: How many of the study's triples a preview shows.
TRIPLES = 3
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


@dataclass(frozen=True, slots=True)
class Step:
    """One page of a preview: its name for people, the template's name, and what it shows."""

    name: str
    template: str
    context: dict[str, Any]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """?step=N, from 1. POST is what a rater would do."""
    try:
        if request.method == "POST":
            refuse_preview(token)
        study = previewed_study(token)
    except StarchamberError as error:
        return error_page(request, error)
    steps = steps_of(study)
    asked = request.GET.get("step", "")
    number = min(max(int(asked), 1), len(steps)) if asked.isdecimal() and len(asked) < 6 else 1
    step = steps[number - 1]
    context = {
        "study": study,
        "session": SimpleNamespace(study_name=study.name, consent="", instructions=study.instructions),
        "here": number,
        "total": len(steps),
        "step_title": step.name,
        "before": number - 1,
        "after": number + 1 if number < len(steps) else 0,
        "action": request.path,
        **step.context,
    }
    return render(request, step.template, context)


def steps_of(study: Study) -> list[Step]:
    """The rater's way through the study: what stands before, a few triples, what stands after."""
    journey = read_journey(study.journey)
    return [*_before(study, journey), *_triples(study), *_after(journey)]


def _before(study: Study, journey: Journey) -> list[Step]:
    steps = []
    if journey.consent:
        steps.append(_text("Consent", render_prose(journey.consent)))
    if journey.instructions:
        steps.append(_text("Instructions", render_instructions(study.instructions)))
    for item in journey.practice.items:
        if item.question:
            told = told_about(item)
            card = _judging(study, practice_content(item), order=0, done=0)
            steps.append(Step("Practice", "desk/preview.html", {**card, "feedback": told["feedback"]}))
    if journey.comprehension.questions:
        asked = [
            {"question": one.question, "choices": one.choices, "right": one.choices[one.right]}
            for one in journey.comprehension.questions
        ]
        steps.append(Step("Comprehension check", "desk/preview_text.html", {"asked": asked}))
    return steps


def _triples(study: Study) -> list[Step]:
    """In orders that are drawn anew for each look, as a rater's are dealt: a position tells nothing."""
    steps = []
    for done, triple in enumerate(study.triples.order_by("number")[:TRIPLES]):
        order = keyed_hash(secrets.randbelow(2**31), "preview", str(triple.number)) % 6
        card = _judging(study, triple.content, order=order, done=done)
        shown = {"instructions": render_instructions(study.instructions)} if done == 0 else {}
        steps.append(Step("Rating", "desk/preview.html", {**card, **shown}))
    return steps


def _after(journey: Journey) -> list[Step]:
    steps = []
    if journey.debrief.is_asked:
        asked: list[dict[str, Any]] = [
            {"question": one.question, "choices": one.choices} for one in journey.debrief.questions
        ]
        if journey.debrief.guess:
            asked.insert(0, {"question": "Which of the last rationales did a person write?", "choices": ()})
        if journey.debrief.comment:
            asked.append({"question": "Is there anything you want to tell us?", "choices": ()})
        steps.append(Step("Debrief", "desk/preview_text.html", {"asked": asked}))
    if journey.completion.codes:
        steps.append(Step("Completion", "desk/preview_text.html", {"codes": journey.completion.codes}))
    return steps


def _text(name: str, html: str) -> Step:
    return Step(name, "desk/preview_text.html", {"html": html})


def _judging(study: Study, content: dict[str, Any], *, order: int, done: int) -> dict[str, Any]:
    """The card form's own context, for an assignment that nobody holds."""
    view = assignment_view(
        token=secrets.token_hex(16),
        order=order,
        content=content,
        lease_expires_at=timezone.now(),
        done=done,
        quota=study.per_rater,
        form=read_form(study.form),
    )
    return {**present(view), "view": view}
