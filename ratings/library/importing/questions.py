"""Writes questions and their revisions, and grades again what hangs on a question that changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from django.utils import timezone

from problems.types import Family
from ratings.library.importing.bulk import allocate_ids, as_json, as_timestamp, insert_rows
from ratings.library.importing.grades import grade_again
from ratings.library.importing.merge import Merged, merge
from ratings.library.importing.report import RowErrors, Tally
from ratings.library.importing.stored import StoredQuestion, stored_questions
from ratings.library.models import Dataset, Question, QuestionRevision, Rationale
from ratings.library.records import QuestionRow, RowProblem

_QUESTION_FIELDS = ("id", "dataset", "external_id", "split", "created_at")
_REVISION_FIELDS = (
    "id",
    "question",
    "number",
    "current",
    "text",
    "choices",
    "answer",
    "content_digest",
    "created_at",
)
_CHUNK = 500


class QuestionWriter:
    """Writes batches of question rows into one dataset, inside the caller's transaction."""

    def __init__(self, dataset: Dataset, *, split: str | None, errors: RowErrors) -> None:
        self.tally = Tally()
        #: Rationales graded again because their question changed.
        self.regraded = 0
        self._dataset = dataset
        self._family = Family(dataset.family)
        self._split = split
        self._errors = errors

    def write(self, rows: Sequence[QuestionRow]) -> dict[str, StoredQuestion]:
        """The questions of these rows as they now are, by external id. Writes nothing once an error is known.

        rows: with different external ids.
        """
        stored = stored_questions(self._dataset, [row.external_id for row in rows])
        merged = list(self._merge(rows, stored))
        if self._errors.count:
            return {}
        new = [one for one in merged if one.stored is None]
        changed = [one for one in merged if one.says_something_new]
        moved = [one for one in merged if one.moves]
        written = {row.external_id: row for row in self._create(new)}
        revised = self._revise(changed)
        self._move(moved)
        updated = {one.row.external_id for one in [*changed, *moved]}
        self.tally.created += len(new)
        self.tally.updated += len(updated)
        self.tally.unchanged += len(merged) - len(new) - len(updated)
        return {**stored, **written, **revised}

    def _merge(self, rows: Sequence[QuestionRow], stored: dict[str, StoredQuestion]) -> Iterator[Merged]:
        for row in rows:
            try:
                yield merge(row, stored.get(row.external_id), family=self._family, split=self._split)
            except RowProblem as problem:
                self._errors.add(problem.at(row.row))

    def _create(self, new: Sequence[Merged]) -> list[StoredQuestion]:
        if not new:
            return []
        now = as_timestamp(timezone.now())
        keys = allocate_ids(Question, len(new))
        questions = [
            _question(one, pk=pk, revision=revision, number=1, is_new=True)
            for one, pk, revision in zip(new, keys, allocate_ids(QuestionRevision, len(new)), strict=True)
        ]
        insert_rows(
            Question,
            _QUESTION_FIELDS,
            ((q.pk, self._dataset.pk, q.external_id, q.split, now) for q in questions),
        )
        self._insert_revisions(questions)
        return questions

    def _revise(self, changed: Sequence[Merged]) -> dict[str, StoredQuestion]:
        if not changed:
            return {}
        before = [one.stored for one in changed if one.stored is not None]
        # The old revisions step down first: a question has one current revision, by constraint.
        QuestionRevision.objects.filter(pk__in=[old.revision for old in before]).update(current=False)
        questions = [
            _question(one, pk=old.pk, revision=revision, number=old.number + 1, is_new=False)
            for one, old, revision in zip(
                changed, before, allocate_ids(QuestionRevision, len(changed)), strict=True
            )
        ]
        self._insert_revisions(questions)
        self._grade_again(questions)
        return {question.external_id: question for question in questions}

    def _insert_revisions(self, questions: Sequence[StoredQuestion]) -> None:
        now = as_timestamp(timezone.now())
        rows = (
            (
                question.revision,
                question.pk,
                question.number,
                True,
                question.text,
                as_json([asdict(choice) for choice in question.choices]),
                question.answer,
                question.digest,
                now,
            )
            for question in questions
        )
        insert_rows(QuestionRevision, _REVISION_FIELDS, rows)

    def _grade_again(self, questions: Sequence[StoredQuestion]) -> None:
        by_key = {question.pk: question for question in questions}
        live = Rationale.objects.filter(question_id__in=list(by_key), live=True).only(
            "question_id", "text", "stated_answer", "given"
        )
        changed: list[Rationale] = []
        for rationale in live.iterator(chunk_size=_CHUNK):
            grade_again(rationale, by_key[rationale.question_id], self._family)
            changed.append(rationale)
            if len(changed) == _CHUNK:
                self._save(changed)
                changed = []
        self._save(changed)

    def _save(self, rationales: Sequence[Rationale]) -> None:
        Rationale.objects.bulk_update(rationales, ["revision", "verdict", "answer", "text_agrees"])
        self.regraded += len(rationales)

    def _move(self, moved: Sequence[Merged]) -> None:
        by_split: dict[str, list[int]] = defaultdict(list)
        for one in moved:
            if one.stored is not None:
                by_split[one.split].append(one.stored.pk)
        for split, keys in by_split.items():
            Question.objects.filter(pk__in=keys).update(split=split)


def _question(one: Merged, *, pk: int, revision: int, number: int, is_new: bool) -> StoredQuestion:
    return StoredQuestion(
        pk=pk,
        external_id=one.row.external_id,
        split=one.split,
        revision=revision,
        number=number,
        text=one.text,
        choices=one.choices,
        answer=one.answer,
        digest=one.digest,
        is_new=is_new,
    )
