"""What the pages about models read."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Count, QuerySet
from django.urls import reverse

from generation.registry.models import LanguageModel
from generation.registry.selectors import lineage, models
from generation.runs.models import GenerationRun
from generation.runs.selectors import runs
from problems.types import Verdict
from ratings.library.models import Rationale

RUNS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class StudyStart:
    """A study that can be begun from a model's candidates. questions: those that it has a right rationale for."""

    dataset: str
    sources: list[str]
    questions: int
    href: str


def models_with_counts() -> QuerySet[LanguageModel]:
    """All models, newest first, with how many runs sampled from each."""
    return models().annotate(run_count=Count("generation_runs"))


def runs_of(model: LanguageModel) -> list[GenerationRun]:
    """The model's latest runs."""
    return list(runs().filter(model=model)[:RUNS_SHOWN])


def study_starts(model: LanguageModel) -> list[StudyStart]:
    """Datasets that the model has right candidates for, with the sources that suggest themselves: its own and its
    ancestors' there, the nearest first, up to three."""
    starts = []
    for dataset, source, questions in _right_questions(model):
        ancestors = [
            label
            for ancestor in lineage(model)
            for name, label, _ in _right_questions(ancestor)
            if name == dataset and label != source
        ]
        sources = list(dict.fromkeys([source, *ancestors]))[:3]
        query = urlencode({"dataset": dataset, "sources": ",".join(sources)})
        starts.append(StudyStart(dataset, sources, questions, f"{reverse('console:new_study')}?{query}"))
    return starts


def _right_questions(model: LanguageModel) -> list[tuple[str, str, int]]:
    """(dataset, source, questions with a live right rationale of it) of what the model's unhinted runs made."""
    filed = GenerationRun.objects.filter(model=model, hint=False)
    pairs = filed.order_by("dataset__name", "source__label").values_list(
        "dataset_id", "dataset__name", "source_id", "source__label"
    )
    found = []
    for dataset_id, dataset, source_id, source in pairs.distinct():
        right = Rationale.objects.filter(
            question__dataset_id=dataset_id,
            source_id=source_id,
            live=True,
            verdict__in=[Verdict.CORRECT, Verdict.GIVEN],
        )
        questions = right.aggregate(count=Count("question_id", distinct=True))["count"]
        if questions:
            found.append((dataset, source, questions))
    return found
