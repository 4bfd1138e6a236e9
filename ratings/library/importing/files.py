"""The two kinds of import, row by row: what is written, in which order, and what it adds up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from ratings.library.importing.batches import in_batches
from ratings.library.importing.placing import Proposed
from ratings.library.importing.questions import QuestionWriter
from ratings.library.importing.rationales import RationaleWriter
from ratings.library.importing.report import RowErrors
from ratings.library.importing.seen import Seen, fingerprint
from ratings.library.importing.stored import QuestionFinder, StoredQuestion
from ratings.library.models import Dataset
from ratings.library.records import QuestionRow, RationaleRow, RationalesRow, RowError, RowProblem


class QuestionFile:
    """Questions with the rationales beside them: one live rationale a question and source."""

    def __init__(self, dataset: Dataset, *, split: str | None, errors: RowErrors) -> None:
        self.questions = QuestionWriter(dataset, split=split, errors=errors)
        self.rationales = RationaleWriter(dataset, replaces=True, returns=False)
        self._errors = errors

    def write(self, rows: Iterable[QuestionRow | RowError]) -> None:
        with Seen() as seen, self.rationales:
            for batch in in_batches(rows, self._errors):
                fresh = self._fresh(batch, seen)
                stored = self.questions.write(fresh)
                if not self._errors.count:
                    self.rationales.write(
                        [Proposed(stored[row.external_id], one) for row in fresh for one in row.rationales]
                    )
            if not self._errors.count:
                self.rationales.finish()

    def _fresh(self, batch: Sequence[QuestionRow], seen: Seen) -> list[QuestionRow]:
        """The rows whose question the file has not named before. Naming it again with other content is an error."""
        entries = [(fingerprint([row.external_id]), _question_content(row)) for row in batch]
        fresh: list[QuestionRow] = []
        for row, earlier, (_, content) in zip(batch, seen.sift(entries), entries, strict=True):
            if earlier is None:
                fresh.append(row)
            elif earlier == content:
                self.questions.tally.repeated += 1
            else:
                message = "stands on an earlier row with different content; expected each id once"
                self._errors.add(RowProblem("id", row.external_id, message).at(row.row))
        return fresh


class RationaleFile:
    """Rationales for questions that are there."""

    def __init__(self, dataset: Dataset, *, replaces: bool, errors: RowErrors) -> None:
        self.rationales = RationaleWriter(dataset, replaces=replaces, returns=True)
        self._finder = QuestionFinder(dataset)
        self._replaces = replaces
        self._errors = errors

    def write(self, rows: Iterable[RationalesRow | RowError]) -> None:
        with Seen() as seen, self.rationales:
            for batch in in_batches(rows, self._errors):
                proposed = self._propose(batch, seen)
                if not self._errors.count:
                    self.rationales.write(proposed)
            if not self._errors.count:
                self.rationales.finish()

    def _propose(self, batch: Sequence[RationalesRow], seen: Seen) -> list[Proposed]:
        found = self._finder.find(row.question for row in batch)
        named: list[tuple[RationalesRow, StoredQuestion, RationaleRow]] = []
        for row in batch:
            question = found[row.question]
            if isinstance(question, RowProblem):
                problem = RowProblem(row.question_field, question.value, question.message)
                self._errors.add(problem.at(row.row))
            else:
                named.extend((row, question, rationale) for rationale in row.rationales)
        entries = [(self._identity(question, one), self._content(one)) for _, question, one in named]
        earlier = seen.sift(entries)
        proposed: list[Proposed] = []
        for (row, question, one), before, (_, content) in zip(named, earlier, entries, strict=True):
            if before is not None and before != content:
                self._errors.add(self._contradiction(one).at(row.row))
            else:
                proposed.append(Proposed(question, one, repeated=before is not None))
        return proposed

    def _identity(self, question: StoredQuestion, one: RationaleRow) -> bytes:
        return fingerprint(
            [question.pk, one.source] if self._replaces else [question.pk, one.source, one.text]
        )

    def _content(self, one: RationaleRow) -> bytes:
        return fingerprint([one.text, one.answer, one.given])

    def _contradiction(self, one: RationaleRow) -> RowProblem:
        if self._replaces:
            message = (
                f"another rationale of source {one.source!r} stands on an earlier row of the same question"
            )
            return RowProblem("text", one.text, f"{message}; expected one")
        message = "stands on an earlier row with another answer or given; expected the same"
        return RowProblem("text", one.text, message)


def counts(file: QuestionFile | RationaleFile) -> dict[str, Any]:
    """The parts of an import's answer that both kinds have."""
    answer: dict[str, Any] = {
        "rationales": asdict(file.rationales.tally),
        "sources": file.rationales.counts.as_json(),
        "written_by": file.rationales.writers(),
    }
    if isinstance(file, QuestionFile):
        answer["questions"] = {**asdict(file.questions.tally), "regraded": file.questions.regraded}
    return answer


def _question_content(row: QuestionRow) -> bytes:
    inline = [(one.source, one.text, one.answer, one.given) for one in row.rationales]
    choices = row.choices and [(choice.label, choice.text) for choice in row.choices]
    return fingerprint([row.text, choices, row.answer, row.split, inline])
