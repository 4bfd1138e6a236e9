"""Evaluations: the list, the form, and one evaluation with its curves."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.audit import Actor
from accounts.errors import StarchamberError
from accounts.gates import staff_page, staff_user
from accounts.roles import Act
from jobs.live import live_job
from jobs.tasks import enqueue
from training.runs import selectors
from training.runs.against_base import evaluation_against_base
from training.runs.evaluating import launch_evaluation
from training.runs.evaluation_form import EvaluationForm
from training.runs.evaluation_showing import best_of_chart, figures_of, unknown_of, verifier_rows
from training.runs.measured_models import Evaluation
from training.runs.pages import permissions
from training.runs.refusals import show_refusal

EVALUATIONS_A_PAGE = 25
EVALUATIONS = ("Evaluations", "/evaluations/")


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def evaluations(request: HttpRequest) -> HttpResponse:
    """All evaluations, newest first."""
    page = Paginator(selectors.evaluations(), EVALUATIONS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [(one, figures_of(one.result)) for one in page],
        "may": permissions(staff_user(request)),
    }
    return render(request, "training/evaluations.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Act.RUN_JOBS)
def new_evaluation(request: HttpRequest) -> HttpResponse:
    """?model=, ?dataset= and ?verifiers= are preselected. POST launches and leads to the evaluation's page."""
    initial: dict[str, Any] = {
        name: request.GET[name] for name in ("model", "dataset") if name in request.GET
    }
    if "verifiers" in request.GET:
        initial["verifiers"] = request.GET.getlist("verifiers")
    form = EvaluationForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            made = launch_evaluation(form.spec(), actor=Actor.of(staff_user(request)))
        except StarchamberError as error:
            show_refusal(form, error)
        else:
            enqueue(made.job)
            messages.success(request, "The evaluation is launched.")
            return redirect("training:evaluation", made.pk)
    context = {"form": form, "trail": [EVALUATIONS]}
    return render(request, "training/new_evaluation.html", context, status=422 if form.errors else 200)


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def evaluation(request: HttpRequest, pk: int) -> HttpResponse:
    """How good a model is: accuracy, and what choosing among its samples adds, with intervals."""
    found = selectors.get_evaluation(pk)
    user = staff_user(request)
    context = {
        **_result(found),
        "live": live_job(found.job, user),
        "may": permissions(user),
        "trail": [EVALUATIONS],
    }
    return render(request, "training/evaluation.html", context)


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def result(request: HttpRequest, pk: int) -> HttpResponse:
    """The result, for htmx, which asks until it is there."""
    return render(request, "training/_result.html", _result(selectors.get_evaluation(pk)))


def _result(found: Evaluation) -> dict[str, Any]:
    beside = evaluation_against_base(found) if found.result else None
    return {
        "evaluation": found,
        "figures": figures_of(found.result),
        "beside": beside,
        "chart": best_of_chart(found.result, key=f"evaluation-{found.pk}"),
        "differences": verifier_rows(found.result),
        "unknown": unknown_of(found.conditions),
    }
