"""A study's raters: their links, shown once, and how far each has come."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.audit import Actor
from accounts.errors import StarchamberError
from accounts.gates import staff_page, staff_user
from accounts.roles import Act
from ratings.console.access import study_frame
from ratings.console.refusals import show_refusal
from ratings.console.selectors import get_rater, raters_of
from ratings.crowd.raters import NewRater, create_raters, new_link, require_raters_can_come, revoke_tokens
from ratings.studies.models import Study
from ratings.studies.pools import read_pools
from ratings.studies.selectors import get_study

RATERS_A_PAGE = 50
#: More at once are made by call or command: a page of links is for people to copy.
MAX_BY_FORM = 500


class NewRatersForm(forms.Form):
    """One rater, or a numbered row of them."""

    name = forms.SlugField(
        max_length=90, help_text="A pseudonym. With a number, rater becomes rater-1, rater-2 and so on."
    )
    count = forms.IntegerField(
        label="How many", min_value=1, max_value=MAX_BY_FORM, required=False, help_text="Empty: just one."
    )
    pool = forms.ChoiceField(required=False, help_text="Its quota and places hold for them.")

    def __init__(self, data: Any = None, *, study: Study) -> None:
        super().__init__(data)
        names = [pool.name for pool in read_pools(study.pools)]
        if not names:
            del self.fields["pool"]
            return
        offered = self.fields["pool"]
        assert isinstance(offered, forms.ChoiceField)
        offered.choices = [("", "None"), *((name, name) for name in names)]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@staff_page(Act.RUN_STUDIES)
def raters(request: HttpRequest, name: str) -> HttpResponse:
    """Everybody, and the form for more. New links are in this one answer and nowhere else."""
    study = get_study(name)
    form = NewRatersForm(request.POST if request.method == "POST" else None, study=study)
    new: list[NewRater] = []
    if form.is_valid():
        require_raters_can_come(name)  # the page of a closed study has no form to say it beside
        try:
            new = create_raters(name, **form.cleaned_data, actor=Actor.of(staff_user(request)))
            form = NewRatersForm(study=study)
        except StarchamberError as error:
            show_refusal(form, error)
    return _page(request, study, form, new)


@require_POST
@never_cache
@staff_page(Act.RUN_STUDIES)
def rater_link(request: HttpRequest, name: str, rater: str) -> HttpResponse:
    """Another link for somebody who lost the first; it is in this one answer and nowhere else."""
    study = get_study(name)
    found = get_rater(study, rater)
    require_raters_can_come(name)
    return _page(
        request,
        study,
        NewRatersForm(study=study),
        [new_link(study.name, found.name, actor=Actor.of(staff_user(request)))],
    )


@require_POST
@staff_page(Act.RUN_STUDIES)
def revoke_rater(request: HttpRequest, name: str, rater: str) -> HttpResponse:
    """Ends every link and session of a rater; what was rated stays."""
    study = get_study(name)
    found = get_rater(study, rater)
    revoke_tokens(study.name, found.name, actor=Actor.of(staff_user(request)))
    messages.success(request, f"No link of {found.name} works any more. Their ratings stay.")
    return redirect("console:raters", study.name)


def _page(request: HttpRequest, study: Study, form: forms.Form, new: list[NewRater]) -> HttpResponse:
    context: dict[str, Any] = {
        **study_frame(request, study, here="raters"),
        "page": Paginator(raters_of(study), RATERS_A_PAGE).get_page(request.GET.get("page")),
        "form": form,
        "new": new,
        "quota": study.per_rater,
    }
    return render(request, "console/raters.html", context, status=422 if form.errors else 200)
