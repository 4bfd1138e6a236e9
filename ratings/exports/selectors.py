"""Reading what an export is made of, a chunk at a time: memory does not grow with the study."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from ratings.exports.errors import NoStoredFile, UnknownExport
from ratings.exports.models import Export
from ratings.exports.preferences import prompt_of
from ratings.exports.rows import Card, Rated, TripleFacts
from ratings.slots.counted import COUNTED
from ratings.slots.models import PersonalItem, Rating
from ratings.studies.form import RatingForm, read_form
from ratings.studies.models import Study, Triple, TripleCard
from ratings.studies.services import chunks

_CHUNK = 2_000
#: Triples whose texts are kept between chunks; a few kilobytes each.
_KEPT_TRIPLES = 4_000

#: Rankings take few values, and most ratings give no step and no reason: each distinct text is parsed once.
_read_json = lru_cache(maxsize=10_000)(json.loads)
_as_text = {
    f"{column}_text": Cast(column, TextField())
    for column in ("ranking", "first_wrong_step", "reasons", "doubts")
}

#: In the order of Rated's fields after `triple`; what follows comes from the study's form.
_RATING_COLUMNS = (
    "triple_id",
    "key",
    "revision",
    "current",
    "kind",
    "surplus",
    "skipped",
    "ranking_text",
    "all_bad",
    "first_wrong_step_text",
    "reasons_text",
    "order",
    "active_seconds",
    "submitted_at",
    "rater__name",
    "rater__kind",
    "rater__anonymous",
    "confidence",
    "doubts_text",
    "consent",
)
_JSON_PLACES = tuple(_RATING_COLUMNS.index(column) for column in _as_text)
_KIND = _RATING_COLUMNS.index("kind")
_RANKING = _RATING_COLUMNS.index("ranking_text")


def rated_triples(
    study: Study, *, raters: str, split: str | None, counted_only: bool, with_texts: bool
) -> Iterator[Rated]:
    """The study's ratings by one kind of raters, oldest first, each with its triple."""
    ratings = Rating.objects.filter(study=study, rater__kind=raters)
    if counted_only:
        ratings = ratings.filter(COUNTED)
    if split is not None:
        ratings = ratings.filter(triple__question__split=split)
    columns = ratings.annotate(**_as_text).order_by("pk").values_list(*_RATING_COLUMNS)
    rows = columns.iterator(chunk_size=_CHUNK)
    form = read_form(study.form)
    known: dict[int, TripleFacts] = {}
    for chunk in chunks(rows, _CHUNK):
        known = _with_triples(known, {row[0] for row in chunk}, with_texts=with_texts)
        expected = _expected([row[1] for row in chunk if row[_KIND] in ("check", "degraded")])
        for row in chunk:
            yield _rated(known[row[0]], row, form, expected.get(row[1], {}))


def _expected(keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By the ratings' keys, what a check told to do or how a triple was degraded. No statement where there are none."""
    if not keys:
        return {}
    items = PersonalItem.objects.filter(slot__assignments__ratings__key__in=set(keys))
    return dict(items.values_list("slot__assignments__ratings__key", "expected"))


def _rated(triple: TripleFacts, row: tuple[Any, ...], form: RatingForm, expected: dict[str, Any]) -> Rated:
    """row: values of _RATING_COLUMNS."""
    values: list[Any] = [triple, *row[1:]]
    for place in _JSON_PLACES:
        values[place] = _read_json(values[place])
    values += [form.shown, form.beaten(values[_RANKING]), expected]
    return Rated(*values)


def _with_triples(
    known: dict[int, TripleFacts], wanted: set[int], *, with_texts: bool
) -> dict[int, TripleFacts]:
    """`known` with these triples added; those of earlier chunks go once there are too many."""
    missing = wanted - known.keys()
    if len(known) + len(missing) > _KEPT_TRIPLES:
        known = {pk: known[pk] for pk in wanted - missing}
    if missing:
        known |= _triples(missing, with_texts=with_texts)
    return known


def _triples(wanted: Iterable[int], *, with_texts: bool) -> dict[int, TripleFacts]:
    columns = ["pk", "number", "question__external_id", "revision__number", "question__split"]
    texts = ["revision__text", "revision__choices"] if with_texts else []
    cards = _cards(wanted) if with_texts else {}
    rows: QuerySet[Triple, Any] = Triple.objects.filter(pk__in=wanted).values_list(*columns, *texts)
    found = {}
    for pk, number, question, revision, split, *text in rows:
        prompt = prompt_of(*text) if text else ""
        found[pk] = TripleFacts(number, question, revision, split, prompt, cards.get(pk, ()))
    return found


def _cards(wanted: Iterable[int]) -> dict[int, tuple[Card, ...]]:
    """Cards by source index, for each triple."""
    found: dict[int, list[Card]] = defaultdict(list)
    rows = (
        TripleCard.objects.filter(triple__in=wanted)
        .order_by("triple", "source_index")
        .values_list("triple", "rationale", "rationale__text_digest", "rationale__normalised")
    )
    for triple, rationale, sha256, text in rows:
        found[triple].append(Card(rationale, sha256, text))
    return {triple: tuple(cards) for triple, cards in found.items()}


def exports_of(study: Study | None = None) -> QuerySet[Export]:
    """Records of exports, newest first."""
    rows = Export.objects.select_related("study", "created_by").order_by("-id")
    return rows if study is None else rows.filter(study=study)


def get_export(export_id: int) -> Export:
    """Raises UnknownExport."""
    export = exports_of().filter(pk=export_id).first()
    if export is None:
        raise UnknownExport(f"There is no export {export_id}.", details={"export": export_id})
    return export


def stored_file_of(export: Export) -> str:
    """The path of the export's file below the storage. Raises NoStoredFile."""
    if not export.path:
        raise NoStoredFile(
            "A command wrote this export to a path of its own; the site keeps no copy of it.",
            details={"export": export.pk},
        )
    return export.path
