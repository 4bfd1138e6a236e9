"""Designing a study: first the dataset, then the choices that it offers, with what they cost beside them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.audit import Actor
from accounts.errors import StarchamberError
from accounts.gates import staff_page, staff_user
from accounts.roles import Act
from ratings.console.access import HOME
from ratings.console.refusals import show_refusal
from ratings.console.study_estimate import estimate_of
from ratings.console.study_form import SOURCES_OF_A_STUDY, NewStudyForm
from ratings.console.words import EXCLUDED, Reason, explain
from ratings.library.models import FAMILY_CHOICES
from ratings.library.selectors import dataset_summaries, dataset_summary
from ratings.studies.errors import TooFewQuestions
from ratings.studies.presets import PRESETS
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
    act = request.POST.get("act", "")
    asks = request.headers.get("HX-Request") == "true" or act == "estimate" or ":" in act
    form = NewStudyForm(
        request.POST if request.method == "POST" else None,
        dataset=dataset_summary(chosen),
        sources=request.GET.get("sources", "").split(","),
        preset=PRESETS.get(request.GET.get("preset", "")),
        quiet=asks,
    )
    if ":" in act:
        return _rows(request, form, act)
    if asks:
        return _estimate(request, form)
    reasons: list[Reason] = []
    if form.is_valid():
        try:
            study = create_study(form.design(), actor=Actor.of(staff_user(request)))
        except StarchamberError as error:
            if not form.show_in_rows(error):
                show_refusal(form, error)
            if isinstance(error, TooFewQuestions):
                reasons = explain(error.details["excluded"], EXCLUDED)
        else:
            messages.success(request, f"{study.name} is drawn. Raters see nothing before it is opened.")
            return redirect("console:study", study.name)
    return _page(request, form, reasons=reasons, status=422 if form.has_errors else 200)


def _page(request: HttpRequest, form: NewStudyForm, *, status: int = 200, **extra: Any) -> HttpResponse:
    form.show_practice_texts()
    context = {
        "form": form,
        "dataset": form.dataset,
        "presets": PRESETS.values(),
        "preset": request.GET.get("preset", ""),
        "estimate": estimate_of(form),
        "trail": [HOME],
        **extra,
    }
    return render(request, "console/new_study.html", context, status=status)


def _rows(request: HttpRequest, form: NewStudyForm, act: str) -> HttpResponse:
    """The rows as a button changed them; nothing is stored, and nothing is an error yet."""
    rows = form.change_rows(act)
    if rows is None or request.headers.get("HX-Request") != "true":
        return _page(request, form)
    form.show_practice_texts()
    return render(request, "console/_rows.html", {"form": form, "rows": rows, "beside": form.beside(rows)})


def _estimate(request: HttpRequest, form: NewStudyForm) -> HttpResponse:
    """What the choices so far cost. A form that is not finished yet is no error here."""
    if request.headers.get("HX-Request") == "true":
        return render(request, "console/_estimate.html", {"estimate": estimate_of(form)})
    return _page(request, form)


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
