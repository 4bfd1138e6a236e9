"""Ratings that were made elsewhere, brought into a study: all of a file's rows or none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts import tokens
from accounts.audit import Actor, record
from accounts.errors import InvalidInput
from ratings.crowd.rating_rows import RatingRow, RowError, read_row
from ratings.slots.models import Assignment, Rater, Rating, Slot
from ratings.slots.opening import extra_slot
from ratings.studies.errors import WrongState
from ratings.studies.form import read_form
from ratings.studies.models import Study, Triple
from ratings.studies.selectors import get_locked_study, source_labels
from ratings.studies.services import chunks

_CHUNK = 1_000
_SHOWN_ERRORS = 100


class RowErrors(InvalidInput):
    """Rows of the file are not usable; nothing was written."""

    code = "row_errors"


@dataclass(slots=True)
class _Import:
    """What an import knows while it runs."""

    study: Study
    kind: str
    anonymous: bool
    sources: dict[str, int]
    known_reasons: tuple[str, ...]
    triples: dict[str, Triple]
    #: Next free replicate of each triple.
    replicates: dict[int, int]
    raters: dict[str, Rater] = field(default_factory=dict)
    #: Triples that a new rater of this very file has rated: (rater name, triple) -> digest and row.
    seen: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    error_count: int = 0
    #: Rows that were refused already.
    refused: set[int] = field(default_factory=set)
    created: int = 0
    unchanged: int = 0

    def refuse(self, error: RowError, row: int) -> None:
        self.error_count += 1
        self.refused.add(row)
        if len(self.errors) < _SHOWN_ERRORS:
            self.errors.append(error.as_json(row))


@transaction.atomic
def import_ratings(
    lines: Iterable[bytes],
    study_name: str,
    *,
    kind: str = Rater.Kind.HUMAN,
    anonymous: bool = False,
    actor: Actor,
) -> dict[str, Any]:
    """Imports the lines of a Ratings file (CONTRACT.md) into a study that is not a draft.

    Each rating gets a slot of its own beside the plan, kind normal, never surplus, its shown order unknown. The key is
    (study, rater, question): the same content again is unchanged, other content a row error.
    Returns {"created", "unchanged", "errors", "error_rows"}. Raises UnknownStudy, WrongState, RowErrors.
    """
    study = get_locked_study(study_name)
    if study.state == Study.State.DRAFT:
        raise WrongState(
            f"Study {study_name!r} is a draft; ratings can be imported once it was opened.",
            details={"study": study_name, "state": study.state},
        )
    run = _prepare(study, kind=kind, anonymous=anonymous)
    for chunk in chunks(_checked_rows(lines, run), _CHUNK):
        _store(chunk, run)
    if not run.error_count and not run.created and not run.unchanged:
        run.refuse(RowError("", "", "expected at least one rating; the file is empty"), 1)
    if run.error_count:
        raise RowErrors(
            f"{run.error_count} row{'s are' if run.error_count > 1 else ' is'} not usable; nothing was imported.",
            details={"errors": run.error_count, "error_rows": run.errors},
        )
    record(
        actor,
        "ratings.import",
        subject=study.name,
        details={"created": run.created, "unchanged": run.unchanged},
    )
    return {"created": run.created, "unchanged": run.unchanged, "errors": 0, "error_rows": []}


def _prepare(study: Study, *, kind: str, anonymous: bool) -> _Import:
    labels = source_labels(study)
    triples: dict[str, Triple] = {}
    for triple in (
        study.triples.select_related("question", "revision").defer("content").iterator(chunk_size=2_000)
    ):
        triples[triple.question.external_id] = triple
        triples.setdefault(triple.revision.text, triple)
    taken = (
        Slot.objects.filter(study=study, kind=Slot.Kind.NORMAL)
        .values_list("triple_id")
        .annotate(Max("replicate"))
    )
    return _Import(
        study=study,
        kind=kind,
        anonymous=anonymous,
        sources={label: index for index, label in enumerate(labels)},
        known_reasons=read_form(study.form).known_reasons,
        triples=triples,
        replicates={triple: highest + 1 for triple, highest in taken},
        raters={rater.name: rater for rater in Rater.objects.filter(study=study)},
    )


def _checked_rows(lines: Iterable[bytes], run: _Import) -> Iterator[tuple[int, RatingRow, Triple]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = read_row(
                _parse(line, first=number == 1), sources=run.sources, known_reasons=run.known_reasons
            )
            yield number, row, _triple(row, run)
        except RowError as error:
            run.refuse(error, number)


def _parse(line: bytes, *, first: bool) -> Any:
    try:
        text = line.decode("utf-8-sig" if first else "utf-8")
        if "\\u0000" in text or "\0" in text:
            raise RowError("", text, "expected text without NUL")
        return json.loads(text)
    except UnicodeDecodeError as error:
        raise RowError(
            "", repr(line[:80]), f"expected UTF-8 text ({error.reason} at byte {error.start})"
        ) from None
    except (ValueError, RecursionError) as error:
        raise RowError(
            "", line[:80].decode("utf-8", "replace"), f"expected one JSON object a line ({error})"
        ) from None


def _triple(row: RatingRow, run: _Import) -> Triple:
    triple = run.triples.get(row.question)
    if triple is None:
        raise RowError("question", row.question, f"expected a question of study {run.study.name!r}")
    return triple


def _store(rows: Sequence[tuple[int, RatingRow, Triple]], run: _Import) -> None:
    fresh = [entry for entry in rows if _is_new(entry, run)]
    _add_raters(fresh, run)
    stored = _stored_digests(rows, run)
    new: list[tuple[RatingRow, Triple, Rater]] = []
    for number, row, triple in fresh:
        rater = run.raters[row.rater]
        earlier = stored.get((rater.pk, triple.pk))
        if earlier is None:
            new.append((row, triple, rater))
        elif earlier == row.digest:
            run.unchanged += 1
        elif number not in run.refused:
            run.refuse(_contradiction(row), number)
    if not run.error_count:
        _write(new, run)
    run.created += len(new)


def _is_new(entry: tuple[int, RatingRow, Triple], run: _Import) -> bool:
    """False for a row that repeats an earlier one of this file; a contradiction is a row error."""
    number, row, triple = entry
    before = run.seen.setdefault((row.rater, triple.pk), (row.digest, number))
    if before[1] == number:
        return True
    if before[0] == row.digest:
        run.unchanged += 1
    else:
        run.refuse(_contradiction(row), number)
    return False


def _contradiction(row: RatingRow) -> RowError:
    said = f"rater {row.rater!r} rated question {row.question[:80]!r} before, differently; expected the same again"
    return RowError("rater", row.rater, said)


def _add_raters(rows: Sequence[tuple[int, RatingRow, Triple]], run: _Import) -> None:
    missing = sorted({row.rater for _, row, _ in rows} - set(run.raters))
    made = Rater.objects.bulk_create(
        Rater(study=run.study, name=name, kind=run.kind, anonymous=run.anonymous) for name in missing
    )
    run.raters.update({rater.name: rater for rater in made})
    for number, row, _ in rows:
        rater = run.raters[row.rater]
        if rater.kind != run.kind or rater.anonymous != run.anonymous:
            what = f"{rater.kind}{', anonymous' if rater.anonymous else ''}"
            run.refuse(
                RowError("rater", row.rater, f"this study has a rater of that name already, who is {what}"),
                number,
            )


def _stored_digests(
    rows: Sequence[tuple[int, RatingRow, Triple]], run: _Import
) -> dict[tuple[int, int], str]:
    known = [run.raters[row.rater].pk for _, row, _ in rows if row.rater in run.raters]
    # Checks and practice are only anchored at a triple, and a repeat is no second word on it. Whoever saw a triple
    # degraded has no rating of it, and gets none.
    found = Assignment.objects.filter(
        rater_id__in=set(known),
        triple_id__in={triple.pk for _, _, triple in rows},
        kind__in=[Slot.Kind.NORMAL, Slot.Kind.DEGRADED],
    )
    digests: dict[tuple[int, int], str] = dict.fromkeys(found.values_list("rater_id", "triple_id"), "")
    ratings = Rating.objects.filter(assignment__in=found, current=True)
    digests.update(
        {
            (rater, triple): d
            for rater, triple, d in ratings.values_list("rater_id", "triple_id", "body_digest")
        }
    )
    return digests


def _write(new: Sequence[tuple[RatingRow, Triple, Rater]], run: _Import) -> None:
    now = timezone.now()
    slots = Slot.objects.bulk_create(_slot(triple, rater, run) for _, triple, rater in new)
    assignments = Assignment.objects.bulk_create(
        Assignment(
            token=tokens.random_bytes(16).hex(),
            slot=slot,
            rater=rater,
            triple=triple,
            state=Assignment.State.RATED,
            order=None,
            claimed_at=now,
            lease_expires_at=now + timedelta(seconds=run.study.lease_seconds),
        )
        for slot, (_, triple, rater) in zip(slots, new, strict=True)
    )
    Rating.objects.bulk_create(
        _rating(assignment, row, run, now) for assignment, (row, _, _) in zip(assignments, new, strict=True)
    )
    Rater.objects.bulk_update({rater.pk: rater for _, _, rater in new}.values(), ["done"])


def _slot(triple: Triple, rater: Rater, run: _Import) -> Slot:
    replicate = run.replicates.get(triple.pk, 0)
    run.replicates[triple.pk] = replicate + 1
    slot = extra_slot(run.study, triple, replicate=replicate, order=0)
    slot.state, slot.holder = Slot.State.RATED, rater
    rater.done += 1
    return slot


def _rating(assignment: Assignment, row: RatingRow, run: _Import, now: Any) -> Rating:
    return Rating(
        study=run.study,
        assignment=assignment,
        rater_id=assignment.rater_id,
        triple_id=assignment.triple_id,
        key=tokens.random_bytes(16).hex(),
        ranking=row.ranking,
        all_bad=row.all_bad,
        first_wrong_step=row.first_wrong_step,
        reasons=row.reasons,
        active_seconds=row.seconds,
        order=None,
        body_digest=row.digest,
        submitted_at=now,
    )
