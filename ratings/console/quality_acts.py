"""Deciding about raters from the quality pages: a preview of what would change, then the act itself."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.audit import Actor
from accounts.errors import StarchamberError
from accounts.gates import staff_page, staff_user
from accounts.roles import Act
from ratings.console.access import study_frame
from ratings.console.refusals import show_refusal
from ratings.console.services import end_for_failed_checks
from ratings.quality.checks import failures_to_reject
from ratings.quality.decisions import (
    MAX_REASON_CHARACTERS,
    MIN_REJECTION_CHARACTERS,
    Change,
    checked_reason,
    decide,
    preview_decision,
    stamp_of,
)
from ratings.quality.selectors import get_rater_quality, study_quality
from ratings.studies.models import Study
from ratings.studies.selectors import get_study

ACTS = {
    "analysis:excluded": "Exclude from the analysis",
    "analysis:included": "Include in the analysis again",
    "payment:approved": "Approve payment",
    "payment:rejected": "Withhold payment",
    "payment:undecided": "Leave payment undecided again",
}
WORDS = {
    "analysis:excluded": "excluded from the analysis",
    "analysis:included": "included in the analysis",
    "payment:approved": "approved for payment",
    "payment:rejected": "marked as not paid",
    "payment:undecided": "undecided about payment",
}


class DecisionForm(forms.Form):
    """What to decide, and why."""

    act = forms.ChoiceField(label="Decision", choices=list(ACTS.items()))
    reason = forms.CharField(
        required=False,
        max_length=MAX_REASON_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=(
            "Kept with the decision; only including and approving need none. To withhold payment, tell the rater why "
            f"in at least {MIN_REJECTION_CHARACTERS} characters."
        ),
    )


@require_POST
@never_cache
@staff_page(Act.RUN_STUDIES)
def decide_quality(request: HttpRequest, name: str) -> HttpResponse:
    """Without `seen`: what the decision would change. With it: the decision, unless somebody decided meanwhile."""
    study = get_study(name)
    form = DecisionForm(request.POST)
    names = request.POST.getlist("rater")
    if not form.is_valid():
        return _page(request, study, form, names)
    matter, _, verdict = form.cleaned_data["act"].partition(":")
    reason = form.cleaned_data["reason"]
    seen = request.POST.get("seen")
    try:
        if seen:
            made = decide(
                name,
                names,
                matter=matter,
                verdict=verdict,
                reason=reason,
                actor=Actor.of(staff_user(request)),
                seen=seen,
            )
            return _done(request, study, len(made), form.cleaned_data["act"])
        checked_reason(verdict, reason)
    except StarchamberError as error:
        show_refusal(form, error)
    return _page(request, study, form, names)


@require_POST
@staff_page(Act.RUN_STUDIES)
def end_session(request: HttpRequest, name: str, rater: str) -> HttpResponse:
    """Ends the session of a rater who failed as many checks as panels ask for, with the panel's code for that.

    Pay and analysis are decided apart: this only tells the panel why the session is over.
    """
    study = get_study(name)
    _, found, person = get_rater_quality(study, rater)
    if not found.may_reject:
        messages.warning(request, f"{person.name} failed too few instruction checks for that.")
    elif not end_for_failed_checks(study, person, actor=Actor.of(staff_user(request))):
        messages.warning(request, f"{person.name} is not rating any more.")
    else:
        messages.success(request, f"The session of {person.name} is over. What was rated stays.")
    return HttpResponseRedirect(reverse("console:rater_quality", args=[study.name, person.name]), status=303)


def _done(request: HttpRequest, study: Study, count: int, act: str) -> HttpResponse:
    messages.success(request, f"{count} rater{'s' if count != 1 else ''} {WORDS[act]}.")
    back = reverse("console:quality", args=[study.name])
    kind = request.POST.get("raters", "")
    return HttpResponseRedirect(f"{back}?{urlencode({'raters': kind})}" if kind else back, status=303)


def _grounds(study: Study, changes: list[Change]) -> dict[str, Any]:
    """Which of these raters failed too few instruction checks for pay to be withheld: nothing else is a ground."""
    kinds = {change.rater.kind for change in changes}
    found = [study_quality(study, raters_kind=kind) for kind in kinds]
    grounds = {rater.name for one in found for rater in one.raters if rater.may_reject}
    return {
        "withholds": True,
        "without_grounds": [change.rater.name for change in changes if change.rater.name not in grounds],
        "failures_to_reject": max((failures_to_reject(one.median_session) for one in found), default=2),
    }


def _page(request: HttpRequest, study: Study, form: DecisionForm, names: list[str]) -> HttpResponse:
    """The preview; 422 where something is wrong with the decision, which can be put right there."""
    act = form["act"].value()
    context: dict[str, Any] = {
        **study_frame(request, study, here="quality"),
        "form": form,
        "names": names,
        "kind": request.POST.get("raters", ""),
        "act": act,
        "act_words": ACTS.get(act, ""),
        "changes": [],
    }
    if act in ACTS:
        matter, _, verdict = act.partition(":")
        try:
            changes = preview_decision(study.name, names, matter=matter, verdict=verdict)
        except StarchamberError as error:
            if not form.errors:
                show_refusal(form, error)
        else:
            changing = [change for change in changes if change.changes]
            context |= {
                "changes": changes,
                "changing": len(changing),
                "ratings": sum(change.ratings for change in changing),
                "seen": stamp_of(
                    [(change.rater.name, change.old) for change in changes], matter=matter, verdict=verdict
                ),
                "matter": matter,
            }
            if verdict == "rejected":
                context |= _grounds(study, changes)
    return render(request, "console/quality_decide.html", context, status=422 if form.errors else 200)
