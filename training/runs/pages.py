"""The pages of runs: the list, one run as it goes, its examples and its preference pairs."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.gates import staff_page, staff_user
from accounts.models import User
from accounts.naming import unusable
from accounts.roles import Act
from jobs.live import live_job
from training.runs import selectors
from training.runs.against_base import against_base
from training.runs.blinding import blind_studies, counts_are_hidden, require_visible_votes, told
from training.runs.cautions import cautions_of
from training.runs.conditions import shown
from training.runs.drawn import drawn_from
from training.runs.example_filter import ExampleFilterForm, PairFilterForm
from training.runs.missing import examples_missing, missing_words
from training.runs.models import Algorithm, TrainingRun
from training.runs.showing import (
    base_figures,
    fate_rows,
    groups_table,
    iteration_rows,
    recipe_groups,
    result_figures,
    side_by_side,
)
from training.runs.watch_pages import charts_part, strip_part

RUNS_A_PAGE = 25
EXAMPLES_A_PAGE = 10
RUNS = ("Runs", "/runs/")


def permissions(user: User) -> dict[str, bool]:
    """For templates: `may.run_jobs` and so on."""
    return {act.value: user.may(act) for act in Act}


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def runs(request: HttpRequest) -> HttpResponse:
    """All training runs, newest first."""
    found = selectors.runs().prefetch_related("checkpoints__model")
    algorithm, unknown = request.GET.get("algorithm", ""), ""
    if algorithm in Algorithm.values:
        found = found.filter(algorithm=algorithm)
    elif algorithm:
        unknown = unusable(algorithm, f"one of {', '.join(map(repr, Algorithm.values))}")
        found = found.none()
    context = {
        "page": Paginator(found, RUNS_A_PAGE).get_page(request.GET.get("page")),
        "algorithms": Algorithm.choices,
        "algorithm": algorithm,
        "unknown": unknown,
        "may": permissions(staff_user(request)),
    }
    return render(request, "training/runs.html", context, status=422 if unknown else 200)


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One run: how far it is, its curves, its iterations with what they kept and answered, and what it was told."""
    found = selectors.get_run(pk)
    user = staff_user(request)
    context = {
        **_moving(found),
        "live": live_job(found.job, user),
        **strip_part(found),
        **charts_part(found),
        "recipe": recipe_groups(found),
        "drawn": drawn_from(found),
        "studies": found.studies.order_by("name"),
        "may": permissions(user),
        "trail": [RUNS],
    }
    return render(request, "training/run.html", context)


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def moving(request: HttpRequest, pk: int) -> HttpResponse:
    """What changes with each iteration, for htmx. Of a run that has ended it does not ask again."""
    return render(request, "training/_moving.html", _moving(selectors.get_run(pk)))


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def beside(request: HttpRequest, pk: int) -> HttpResponse:
    """What each iteration's model answers to the same few questions, for htmx."""
    return render(request, "training/_beside.html", _moving(selectors.get_run(pk)))


def _moving(found: TrainingRun) -> dict[str, Any]:
    iterations = selectors.iterations(found)
    hidden = counts_are_hidden(found)
    for one in iterations:
        one.counts = told(found, one.counts)
        one.steps = 0 if hidden else one.steps
    rows, beside = iteration_rows(iterations), against_base(found)
    return {
        "run": found,
        "iterations": rows,
        "groups": groups_table(rows),
        "explanation": found.metrics.get("explanation", ""),
        "samples": side_by_side(iterations),
        "fates": [] if hidden else fate_rows(selectors.fates(found)),
        "figures": [*result_figures(told(found, found.metrics)), *base_figures(beside)],
        "blind": blind_studies(found),
        "cautions": cautions_of(found, beside),
        "conditions": shown(found),
        "checkpoints": selectors.checkpoints(found).order_by("id"),
        "pair_count": found.pairs.count(),
    }


@require_safe
@staff_page(Act.VIEW_MODELS)
def examples(request: HttpRequest, pk: int) -> HttpResponse:
    """Every rationale that the run considered, with the prompt as it was sent and what became of it."""
    found = selectors.get_run(pk)
    require_visible_votes(found)
    form = ExampleFilterForm(request.GET, run=found)
    listed = selectors.examples(found, **form.chosen()) if form.is_valid() else found.examples.none()
    learned_in = form.chosen().get("learned_in")
    missing = examples_missing(found).get(learned_in, 0) if learned_in else 0
    context = {
        "run": found,
        "form": form,
        "missing": missing_words(missing) if missing else "",
        "page": Paginator(listed, EXAMPLES_A_PAGE).get_page(request.GET.get("page")),
        "query": form.query(),
        "trail": [RUNS, (found.label, f"/runs/{found.pk}/")],
    }
    return render(request, "training/examples.html", context, status=200 if form.is_valid() else 422)


@require_safe
@staff_page(Act.VIEW_MODELS)
def pairs(request: HttpRequest, pk: int) -> HttpResponse:
    """The preference pairs of the run, with the votes or samples behind them."""
    found = selectors.get_run(pk)
    require_visible_votes(found)
    form = PairFilterForm(request.GET)
    listed = selectors.pairs(found, **form.chosen()) if form.is_valid() else found.pairs.none()
    context = {
        "run": found,
        "form": form,
        "page": Paginator(listed, EXAMPLES_A_PAGE).get_page(request.GET.get("page")),
        "query": form.query(),
        "trail": [RUNS, (found.label, f"/runs/{found.pk}/")],
    }
    return render(request, "training/pairs.html", context, status=200 if form.is_valid() else 422)
