"""Analysing a study's ratings: read, estimated, and said in the words of CONTRACT.md."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from accounts.errors import InvalidInput
from accounts.gates import require
from accounts.models import User
from accounts.roles import Act
from ratings.analysis.contrast import protocol_report
from ratings.analysis.guessing import study_blinding
from ratings.analysis.masking import masked_labels, masked_order, reordered
from ratings.analysis.report import analyse
from ratings.analysis.selectors import excluded_ratings, judged_triples
from ratings.slots.models import Rater
from ratings.studies.blinding import require_visible_results
from ratings.studies.models import Study
from ratings.studies.selectors import get_study, source_labels


def analyse_study(
    study_name: str, *, raters_kind: str = Rater.Kind.HUMAN, masked: bool = False
) -> dict[str, Any]:
    """The whole analysis of one kind of raters, sources named in the study's order.

    masked: call the sources "Source 1" … in an order of their own that tells nothing.
    Raises UnknownStudy or InvalidInput (raters), and DidNotConverge (a fault of the estimator, not of the asker).
    """
    if raters_kind not in Rater.Kind.values:
        expected = f"one of {', '.join(Rater.Kind.values)}"
        raise InvalidInput(
            f"raters: {raters_kind!r} is not usable, expected {expected}.",
            details={"field": "raters", "value": raters_kind, "expected": expected},
        )
    study = get_study(study_name)
    labels = source_labels(study)
    names = {label: label for label in labels}
    ratings = list(judged_triples(study, raters_kind=raters_kind))
    if masked:
        order = masked_order(labels, study=study.name, seed=study.seed, secret=settings.SECRET_KEY)
        ratings = [reordered(rating, order) for rating in ratings]
        names = dict(zip((labels[index] for index in order), masked_labels(len(labels)), strict=True))
        labels = masked_labels(len(labels))
    found = analyse(ratings, sources=labels)
    return {
        "study": study.name,
        "raters_kind": raters_kind,
        "ratings": found["ratings"],
        "raters": found["raters"],
        "questions": found["questions"],
        "excluded": excluded_ratings(study, raters_kind=raters_kind),
        "pairs": found["pairs"],
        "strengths": found["strengths"],
        "agreement": found["agreement"],
        "position": found["position"],
        "first_shown": found["first_shown"],
        "blinding": study_blinding(study, raters_kind=raters_kind),
        "protocol": protocol_report(study, found["pairs"], names=names, masked=masked),
    }


def analyse_study_for(user: User, study_name: str, *, raters_kind: str = Rater.Kind.HUMAN) -> dict[str, Any]:
    """What pages and API call. Raises PermissionRefused or Blinded, and as analyse_study does.

    Who may not see sources gets masked names until the study is un-blinded; closing it is not enough.
    """
    require(user, Act.VIEW_RESULTS)
    study = get_study(study_name)
    require_visible_results(study)
    return analyse_study(study_name, raters_kind=raters_kind, masked=is_masked_for(user, study))


def is_masked_for(user: User, study: Study) -> bool:
    """Whether this person reads the study's results under masked names."""
    return not user.may(Act.VIEW_SOURCES) and study.unblinded_at is None
