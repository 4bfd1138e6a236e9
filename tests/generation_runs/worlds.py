"""Small worlds for generation: questions of each family, a model, runs done in the test's own process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from accounts.audit import COMMAND
from generation.registry.models import LanguageModel
from generation.registry.services import register_model
from generation.runs.models import Candidate, GenerationRun
from generation.runs.selectors import get_run
from generation.runs.services import launch_generation
from generation.runs.spec import GenerationSpec
from jobs.services import run_here
from ratings.library.models import Dataset, Question, QuestionRevision, Rationale, Source
from tests.worlds import digest

MODEL = "tiny"


def make_questions(
    name: str = "sums", *, count: int = 4, split: str = "train", family: str = "gsm8k", start: int = 0
) -> Dataset:
    """`count` questions of one split, without rationales."""
    dataset, _ = Dataset.objects.get_or_create(name=name, defaults={"family": family})
    for number in range(start, start + count):
        question = Question.objects.create(dataset=dataset, external_id=f"{split}-{number}", split=split)
        QuestionRevision.objects.create(
            question=question,
            text=f"What is {number} plus two?",
            answer="" if family == "open" else str(number + 2),
            content_digest=digest(f"{split}{number}"),
        )
    return dataset


def add_rationale(
    dataset: str, question: str, text: str, *, source: str = "human", **fields: Any
) -> Rationale:
    """A right one, unless `fields` say otherwise."""
    asked = Question.objects.get(dataset__name=dataset, external_id=question)
    filed, _ = Source.objects.get_or_create(label=source, defaults={"written_by": "people"})
    facts = {"verdict": "correct", "answer": asked.current_revision.answer, "normaliser_version": 1, **fields}
    return Rationale.objects.create(
        question=asked,
        revision=asked.current_revision,
        source=filed,
        text=text,
        normalised=text,
        text_digest=digest(text),
        **facts,
    )


def make_model(roots: Path, label: str = MODEL) -> LanguageModel:
    return register_model(label, path=roots / "tiny", actor=COMMAND)


def spec(**changes: Any) -> GenerationSpec:
    """Three samples a question in batches of five, which cut through questions."""
    usual = {
        "dataset": "sums",
        "model": MODEL,
        "samples": 3,
        "batch_size": 5,
        "max_new_tokens": 12,
        "seed": 11,
    }
    return GenerationSpec(**{**usual, **changes})


def launched(**changes: Any) -> GenerationRun:
    return launch_generation(spec(**changes), actor=COMMAND)


def done(**changes: Any) -> GenerationRun:
    """A run that was launched and done here."""
    run = launched(**changes)
    run_here(run.job_id)
    return get_run(run.pk)


def rows_of(run: GenerationRun) -> list[tuple[Any, ...]]:
    """All that a run came to, but for keys and times: what must not depend on how it was done."""
    fields = ("prompt__question__external_id", "sample", "seed", "text", "reasoning", "answer", "verdict")
    numbers = ("logprob", "scored_tokens", "tokens", "prompt_tokens", "finish", "rationale__text_digest")
    rows = Candidate.objects.filter(run=run).order_by("prompt__number", "sample")
    return list(rows.values_list(*fields, *numbers))


def rationales_of(source: str) -> Sequence[Rationale]:
    return list(Rationale.objects.filter(source__label=source).order_by("question_id", "text_digest"))
