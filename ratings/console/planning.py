"""The power planner as a page: a GET form, so that a plan has an address."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.errors import StarchamberError
from accounts.gates import staff_page
from accounts.roles import Act
from ratings.analysis.planning import Plan
from ratings.analysis.plans import PlanRequest, plan_study
from ratings.console.access import HOME
from ratings.console.refusals import show_refusal
from ratings.studies.estimate import SECONDS_PER_RATING

_PLAN = Plan()
_BESIDE = ("seconds_per_rating",)


class PlanForm(forms.Form):
    """The choices of a Plan; what is not said has its default."""

    questions = forms.IntegerField(help_text="Triples to rate.")
    ratings_per_triple = forms.IntegerField(label="Ratings per triple")
    raters = forms.IntegerField(help_text="The ratings are dealt to them evenly.")
    win_rate = forms.FloatField(
        label="Win rate to find",
        help_text="Of the better source, ties as half. 0.5: how often it cries wolf.",
    )
    ties = forms.FloatField(label="Share of ties")
    sd_question = forms.FloatField(
        label="Spread by question", help_text="Standard deviation in log odds; 0: none, 1: much."
    )
    sd_rater = forms.FloatField(label="Spread by rater", help_text="The same for tastes of raters.")
    alpha = forms.FloatField(label="Significance level")
    simulations = forms.IntegerField(label="Simulated studies", max_value=2_000)
    seconds_per_rating = forms.FloatField(label="Seconds for one rating")
    currency = forms.CharField(max_length=3, required=False, help_text="Such as GBP.")
    pay_per_rater = forms.CharField(label="Pay for a session", max_length=20, required=False)

    def field_about(self, name: str) -> str:
        return {"per_rater": "pay_per_rater"}.get(name, name)

    def request(self) -> PlanRequest:
        said = dict(self.cleaned_data)
        pay = {"currency": said.pop("currency"), "per_rater": said.pop("pay_per_rater") or None}
        beside = {name: said.pop(name) for name in _BESIDE}
        return PlanRequest(
            plan=Plan(**said, seed=0), pay=pay if pay["per_rater"] else {}, curve=True, **beside
        )


@require_safe
@staff_page(Act.RUN_STUDIES)
def plan(request: HttpRequest) -> HttpResponse:
    """The form with its answer; the query says the plan."""
    usual = {name: value for name, value in asdict(_PLAN).items() if name in PlanForm.base_fields}
    said = {name: request.GET[name] for name in PlanForm.base_fields if name in request.GET}
    form = PlanForm({**usual, "seconds_per_rating": SECONDS_PER_RATING, **said})
    answer: dict[str, Any] | None = None
    if form.is_valid():
        try:
            answer = plan_study(form.request())
            power = answer["power"]
            answer["between"] = (math.floor(100 * power["low"]), math.ceil(100 * power["high"]))
        except StarchamberError as error:
            show_refusal(form, error)
    context = {"form": form, "answer": answer, "trail": [HOME]}
    return render(request, "console/plan.html", context, status=422 if form.errors else 200)
