"""Writes rationales: normalised, graded, and never changed; what a file replaces is retired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from django.db import connection
from django.utils import timezone

from problems.normalise import NORMALISER_VERSION, normalise
from problems.types import Family
from ratings.library.digests import text_digest
from ratings.library.importing.bulk import as_json, as_timestamp, insert_rows
from ratings.library.importing.grades import grade_again, task_for
from ratings.library.importing.placing import Batch, Key, Proposed, read_batch
from ratings.library.importing.report import SourceCounts, Tally
from ratings.library.importing.working import Worked, Worker
from ratings.library.models import Dataset, Rationale, Source
from ratings.library.writers import Said, ensure_sources

_FIELDS = (
    "question",
    "revision",
    "source",
    "text",
    "normalised",
    "normaliser_version",
    "text_digest",
    "answer",
    "verdict",
    "text_agrees",
    "stated_answer",
    "given",
    "live",
    "meta",
    "created_at",
)
_CHANGING = (
    "revision",
    "normalised",
    "normaliser_version",
    "answer",
    "verdict",
    "text_agrees",
    "stated_answer",
    "given",
    "live",
    "meta",
)


@dataclass(frozen=True, slots=True)
class _Pending:
    """A batch whose new rationales are being graded."""

    created: dict[Key, Proposed]
    #: Rows that say what one of these says, the first one included: they count once the verdict is known.
    counted: list[tuple[str, Key]]


class RationaleWriter:
    """Writes batches of rationales into one dataset, inside the caller's transaction; `finish` writes the last one.

    replaces: a new text retires what the same source said about the question before.
    returns: whether a later batch may name the question of an earlier one.
    """

    def __init__(self, dataset: Dataset, *, replaces: bool, returns: bool) -> None:
        self.tally = Tally()
        self.counts = SourceCounts()
        self._family = Family(dataset.family)
        self._replaces = replaces
        self._returns = returns
        self._sources: dict[str, int] = {}
        self._said: set[Said] = set()
        self._now = as_timestamp(timezone.now())
        self._worker = Worker(self._family, beside=connection.vendor == "postgresql")
        self._pending = _Pending({}, [])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._worker.__exit__(None, None, None)

    def write(self, proposed: Sequence[Proposed]) -> None:
        graded, before = self._worker.result(), self._pending
        if self._returns:
            self._store(before, graded)
        self._learn_sources({Said(one.row.source, one.row.written_by, one.row.assumed) for one in proposed})
        keys = [self._key(one) for one in proposed]
        batch = read_batch(proposed, keys, replaces=self._replaces)
        for one, key in zip(proposed, keys, strict=True):
            batch.place(one, key, replaces=self._replaces, tally=self.tally)
        self._change(batch)
        self._pending = self._count_known(batch, proposed, keys)
        self._worker.start(
            [
                task_for(
                    one.question, text=one.row.text, stated=one.row.answer or "", given=bool(one.row.given)
                )
                for one in batch.created.values()
            ]
        )
        if not self._returns:
            # While the new batch is graded beside us, the one before is stored.
            self._store(before, graded)

    def finish(self) -> None:
        graded, before = self._worker.result(), self._pending
        self._pending = _Pending({}, [])
        self._store(before, graded)

    def writers(self) -> dict[str, str]:
        """Who wrote what the sources met so far hold; "" where nobody has said."""
        found = Source.objects.filter(pk__in=self._sources.values())
        return dict(found.order_by("label").values_list("label", "written_by"))

    def _key(self, one: Proposed) -> Key:
        return one.question.pk, self._sources[one.row.source], text_digest(one.row.text)

    def _learn_sources(self, said: set[Said]) -> None:
        if new := said - self._said:
            self._said |= new
            self._sources.update(ensure_sources(new))

    def _change(self, batch: Batch) -> None:
        if batch.retired:
            Rationale.objects.filter(pk__in=batch.retired).update(live=False)
        for stored, one in batch.changed:
            row = one.row
            stored.text = row.text
            stored.stated_answer = stored.stated_answer if row.answer is None else row.answer
            stored.given = stored.given if row.given is None else row.given
            stored.meta = stored.meta if row.meta is None else dict(row.meta)
            stored.live = True
            stored.normalised = normalise(row.text, self._family)
            stored.normaliser_version = NORMALISER_VERSION
            grade_again(stored, one.question, self._family)
        if batch.changed:
            Rationale.objects.bulk_update([stored for stored, _ in batch.changed], _CHANGING, batch_size=500)

    def _count_known(self, batch: Batch, proposed: Sequence[Proposed], keys: Sequence[Key]) -> _Pending:
        pending = _Pending(batch.created, [])
        for one, key in zip(proposed, keys, strict=True):
            if key in batch.created:
                pending.counted.append((one.row.source, key))
            else:
                self.counts.add(one.row.source, batch.stored[key].verdict)
        return pending

    def _store(self, batch: _Pending, graded: Sequence[Worked]) -> None:
        if not batch.created:
            return
        insert_rows(Rationale, _FIELDS, self._rows(batch.created, graded))
        verdicts = {key: worked.verdict for key, worked in zip(batch.created, graded, strict=True)}
        for source, key in batch.counted:
            self.counts.add(source, verdicts[key])

    def _rows(self, created: dict[Key, Proposed], graded: Sequence[Worked]) -> Iterator[tuple[Any, ...]]:
        for (key, one), worked in zip(created.items(), graded, strict=True):
            yield (
                key[0],
                one.question.revision,
                key[1],
                one.row.text,
                worked.normalised,
                NORMALISER_VERSION,
                key[2],
                worked.answer,
                worked.verdict,
                worked.text_agrees,
                one.row.answer or "",
                bool(one.row.given),
                True,
                as_json(one.row.meta or {}),
                self._now,
            )
