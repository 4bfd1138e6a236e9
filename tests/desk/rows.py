"""An open study with its triples and slots, made row by row: what the desk needs, and nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from ratings.library.models import Dataset, Question, QuestionRevision, Source
from ratings.slots.models import Rater, Slot
from ratings.slots.sessions import mint_rater_token
from ratings.studies.models import Study, StudySource, Triple
from ratings.studies.rendering import render_triple

#: Labels that must never reach a rater's page.
SOURCES = ("zz-explicit-model", "zz-terse-model", "zz-human-writer")

QUESTIONS: tuple[dict[str, Any], ...] = (
    {
        "question": "A jar holds 4 rows of 12 sweets. 12 are eaten. How many sweets are left?",
        "choices": [],
        "answer": "36",
        "rationales": [
            "Four rows of 12 sweets make 48 sweets.\n48 - 12 = 36 sweets are left.",
            "4 * 12 = 48, 48 - 12 = 36.",
            "There are 36 sweets left because that is how many remain after the others are gone.",
        ],
    },
    {
        "question": "Where would you keep an open bottle of milk?",
        "choices": [
            {"label": "A", "text": "oven"},
            {"label": "B", "text": "bookshelf"},
            {"label": "C", "text": "refrigerator"},
        ],
        "answer": "C",
        "rationales": [
            "Milk turns sour when it gets warm, so it has to be kept cold.",
            "Milk needs cold.",
            "Milk belongs in the refrigerator, because that is where it is kept.",
        ],
    },
)


def make_study(
    name: str = "trial",
    *,
    triples: int = 6,
    replicates: int = 3,
    content: Sequence[dict[str, Any]] = QUESTIONS,
    **fields: Any,
) -> Study:
    """A study in state open (unless `fields` says otherwise) whose slots nobody holds."""
    dataset, _ = Dataset.objects.get_or_create(name=f"{name}-set", family="gsm8k")
    study = Study.objects.create(name=name, dataset=dataset, **{"state": "open", **fields})
    for index, label in enumerate(SOURCES):
        source, _ = Source.objects.get_or_create(label=label)
        StudySource.objects.create(study=study, source=source, index=index)
    for number, said in zip(range(1, triples + 1), itertools.cycle(content), strict=False):
        _make_triple(study, number, said, replicates)
    return study


def _make_triple(study: Study, number: int, said: dict[str, Any], replicates: int) -> None:
    question = Question.objects.create(dataset=study.dataset, external_id=f"q-{number}")
    revision = QuestionRevision.objects.create(
        question=question, text=said["question"], answer=said["answer"], content_digest="0" * 64
    )
    triple = Triple.objects.create(
        study=study, number=number, question=question, revision=revision, content=render_triple(**said)
    )
    for replicate in range(replicates):
        Slot.objects.create(
            study=study,
            triple=triple,
            replicate=replicate,
            order=(number + replicate) % 6,
            random_key=number * 100 + replicate,
        )


def make_rater(study: Study, name: str = "rater-1") -> str:
    """A rater's link secret."""
    return mint_rater_token(Rater.objects.create(study=study, name=name, orders_seen=[0] * 6))
