"""What the researcher's pages and calls read about studies, raters and ratings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from ratings.slots.models import Rater, Rating, Slot
from ratings.studies.errors import UnknownStudy
from ratings.studies.form import read_form
from ratings.studies.models import Study
from ratings.studies.orders import ORDERS


def studies() -> QuerySet[Study]:
    """All studies with their triples counted and their sources at hand, newest first."""
    return (
        Study.objects.select_related("dataset", "frozen_protocol")
        .prefetch_related("study_sources__source")
        .annotate(triple_count=Count("triples"))
    )


def get_study_resource(name: str) -> Study:
    """One of `studies()`. Raises UnknownStudy."""
    study = studies().filter(name=name).first()
    if study is None:
        raise UnknownStudy(f"There is no study named {name!r}.", details={"study": name[:100]})
    return study


def labels_of(study: Study) -> list[str]:
    """Source labels in the study's order, from what `studies()` fetched."""
    return [entry.source.label for entry in sorted(study.study_sources.all(), key=lambda entry: entry.index)]


def raters_of(study: Study) -> QuerySet[Rater]:
    """A study's raters with the last use of any of their tokens."""
    return (
        Rater.objects.filter(study=study)
        .annotate(
            last_used_at=Max("tokens__last_used_at"),
            live_tokens=Count("tokens", filter=Q(tokens__revoked_at=None)),
        )
        .order_by("id")
    )


def ratings_of(study: Study) -> QuerySet[Rating]:
    """A study's ratings with what names them, without the triples' rendered texts."""
    rows = Rating.objects.filter(study=study).select_related("rater", "triple__question")
    return rows.defer("triple__content")


def _shown(study: Study, order: int, labels: list[str]) -> list[str]:
    """The sources of the cards that were shown, from left to right: two of them where pairs are judged."""
    return [labels[source] for source in ORDERS[order][: read_form(study.form).shown]]


def rating_as_json(rating: Rating, study: Study, labels: list[str]) -> dict[str, Any]:
    """A stored rating in source labels. The cards of checks and practice are no source's, their triple is no more than
    an anchor: what would name them is left out, as in the export of votes."""
    own = rating.kind not in (Slot.Kind.CHECK, Slot.Kind.PRACTICE)
    return {
        "rating": rating.key,
        "revision": rating.revision,
        "current": rating.current,
        "kind": rating.kind,
        "surplus": rating.surplus,
        "skipped": rating.skipped,
        "skip_reason": rating.skip_reason,
        "study": study.name,
        "rater": rating.rater.name,
        "raters_kind": rating.rater.kind,
        "triple": rating.triple.number if own else None,
        "question": rating.triple.question.external_id if own else None,
        "shown": _shown(study, rating.order, labels) if own and rating.order is not None else None,
        "ranking": [[labels[source] for source in group] for group in rating.ranking] if own else [],
        "all_bad": rating.all_bad,
        "first_wrong_step": _by_label(rating.first_wrong_step, labels) if own else {},
        "reasons": _by_label(rating.reasons, labels) if own else {},
        "confidence": rating.confidence,
        "doubts": rating.doubts,
        "comment": rating.comment,
        "active_seconds": rating.active_seconds,
        "submitted_at": rating.submitted_at,
    }


def _by_label(said: Mapping[str, Any], labels: list[str]) -> dict[str, Any]:
    return {labels[int(source)]: value for source, value in said.items()}
