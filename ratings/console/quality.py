"""The quality pages: who reads and who does not, what an hour brings, one rater with all items. They name no source."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.errors import InvalidInput
from accounts.gates import staff_page
from accounts.roles import Act
from ratings.console.access import study_frame
from ratings.console.quality_acts import DecisionForm
from ratings.console.quality_charts import charts_of
from ratings.console.quality_figures import cell, context_of, row
from ratings.console.quality_items import item_rows
from ratings.quality.checks import failures_to_reject
from ratings.quality.measures import Measures
from ratings.quality.models import RefusedInput
from ratings.quality.refused import refused_in, words_of
from ratings.quality.reliability import signals
from ratings.quality.selectors import StudyQuality, decisions_of, get_rater_quality, study_quality
from ratings.slots.models import Rater
from ratings.studies.models import Study
from ratings.studies.selectors import get_study

RATERS_A_PAGE = 100
SHOWN_DECISIONS = 20
SHOWN_REFUSALS = 50


@require_safe
@never_cache
@staff_page(Act.VIEW_STUDIES)
def quality(request: HttpRequest, name: str) -> HttpResponse:
    """All raters of one kind, the least reliable first; the form to decide about some of them."""
    study = get_study(name)
    kind = read_kind(request.GET.get("raters"))
    found = study_quality(study, raters_kind=kind)
    page = Paginator(found.raters, RATERS_A_PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        **study_frame(request, study, here="quality"),
        **context_of(found),
        "charts": charts_of(found),
        "found": found,
        "kind": kind,
        "kinds": kinds_of(study),
        "page": page,
        "kind_query": f"raters={kind}",
        "rows": [row(rater, found.pay) for rater in page],
        "thresholds": thresholds_of(found),
        "failures_to_reject": failures_to_reject(found.median_session),
        "form": DecisionForm(),
        "decisions": decisions_of(study)[:SHOWN_DECISIONS],
        "refused": refused_rows(study),
    }
    return render(request, "console/quality.html", context)


@require_safe
@never_cache
@staff_page(Act.VIEW_STUDIES)
def rater_quality(request: HttpRequest, name: str, rater: str) -> HttpResponse:
    """One rater: each threshold with its numbers, every item, every decision."""
    study = get_study(name)
    around, found, person = get_rater_quality(study, rater)
    frame = study_frame(request, study, here="quality")
    context = {
        **frame,
        "trail": [*frame["trail"], ("Quality", f"/studies/{study.name}/quality/?raters={person.kind}")],
        "found": around,
        "person": person,
        "row": row(found, around.pay),
        "items": item_rows(person, around),
        "failures_to_reject": failures_to_reject(around.median_session),
        "form": DecisionForm(),
        "decisions": decisions_of(study, rater=person),
        "refused": refused_rows(study, rater=person.name),
    }
    return render(request, "console/quality_rater.html", context)


def refused_rows(study: Study, *, rater: str | None = None) -> list[tuple[RefusedInput, str]]:
    """(row, what was refused in words), the latest first."""
    return [(found, words_of(found)) for found in refused_in(study, rater=rater)[:SHOWN_REFUSALS]]


def read_kind(value: str | None) -> str:
    """Raises InvalidInput."""
    kind = value or Rater.Kind.HUMAN.value
    if kind not in Rater.Kind.values:
        expected = f"one of {', '.join(Rater.Kind.values)}"
        raise InvalidInput(
            f"raters: {kind[:100]!r} is not usable, expected {expected}.",
            details={"field": "raters", "value": kind[:100], "expected": expected},
        )
    return kind


def kinds_of(study: Study) -> list[tuple[str, str, int]]:
    """(kind, words, raters) of each kind."""
    rows = Rater.objects.filter(study=study, anonymous=False).values_list("kind")
    counts = dict(rows.annotate(count=Count("pk")).order_by())
    return [(kind.value, str(kind.label), counts.get(kind.value, 0)) for kind in Rater.Kind]


def thresholds_of(found: StudyQuality) -> list[tuple[str, str]]:
    """(signal, threshold in words): what was fixed before the study opened."""
    cells = [cell(signal) for signal in signals(Measures(), found.mix)]
    return [(one.label, one.threshold) for one in cells]
