"""One study: how it was drawn, how far it is, and its lint report."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.gates import staff_page
from accounts.roles import Act
from ratings.console.access import study_frame
from ratings.console.findings import MAX_INLINE_TRIPLES, report_on
from ratings.console.journeys import present_journey
from ratings.console.protocols import present_protocol, refused_previews, thresholds_of
from ratings.console.selectors import watch_study
from ratings.console.words import EXCLUDED, explain
from ratings.desk.preview import preview_link
from ratings.studies.models import Study
from ratings.studies.selectors import get_study, source_labels

#: While a study can still be opened (a paused one: again), its lint report stands on its page.
_OPENABLE = (Study.State.DRAFT, Study.State.PAUSED)


@require_safe
@never_cache
@staff_page(Act.VIEW_STUDIES)
def study(request: HttpRequest, name: str) -> HttpResponse:
    """How a study was drawn, how far it is, and what can be done with it."""
    found = get_study(name)
    triples = found.triples.count()
    context = {
        **study_frame(request, found, here="overview"),
        **_watched(found),
        "triples": triples,
        "reasons": explain(found.excluded, EXCLUDED),
        "journey": present_journey(found),
        "share": f"{100 * found.eligible / found.considered:.1f}%" if found.considered else None,
    }
    context |= present_protocol(found, names_sources=context["sources_are_visible"])
    context["thresholds"] = thresholds_of(found)
    if context["may"]["run_studies"]:
        context |= {"preview": preview_link(found), "refused_previews": refused_previews(found)}
    if context["sources_are_visible"]:
        context["sources"] = source_labels(found)
    if found.state in _OPENABLE and triples <= MAX_INLINE_TRIPLES:
        context["lint"] = report_on(found, names_sources=context["sources_are_visible"])
    return render(request, "console/study.html", context)


@require_safe
@never_cache
@staff_page(Act.VIEW_STUDIES)
def progress(request: HttpRequest, name: str) -> HttpResponse:
    """The part of a study's page that is fetched again while raters rate.

    `seen` is the state that the page around it shows; once it is another, the whole page is stale.
    """
    found = get_study(name)
    if request.GET.get("seen", found.state) != found.state:
        return HttpResponseClientRefresh()
    context = {**study_frame(request, found, here="overview"), **_watched(found)}
    return render(request, "console/_progress.html", context)


def _watched(found: Study) -> dict[str, Any]:
    return {"watched": watch_study(found), "live": found.state in (Study.State.OPEN, Study.State.PAUSED)}


@require_safe
@staff_page(Act.VIEW_STUDIES)
def lint(request: HttpRequest, name: str) -> HttpResponse:
    """The lint report as a page of its own, for studies of any size and state."""
    found = get_study(name)
    context = study_frame(request, found, here="overview")
    context["lint"] = report_on(found, names_sources=context["sources_are_visible"])
    return render(request, "console/lint.html", context)
