"""One generation run: how far it is, what came of it, and its samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.gates import staff_page, staff_user
from accounts.roles import Act
from generation.console.access import model_trail, permissions
from generation.console.filters import CandidateFilterForm
from generation.runs import selectors
from generation.runs.models import GenerationRun
from generation.runs.vocabulary import Unknown
from jobs.live import live_curves, live_job
from problems.types import Verdict

CANDIDATES_A_PAGE = 20


@dataclass(frozen=True, slots=True)
class Share:
    """One verdict's part of what is stored."""

    verdict: str
    count: int
    percent: float


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """The run with its live progress, counts by verdict, and the candidates that pass the filters."""
    found = selectors.get_run(pk)
    form = CandidateFilterForm(request.GET)
    rows = selectors.candidates(run=found, **form.chosen()).order_by("prompt__number", "sample")
    rows = rows if form.is_valid() else rows.none()
    context = {
        **_results(found),
        "live": live_job(found.job, staff_user(request)),
        **live_curves(found.job),
        "form": form,
        "page": Paginator(rows, CANDIDATES_A_PAGE).get_page(request.GET.get("page")),
        "query": form.query(),
        "again": _again(found),
        "here": f"Run {found.pk}",
        "may": permissions(request),
        "trail": model_trail(found.model),
    }
    return render(request, "generation/run.html", context, status=200 if form.is_valid() else 422)


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def results(request: HttpRequest, pk: int) -> HttpResponse:
    """The counts, for htmx. Of a run that has ended they do not ask again."""
    context = {**_results(selectors.get_run(pk)), "announce_end": True}
    return render(request, "generation/_results.html", context)


def _results(run: GenerationRun) -> dict[str, Any]:
    """The context of templates/generation/_results.html."""
    summary = selectors.summary_of(run)
    stored = summary["candidates"]
    return {
        "run": run,
        "is_live": run.job.is_live,
        "unknown": Unknown.from_json(run.conditions.get("unknown_characters")),
        "summary": summary,
        "percent": {
            name: None if share is None else 100 * share
            for name, share in selectors.shares_of(summary).items()
        },
        "verdicts": [
            Share(verdict.value, summary[verdict.value], 100 * summary[verdict.value] / stored)
            for verdict in Verdict
            if summary[verdict.value]
        ],
    }


def _again(run: GenerationRun) -> str:
    """The address of the form with this run's settings."""
    names = ("samples", "temperature", "top_p", "seed", "shots", "max_new_tokens", "batch_size", "split")
    chosen = {name: getattr(run, name) for name in names}
    chosen |= {"model": run.model.label, "dataset": run.dataset.name, "source": run.source.label}
    chosen |= {"hint": "on"} if run.hint else {}
    query = urlencode({name: value for name, value in chosen.items() if value not in (None, "")})
    return f"{reverse('generation:new_run')}?{query}"
