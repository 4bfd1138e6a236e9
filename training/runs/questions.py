"""The questions of a split as rows and as a model is asked them, in an order that no database id decides."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from generation.prompts import Asked
from generation.runs.spec import asked_of
from ratings.library.models import Dataset, QuestionRevision


@dataclass(frozen=True, slots=True)
class Asking:
    """One question at one revision. id: its external id; digest: of text, choices and gold answer."""

    question: int
    revision: int
    id: str
    digest: str
    asked: Asked

    @property
    def gold(self) -> str | None:
        return self.asked.answer


def split_questions(dataset: Dataset, split: str) -> list[Asking]:
    """The current revisions of a split's questions, in the order of their ids."""
    rows = QuestionRevision.objects.filter(
        question__dataset=dataset, question__split=split, current=True
    ).select_related("question")
    return [asking_of(row) for row in rows.order_by("question__external_id")]


def questions_at(revisions: Iterable[int]) -> list[Asking]:
    """The questions at exactly these revisions, in the order given."""
    wanted = list(revisions)
    found: dict[int, Asking] = {}
    for start in range(0, len(wanted), 1_000):
        part = wanted[start : start + 1_000]
        rows = QuestionRevision.objects.filter(pk__in=part).select_related("question")
        found |= {row.pk: asking_of(row) for row in rows}
    return [found[revision] for revision in wanted]


def drawn(questions: Sequence[Asking], count: int, *, seed: int, purpose: str) -> list[Asking]:
    """`count` of the questions (0: all) by a hash of seed, purpose and id, in the order of their ids.

    Adding questions elsewhere changes nothing about the rank of these.
    """
    if not count or count >= len(questions):
        return list(questions)
    ranked = sorted(questions, key=lambda question: (rank(seed, purpose, question.id), question.id))
    return sorted(ranked[:count], key=lambda question: question.id)


def rank(seed: int, *parts: str) -> int:
    """A number from 0 to 2**63 - 1 that depends on nothing else."""
    message = "\x1f".join([str(seed), *parts]).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(message, digest_size=8).digest()) >> 1


def asking_of(row: QuestionRevision) -> Asking:
    """A question at that revision, whose `question` is best loaded with it."""
    return Asking(row.question_id, row.pk, row.question.external_id, row.content_digest, asked_of(row))
