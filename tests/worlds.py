"""Small worlds for tests: datasets, studies, raters, made through the product's own models and services."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from accounts.audit import COMMAND
from ratings.crowd.raters import NewRater, create_raters
from ratings.library.models import Dataset, Question, QuestionRevision, Rationale, Source
from ratings.slots.opening import open_study
from ratings.studies.design import StudyDesign
from ratings.studies.models import Study
from ratings.studies.services import create_study

SOURCES = ("alpha", "beta", "gamma")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def text_of(source_index: int, number: int) -> str:
    """A rationale of its own for each source and question; no source name in it."""
    styles = (
        f"First take {number} and add two.\nThat makes {number + 2}.",
        f"{number} + 2 = {number + 2}, as one sees at once.",
        f"It has to be {number + 2} because {number + 2} is two more than {number}.",
    )
    return styles[source_index]


def make_dataset(
    name: str = "sums", *, questions: int = 12, sources: Sequence[str] = SOURCES, start: int = 0
) -> Dataset:
    """`questions` questions with one right rationale of each source, bulk-created."""
    dataset, _ = Dataset.objects.get_or_create(name=name, defaults={"family": "gsm8k"})
    stored = [
        Source.objects.get_or_create(label=label, defaults={"written_by": "people"})[0] for label in sources
    ]
    made = Question.objects.bulk_create(
        Question(dataset=dataset, external_id=f"q{number:06d}") for number in range(start, start + questions)
    )
    revisions = QuestionRevision.objects.bulk_create(
        QuestionRevision(
            question=question,
            text=f"What is {number} plus two?",
            answer=str(number + 2),
            content_digest=digest(f"{number}"),
        )
        for number, question in enumerate(made, start=start)
    )
    Rationale.objects.bulk_create(
        [
            Rationale(
                question=question,
                revision=revision,
                source=source,
                text=f"{text_of(index, number)}\n#### {number + 2}",
                normalised=text_of(index, number),
                normaliser_version=1,
                text_digest=digest(text_of(index, number)),
                answer=str(number + 2),
                verdict="correct",
            )
            for number, (question, revision) in enumerate(zip(made, revisions, strict=True), start=start)
            for index, source in enumerate(stored)
        ],
        batch_size=5_000,
    )
    return dataset


def make_study(
    name: str = "trial",
    *,
    dataset: str = "sums",
    questions: int = 12,
    overlap: int = 3,
    per_rater: int | None = None,
    lease_seconds: int = 600,
    sources: Sequence[str] = SOURCES,
    seed: int = 0,
    **design: Any,
) -> Study:
    """An open study over a dataset made by `make_dataset`."""
    if not Dataset.objects.filter(name=dataset).exists():
        make_dataset(dataset, questions=questions, sources=sources)
    create_study(
        StudyDesign(
            name=name,
            dataset=dataset,
            sources=sources,
            questions=questions,
            ratings_per_triple=overlap,
            per_rater=per_rater,
            lease_seconds=lease_seconds,
            **design,
            seed=seed,
        ),
        actor=COMMAND,
    )
    study, _ = open_study(name, actor=COMMAND)
    return study


def make_raters(study: str = "trial", *, count: int = 1, name: str = "rater") -> list[NewRater]:
    return create_raters(study, name, count=count, actor=COMMAND)


def ranking_of(view: dict[str, object]) -> dict[str, object]:
    """A body that ranks an assignment's cards as they are shown, without ties."""
    cards = view["cards"]
    assert isinstance(cards, list)
    return {"ranking": [[card["token"]] for card in cards]}
