"""What is stored already about the questions that a batch names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from problems.types import Choice
from ratings.library.digests import derived_id
from ratings.library.models import Dataset, QuestionRevision
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


_COLUMNS = (
    "question_id",
    "question__external_id",
    "question__split",
    "pk",
    "number",
    "text",
    "choices",
    "answer",
    "content_digest",
)


def stored_questions(dataset: Dataset, ids: Iterable[str]) -> dict[str, StoredQuestion]:
    """By external id, those of `ids` that the dataset has: one statement."""
    rows = QuestionRevision.objects.filter(
        question__dataset=dataset, question__external_id__in=list(ids), current=True
    ).values_list(*_COLUMNS)
    return {row[1]: _stored(row) for row in rows}


class QuestionFinder:
    """Finds the questions that a rationale file names by id or by exactly their text."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def find(self, references: Iterable[str]) -> dict[str, StoredQuestion | RowProblem]:
        """By reference: the question, or what is wrong with the reference. Three statements at most."""
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
        rows = QuestionRevision.objects.filter(
            question__dataset=self._dataset, text__in=list(references), current=True
        ).values_list(*_COLUMNS)
        for row in rows:
            question = _stored(row)
            if question.text in found:
                found[question.text] = RowProblem(
                    "", question.text, "is the text of several questions; expected an id"
                )
            else:
                found[question.text] = question


def _stored(row: tuple[object, ...]) -> StoredQuestion:
    pk, external_id, split, revision, number, text, choices, answer, digest = row
    return StoredQuestion(
        pk=pk,  # type: ignore[arg-type]  # the columns above, in their order
        external_id=external_id,  # type: ignore[arg-type]
        split=split,  # type: ignore[arg-type]
        revision=revision,  # type: ignore[arg-type]
        number=number,  # type: ignore[arg-type]
        text=text,  # type: ignore[arg-type]
        choices=tuple(Choice(**choice) for choice in choices),  # type: ignore[attr-defined]
        answer=answer,  # type: ignore[arg-type]
        digest=digest,  # type: ignore[arg-type]
    )
