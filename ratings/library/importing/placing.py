"""Where each rationale of a batch goes: new, changed, brought back, retired or left alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from problems.normalise import NORMALISER_VERSION
from ratings.library.importing.report import Tally
from ratings.library.importing.stored import StoredQuestion
from ratings.library.models import Rationale
from ratings.library.records import RationaleRow

#: Question, source, digest of the text: what a rationale is.
Key = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Proposed:
    """One rationale of a file, for a question that is stored."""

    question: StoredQuestion
    row: RationaleRow
    #: Said before in the same file: counted, not written again.
    repeated: bool = False


@dataclass(slots=True)
class Batch:
    """What is stored about a batch's questions, and what is to be done with its rationales."""

    stored: dict[Key, Rationale] = field(default_factory=dict)
    live: dict[tuple[int, int], set[int]] = field(default_factory=lambda: defaultdict(set))
    created: dict[Key, Proposed] = field(default_factory=dict)
    changed: list[tuple[Rationale, Proposed]] = field(default_factory=list)
    retired: list[int] = field(default_factory=list)
    seen: set[Key] = field(default_factory=set)

    def place(self, one: Proposed, key: Key, *, replaces: bool, tally: Tally) -> None:
        stored = self.stored.get(key)
        if one.repeated or key in self.seen:
            tally.repeated += 1
            return
        self.seen.add(key)
        others = self._others(key, stored) if replaces else set()
        self.retired.extend(others)
        if stored is None:
            self.created[key] = one
            tally.updated += bool(others)
            tally.created += not others
        elif others or _differs(stored, one):
            self.changed.append((stored, one))
            tally.updated += 1
        else:
            tally.unchanged += 1

    def _others(self, key: Key, stored: Rationale | None) -> set[int]:
        live = self.live.get(key[:2], set())
        return live - {stored.pk} if stored else live


def read_batch(proposed: Sequence[Proposed], keys: Sequence[Key], *, replaces: bool) -> Batch:
    """What is stored of the same texts and, where a new text replaces the old one, what is live: one statement."""
    batch = Batch()
    old = {one.question.pk for one in proposed if not one.question.is_new}
    if not old:
        return batch
    wanted = Q(text_digest__in={key[2] for key in keys})
    if replaces:
        wanted |= Q(live=True)
    found = Rationale.objects.filter(wanted, question_id__in=old, source_id__in={key[1] for key in keys})
    for rationale in found.defer("text", "created_at"):
        key = rationale.question_id, rationale.source_id, rationale.text_digest
        batch.stored[key] = rationale
        if rationale.live:
            batch.live[key[:2]].add(rationale.pk)
    return batch


def _differs(stored: Rationale, one: Proposed) -> bool:
    """Whether the row says something else than what is stored, or the stored text is of an older normaliser."""
    row = one.row
    return (
        not stored.live
        or stored.revision_id != one.question.revision
        or stored.normaliser_version != NORMALISER_VERSION
        or (row.answer is not None and row.answer != stored.stated_answer)
        or (row.given is not None and row.given != stored.given)
        or (row.meta is not None and dict(row.meta) != stored.meta)
    )
