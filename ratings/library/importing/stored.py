"""What is stored already about the questions that a batch names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from problems.types import Choice
from ratings.library.digests import derived_id
from ratings.library.models import Dataset, Question, QuestionRevision
from ratings.library.records import RowProblem


@dataclass(frozen=True, slots=True)
class StoredQuestion:
    """A question and its current revision."""

    pk: int
    external_id: str
    split: str
    revision: int
    number: int
    text: str
    choices: tuple[Choice, ...]
    answer: str
    digest: str
    #: Just made by this import: nothing else can hang on it yet.
    is_new: bool = False


# Two statements of one table each, never a join. Where PostgreSQL's statistics say that the tables are empty (as they
# looked in the middle of an earlier import, which is one transaction), it joins by nested loops over everything.


def stored_questions(dataset: Dataset, ids: Iterable[str]) -> dict[str, StoredQuestion]:
    """By external id, those of `ids` that the dataset has: two statements."""
    named = Question.objects.filter(dataset=dataset, external_id__in=list(ids))
    questions = {question.pk: question for question in named}
    revisions = QuestionRevision.objects.filter(question_id__in=list(questions), current=True)
    found = [_stored(questions[revision.question_id], revision) for revision in revisions]
    return {question.external_id: question for question in found}


class QuestionFinder:
    """Finds the questions that a rationale file names by id or by exactly their text."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def find(self, references: Iterable[str]) -> dict[str, StoredQuestion | RowProblem]:
        """By reference: the question, or what is wrong with the reference. Six statements at most."""
        wanted = set(references)
        found: dict[str, StoredQuestion | RowProblem] = dict(stored_questions(self._dataset, wanted))
        self._add_by_derived_id(wanted - found.keys(), found)
        self._add_by_text(wanted - found.keys(), found)
        for reference in wanted - found.keys():
            name = self._dataset.name
            found[reference] = RowProblem(
                "", reference, f"is no id and no text of a question in dataset {name!r}"
            )
        return found

    def _add_by_derived_id(self, references: set[str], found: dict[str, StoredQuestion | RowProblem]) -> None:
        ids = {reference: derived_id(reference) for reference in references}
        stored = stored_questions(self._dataset, ids.values()) if ids else {}
        found.update({reference: stored[own] for reference, own in ids.items() if own in stored})

    def _add_by_text(self, references: set[str], found: dict[str, StoredQuestion | RowProblem]) -> None:
        if not references:
            return
        revisions = list(QuestionRevision.objects.filter(text__in=list(references), current=True))
        questions = Question.objects.filter(dataset=self._dataset).in_bulk(
            [revision.question_id for revision in revisions]
        )
        for revision in revisions:
            if revision.question_id not in questions:
                continue
            question = _stored(questions[revision.question_id], revision)
            if question.text in found:
                found[question.text] = RowProblem(
                    "", question.text, "is the text of several questions; expected an id"
                )
            else:
                found[question.text] = question


def _stored(question: Question, revision: QuestionRevision) -> StoredQuestion:
    return StoredQuestion(
        pk=question.pk,
        external_id=question.external_id,
        split=question.split,
        revision=revision.pk,
        number=revision.number,
        text=revision.text,
        choices=tuple(Choice(**choice) for choice in revision.choices),
        answer=revision.answer,
        digest=revision.content_digest,
    )
