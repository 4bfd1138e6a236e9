"""Changing a draft, and throwing it away: nobody has rated it, and nothing else is about it yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models.fields.reverse_related import ForeignObjectRel

from accounts.audit import Actor, record
from ratings.library.models import Dataset, QuestionRevision
from ratings.studies.design import StudyDesign, check_design
from ratings.studies.errors import DraftInUse, WrongState
from ratings.studies.models import Study, StudySource, Triple
from ratings.studies.pools import read_pools
from ratings.studies.selectors import get_locked_study, source_labels
from ratings.studies.services import draw_study

#: What a draft consists of; whatever else points at a study is about more than a draft.
_OWN = {StudySource, Triple}


@transaction.atomic
def redraw_draft(name: str, design: StudyDesign, *, actor: Actor) -> Study:
    """Puts another design in a draft's place and draws anew: the same triples where nothing of the draw changed.

    Raises UnknownStudy, WrongState, DraftInUse and whatever `create_study` does; the draft then stays as it was.
    """
    study = _locked_draft(name)
    checked = check_design(design, in_place_of=study.pk)
    study.triples.all().delete()
    study.study_sources.all().delete()
    kept_out = _practised_texts(design.journey, checked[0])
    drawn = draw_study(study, design, checked, kept_out=kept_out)
    record(actor, "study.edit", subject=drawn.name, details={"was": name, "seed": design.seed})
    return drawn


@transaction.atomic
def delete_draft(name: str, *, actor: Actor) -> None:
    """Raises UnknownStudy, WrongState, or DraftInUse. The name is free afterwards."""
    _locked_draft(name).delete()
    record(actor, "study.delete", subject=name)


def design_of_draft(study: Study) -> dict[str, Any]:
    """The choices behind a study, by StudyDesign's names; practice of the dataset's questions as it was written out."""
    return {
        "name": study.name,
        "dataset": study.dataset.name,
        "sources": source_labels(study),
        "questions": study.triples.count(),
        "ratings_per_triple": study.ratings_per_triple,
        "per_rater": study.per_rater,
        "seed": study.seed,
        "any_answer": study.any_answer,
        "strict_text": study.strict_text,
        "lease_seconds": study.lease_seconds,
        "instructions": study.instructions,
        "form": study.form,
        "journey": study.journey,
        "quality": study.quality,
        "pay": study.pay,
        "split": study.split,
        "protocol": study.protocol,
        "pools": [pool.as_json() for pool in read_pools(study.pools)],
    }


def require_draft(study: Study) -> None:
    """Raises WrongState, or DraftInUse naming what is about this draft already."""
    if study.state != Study.State.DRAFT:
        raise WrongState(
            f"Study {study.name!r} is {study.state}; only a draft can be changed or thrown away.",
            details={"study": study.name, "state": study.state, "expected": ["draft"]},
        )
    found = {}
    for relation in Study._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ForeignObjectRel) or relation.related_model in _OWN:
            continue
        rows = relation.related_model._base_manager.filter(**{relation.field.name: study})
        if count := rows.count():
            found[str(relation.related_model._meta.verbose_name_plural)] = count
    if found:
        said = ", ".join(f"{count:,} {what}" for what, count in sorted(found.items()))
        raise DraftInUse(
            f"Study {study.name!r} has {said} already; a design that others rely on stays. Make a new study.",
            details={"study": study.name, "used_by": found},
        )


def _locked_draft(name: str) -> Study:
    study = get_locked_study(name, against_raters=True)
    require_draft(study)
    return study


def _practised_texts(journey: Mapping[str, Any], dataset: Dataset) -> list[str]:
    """Ids of the dataset's questions that stand written out in the practice: a draft no longer holds their ids."""
    items = journey.get("practice", {}).get("items", []) if journey else []
    texts = {item["question"] for item in items if "question" in item}
    rows = QuestionRevision.objects.filter(question__dataset=dataset, current=True, text__in=texts)
    return list(rows.values_list("question__external_id", flat=True)) if texts else []
