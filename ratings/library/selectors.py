"""Reading the library: datasets with their counts, questions with filters, one question with all that hangs on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Prefetch, Q, QuerySet

from ratings.library.datasets import get_dataset
from ratings.library.errors import UnknownQuestion
from ratings.library.models import Dataset, Question, QuestionRevision, Rationale

__all__ = [
    "DatasetSummary",
    "dataset_summaries",
    "dataset_summary",
    "get_dataset",
    "get_question",
    "questions",
    "rationales",
]


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """A dataset with its counts. Rationales are the live ones."""

    name: str
    family: str
    created_at: datetime
    questions: int
    splits: dict[str, int] = field(default_factory=dict)
    #: Source label -> verdict -> rationales.
    sources: dict[str, dict[str, int]] = field(default_factory=dict)
    #: Source label -> people, program, model, or "" where nobody has said (ratings.library.writers).
    written_by: dict[str, str] = field(default_factory=dict)

    @property
    def rationales(self) -> int:
        return sum(sum(verdicts.values()) for verdicts in self.sources.values())


def dataset_summaries() -> list[DatasetSummary]:
    """All datasets by name: three statements, however many there are."""
    return _summaries(Dataset.objects.order_by("name"))


def dataset_summary(name: str) -> DatasetSummary:
    """Raises UnknownDataset."""
    return _summaries([get_dataset(name)])[0]


def questions(
    *,
    dataset: str | None = None,
    split: str | None = None,
    external_id: str | None = None,
    verdict: str | None = None,
    source: str | None = None,
    search: str | None = None,
) -> QuerySet[Question]:
    """Questions that pass all filters given, each with `current_revisions` (a list of one) and its dataset.

    verdict, source: of one live rationale, which has both where both are given. search: in the id or the text.
    """
    found = Question.objects.select_related("dataset").prefetch_related(_current())
    if dataset is not None:
        found = found.filter(dataset__name=dataset)
    if split is not None:
        found = found.filter(split=split)
    if external_id is not None:
        found = found.filter(external_id=external_id)
    if verdict is not None or source is not None:
        found = found.filter(pk__in=rationales(verdict=verdict, source=source).values("question_id"))
    if search:
        in_text = Q(revisions__current=True, revisions__text__icontains=search)
        found = found.filter(in_text | Q(external_id=search)).distinct()
    return found


def get_question(dataset: str, external_id: str) -> Question:
    """One question with all its revisions, newest first, as `all_revisions`. Raises UnknownDataset, UnknownQuestion."""
    get_dataset(dataset)
    question = questions(dataset=dataset, external_id=external_id).prefetch_related(_all()).first()
    if question is None:
        raise UnknownQuestion(
            f"Dataset {dataset!r} has no question {external_id!r}.",
            details={"dataset": dataset, "question": external_id[:200]},
        )
    return question


def rationales(
    *,
    dataset: str | None = None,
    question: str | None = None,
    source: str | None = None,
    verdict: str | None = None,
    live: bool | None = True,
) -> QuerySet[Rationale]:
    """Rationales with question, dataset and source that pass all filters given. live: None for retired ones, too.

    Not for pages of raters, nor of whoever may not see sources.
    """
    found = Rationale.objects.select_related("question__dataset", "source", "revision")
    if live is not None:
        found = found.filter(live=live)
    if dataset is not None:
        found = found.filter(question__dataset__name=dataset)
    if question is not None:
        found = found.filter(question__external_id=question)
    if source is not None:
        found = found.filter(source__label=source)
    if verdict is not None:
        found = found.filter(verdict=verdict)
    return found


def _current() -> Prefetch[str, QuerySet[QuestionRevision], str]:
    return Prefetch("revisions", QuestionRevision.objects.filter(current=True), to_attr="current_revisions")


def _all() -> Prefetch[str, QuerySet[QuestionRevision], str]:
    return Prefetch("revisions", QuestionRevision.objects.order_by("-number"), to_attr="all_revisions")


def _summaries(datasets: Iterable[Dataset]) -> list[DatasetSummary]:
    datasets = list(datasets)
    keys = [dataset.pk for dataset in datasets]
    splits: dict[int, dict[str, int]] = defaultdict(dict)
    rows = Question.objects.filter(dataset_id__in=keys).values_list("dataset_id", "split")
    for key, split, count in rows.annotate(count=Count("pk")).order_by("dataset_id", "split"):
        splits[key][split] = count
    sources: dict[int, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    graded = Rationale.objects.filter(question__dataset_id__in=keys, live=True)
    writers: dict[int, dict[str, str]] = defaultdict(dict)
    columns = graded.values_list("question__dataset_id", "source__label", "source__written_by", "verdict")
    for key, label, writer, verdict, count in columns.annotate(count=Count("pk")).order_by(
        "source__label", "verdict"
    ):
        sources[key][label][verdict] = count
        writers[key][label] = writer
    return [
        DatasetSummary(
            name=dataset.name,
            family=dataset.family,
            created_at=dataset.created_at,
            questions=sum(splits[dataset.pk].values()),
            splits=splits[dataset.pk],
            sources=dict(sources[dataset.pk]),
            written_by=writers[dataset.pk],
        )
        for dataset in datasets
    ]
