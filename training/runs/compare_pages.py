"""The page on which runs are compared: chosen by labels in its address, so that it can be sent to others."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.errors import StarchamberError
from accounts.gates import staff_page
from accounts.roles import Act
from training.runs.compare_showing import accuracy_chart, difference_rows, recipe_rows, run_rows
from training.runs.comparing import FEWEST, MOST, Comparison, comparable, compare
from training.runs.errors import UnknownRun
from training.runs.models import TrainingRun
from training.runs.pages import RUNS


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def compare_runs(request: HttpRequest) -> HttpResponse:
    """?run=LABEL&run=LABEL…: two to six runs of one dataset. With one label: what may stand beside it; 404 for none."""
    labels = [label[:100] for label in request.GET.getlist("run") if label]
    context: dict[str, Any] = {
        "trail": [RUNS],
        "labels": labels,
        "choices": _choices(labels),
        "fewest": FEWEST,
        "most": MOST,
    }
    status = 200
    if len(labels) > 1:
        try:
            context |= _shown(compare(labels))
        except StarchamberError as error:
            said = error.message.removeprefix("run: ")
            context["refusal"] = said[:1].upper() + said[1:]
            status = int(error.status)
    elif labels and not context["choices"]:
        context["refusal"] = f"There is no run {labels[0]!r}."
        status = int(UnknownRun.status)
    return render(request, "training/compare.html", context, status=status)


def _choices(labels: list[str]) -> list[TrainingRun]:
    """The runs of the first label's dataset; nothing for a label that nobody has."""
    first = (
        TrainingRun.objects.filter(label__in=labels[:1], holds_label=True).select_related("dataset").first()
    )
    return comparable(first.dataset.name) if first is not None else []


def _shown(found: Comparison) -> dict[str, Any]:
    return {
        "found": found,
        "rows": run_rows(found),
        "chart": accuracy_chart(found, key="compared-accuracy"),
        "differences": difference_rows(found),
        "recipe": recipe_rows(found),
    }
