"""What the researcher's pages and calls read about studies, raters and ratings."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from ratings.slots.models import Rater, Rating
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
    """A stored rating in source labels."""
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
        "triple": rating.triple.number,
        "question": rating.triple.question.external_id,
        "shown": None if rating.order is None else _shown(study, rating.order, labels),
        "ranking": [[labels[source] for source in group] for group in rating.ranking],
        "all_bad": rating.all_bad,
        "first_wrong_step": {labels[int(source)]: step for source, step in rating.first_wrong_step.items()},
        "reasons": {labels[int(source)]: codes for source, codes in rating.reasons.items()},
        "confidence": rating.confidence,
        "doubts": rating.doubts,
        "comment": rating.comment,
        "active_seconds": rating.active_seconds,
        "submitted_at": rating.submitted_at,
    }
