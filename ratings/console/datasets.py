"""Datasets and their questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.gates import staff_page, staff_user
from accounts.roles import Act
from problems.steps import split_steps
from problems.types import Verdict
from ratings.console.access import permissions
from ratings.console.import_form import writer_words
from ratings.console.question_filter import QuestionFilterForm, verdicts_of
from ratings.library import selectors
from ratings.library.models import Question, Rationale
from ratings.library.selectors import DatasetSummary

QUESTIONS_A_PAGE = 25
RATIONALES_A_PAGE = 12
VERDICTS = [verdict.value for verdict in Verdict]
DATASETS = ("Datasets", "/datasets/")


@require_safe
@staff_page(Act.VIEW_STUDIES)
def datasets(request: HttpRequest) -> HttpResponse:
    context = {
        "datasets": selectors.dataset_summaries(),
        "may": permissions(staff_user(request)),
    }
    return render(request, "console/datasets.html", context)


@require_safe
@staff_page(Act.VIEW_STUDIES)
def dataset(request: HttpRequest, name: str) -> HttpResponse:
    """Counts, and the questions that pass the filters. Those by source are for whoever may see sources."""
    summary = selectors.dataset_summary(name)
    may = permissions(staff_user(request))
    form = QuestionFilterForm(request.GET, dataset=summary, by_source=may["view_sources"])
    found = selectors.questions(dataset=name, **form.chosen()).order_by("pk")
    found = found if form.is_valid() else found.none()
    page = Paginator(found, QUESTIONS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "dataset": summary,
        "may": may,
        "form": form,
        "page": page,
        "rows": _rows(list(page), by_source=may["view_sources"]),
        "query": form.query(),
        "verdicts": VERDICTS,
        "source_rows": _source_rows(summary) if may["view_sources"] else [],
        "trail": [DATASETS],
    }
    return render(request, "console/dataset.html", context, status=200 if form.is_valid() else 422)


def _source_rows(summary: DatasetSummary) -> list[tuple[str, str, list[int], int]]:
    """(source, who wrote it, rationales by verdict in the order of VERDICTS, all)"""
    return [
        (
            label,
            writer_words(summary.written_by[label]),
            [counts.get(verdict, 0) for verdict in VERDICTS],
            sum(counts.values()),
        )
        for label, counts in summary.sources.items()
    ]


def _rows(questions: Sequence[Question], *, by_source: bool) -> list[tuple[Question, list[tuple[str, int]]]]:
    """Each question with its rationales by verdict (none for those who may not see them). One statement."""
    counts = verdicts_of(questions) if by_source else defaultdict(list)
    return [(question, counts[question.pk]) for question in questions]


@require_safe
@staff_page(Act.VIEW_STUDIES)
def question(request: HttpRequest, name: str, external_id: str) -> HttpResponse:
    """One question: its revisions, and each rationale before and after normalising, with its steps."""
    found = selectors.get_question(name, external_id)
    may = permissions(staff_user(request))
    context = {
        "dataset": name,
        "question": found,
        "revision": found.current_revision,
        "may": may,
        "trail": [DATASETS, (name, reverse("console:dataset", args=[name]))],
    }
    if may["view_sources"]:
        rationales = selectors.rationales(dataset=name, question=external_id, live=None)
        ordered = rationales.order_by("-live", "source__label", "pk")
        page = Paginator(ordered, RATIONALES_A_PAGE).get_page(request.GET.get("page"))
        context |= {"page": page, "rationales": [_shown(rationale) for rationale in page]}
    return render(request, "console/question.html", context)


def _shown(rationale: Rationale) -> dict[str, object]:
    return {
        "of": rationale,
        "steps": split_steps(rationale.normalised),
        "unchanged": rationale.text == rationale.normalised,
    }
