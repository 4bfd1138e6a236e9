"""Designing a study: first the dataset, then the choices that it offers, with what they cost beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.audit import Actor
from accounts.errors import StarchamberError
from accounts.gates import require, staff_page, staff_user
from accounts.roles import Act
from ratings.console.access import HOME
from ratings.console.refusals import show_refusal
from ratings.console.study_estimate import estimate_of
from ratings.console.study_form import SOURCES_OF_A_STUDY, NewStudyForm
from ratings.console.words import EXCLUDED, Reason, explain
from ratings.library.models import FAMILY_CHOICES
from ratings.library.selectors import dataset_summaries, dataset_summary
from ratings.studies.drafts import design_of_draft, redraw_draft, require_draft
from ratings.studies.errors import TooFewQuestions
from ratings.studies.models import Study
from ratings.studies.presets import PRESETS
from ratings.studies.selectors import get_study
from ratings.studies.services import create_study


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Act.RUN_STUDIES)
def new_study(request: HttpRequest) -> HttpResponse:
    """Without ?dataset= the datasets to choose from; with it the form, whose POST draws a draft.

    ?sources=a,b: those of the dataset's sources that are preselected. ?preset=: a design to start from. A POST whose
    `act` is `estimate` draws nothing and answers with the estimate, one whose `act` is about rows (see
    ratings.console.rows) with these rows: as a part of the page where htmx asks.
    """
    chosen = request.GET.get("dataset")
    if not chosen:
        return _choose_dataset(request)
    preset = request.GET.get("preset", "")
    address = "?" + urlencode({"dataset": chosen, **({"preset": preset} if preset else {})})
    form = NewStudyForm(
        request.POST if request.method == "POST" else None,
        dataset=dataset_summary(chosen),
        sources=request.GET.get("sources", "").split(","),
        preset=PRESETS.get(preset),
        quiet=_asks(request),
        address=address,
    )
    actor = Actor.of(staff_user(request))
    return _answer(request, form, lambda: create_study(form.design(), actor=actor), "is drawn")


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Act.RUN_STUDIES)
def edit_draft(request: HttpRequest, name: str) -> HttpResponse:
    """The same form with a draft's own choices in it, whose POST draws it anew. Another dataset is another study."""
    require(staff_user(request), Act.VIEW_SOURCES)
    study = get_study(name)
    require_draft(study)
    form = NewStudyForm(
        request.POST if request.method == "POST" else None,
        dataset=dataset_summary(study.dataset.name),
        choices=design_of_draft(study),
        quiet=_asks(request),
        address=reverse("console:edit_draft", args=[name]),
    )
    actor = Actor.of(staff_user(request))
    trail = [HOME, (study.name, reverse("console:study", args=[study.name]))]
    return _answer(
        request,
        form,
        lambda: redraw_draft(name, form.design(), actor=actor),
        "is drawn anew",
        draft=study,
        trail=trail,
    )


def _asks(request: HttpRequest) -> bool:
    """Whether only a part of the page is asked for, of a form that may be half filled."""
    act = request.POST.get("act", "")
    return request.headers.get("HX-Request") == "true" or act == "estimate" or ":" in act


def _answer(
    request: HttpRequest, form: NewStudyForm, store: Callable[[], Study], done: str, **extra: Any
) -> HttpResponse:
    """Whatever the form's buttons say: rows, an estimate, or the draw by `store`."""
    act = request.POST.get("act", "")
    if ":" in act:
        return _rows(request, form, act, **extra)
    if _asks(request):
        return _estimate(request, form, **extra)
    reasons: list[Reason] = []
    if form.is_valid():
        try:
            study = store()
        except StarchamberError as error:
            if not form.show_in_rows(error):
                show_refusal(form, error)
            if isinstance(error, TooFewQuestions):
                reasons = explain(error.details["excluded"], EXCLUDED)
        else:
            messages.success(request, f"{study.name} {done}. Raters see nothing before it is opened.")
            return redirect("console:study", study.name)
    return _page(request, form, reasons=reasons, status=422 if form.has_errors else 200, **extra)


def _page(request: HttpRequest, form: NewStudyForm, *, status: int = 200, **extra: Any) -> HttpResponse:
    form.show_practice_texts()
    context = {
        "form": form,
        "dataset": form.dataset,
        "presets": PRESETS.values(),
        "preset": request.GET.get("preset", ""),
        "estimate": estimate_of(form),
        "trail": [HOME],
        "current": "Edit the draft" if "draft" in extra else "New study",
        **extra,
    }
    return render(request, "console/new_study.html", context, status=status)


def _rows(request: HttpRequest, form: NewStudyForm, act: str, **extra: Any) -> HttpResponse:
    """The rows as a button changed them; nothing is stored, and nothing is an error yet."""
    rows = form.change_rows(act)
    if rows is None or request.headers.get("HX-Request") != "true":
        return _page(request, form, **extra)
    form.show_practice_texts()
    return render(request, "console/_rows.html", {"form": form, "rows": rows, "beside": form.beside(rows)})


def _estimate(request: HttpRequest, form: NewStudyForm, **extra: Any) -> HttpResponse:
    """What the choices so far cost. A form that is not finished yet is no error here."""
    if request.headers.get("HX-Request") == "true":
        return render(request, "console/_estimate.html", {"estimate": estimate_of(form)})
    return _page(request, form, **extra)


def _choose_dataset(request: HttpRequest) -> HttpResponse:
    summaries = dataset_summaries()
    usable = [one for one in summaries if len(one.sources) >= SOURCES_OF_A_STUDY]
    family = request.GET.get("family", "")
    families = [(code, words) for code, words in FAMILY_CHOICES if any(one.family == code for one in usable)]
    context = {
        "datasets": [one for one in usable if family in ("", one.family)],
        "others": len(summaries) - len(usable),
        "families": families if len(families) > 1 else [],
        "family": family,
        "trail": [HOME],
    }
    return render(request, "console/choose_dataset.html", context)
