"""One generation run: how far it is, what came of it, and its samples."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.gates import staff_page
from accounts.roles import Act
from generation.console.access import model_trail, permissions
from generation.console.filters import CandidateFilterForm
from generation.runs import selectors
from problems.types import Verdict

CANDIDATES_A_PAGE = 20


@require_safe
@staff_page(Act.VIEW_MODELS)
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """The run with its live progress, counts by verdict, and the candidates that pass the filters."""
    found = selectors.get_run(pk)
    form = CandidateFilterForm(request.GET)
    chosen = form.chosen()
    page = Paginator(
        selectors.candidates(run=found, **chosen).order_by("prompt__number", "sample"), CANDIDATES_A_PAGE
    ).get_page(request.GET.get("page"))
    summary = selectors.summary_of(found)
    context = {
        "run": found,
        "job": found.job,
        "summary": summary,
        "verdicts": [
            (verdict.value, summary[verdict.value]) for verdict in Verdict if summary[verdict.value]
        ],
        "shares": selectors.shares_of(summary),
        "form": form,
        "page": page,
        "query": form.query(),
        "may": permissions(request),
        "trail": model_trail(found.model),
    }
    return render(request, "generation/run.html", context, status=200 if form.is_valid() else 422)
