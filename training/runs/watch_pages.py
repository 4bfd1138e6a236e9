"""The parts of a run's page that are watched: its stages, its charts, and what it took beside what was thought."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.gates import staff_page
from accounts.roles import Act
from jobs.charts import charts_of
from jobs.metrics import curves_of
from training.runs import selectors
from training.runs.blinding import counts_are_hidden
from training.runs.iteration_charts import accuracy_chart, counts_chart, drawn_series
from training.runs.models import TrainingRun
from training.runs.spending import cost_rows
from training.runs.strip import strip_of


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def strip(request: HttpRequest, pk: int) -> HttpResponse:
    """The stages of the present iteration, for htmx. Of a run that has ended it does not ask again."""
    return render(request, "training/_strip.html", strip_part(selectors.get_run(pk)))


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def charts(request: HttpRequest, pk: int) -> HttpResponse:
    """Accuracy and counts by iteration, and the curves of the job, for htmx."""
    return render(request, "training/_charts.html", charts_part(selectors.get_run(pk)))


def strip_part(run: TrainingRun) -> dict[str, Any]:
    return {"run": run, "strip": strip_of(run)}


def charts_part(run: TrainingRun) -> dict[str, Any]:
    iterations = [] if counts_are_hidden(run) else selectors.iterations(run)
    own = [
        accuracy_chart(iterations, key=f"run-{run.pk}-accuracy"),
        counts_chart(iterations, key=f"run-{run.pk}-counts"),
    ]
    shown = drawn_series(own)
    series = [one for one in curves_of(run.job_id) if one.name.partition("/")[0] not in shown]
    return {
        "run": run,
        "iteration_charts": [chart for chart in own if chart],
        "costs": [] if counts_are_hidden(run) or run.job.is_live else cost_rows(run),
        "curves": charts_of(series, prefix=f"job-{run.job_id}"),
    }
