"""Freezing a study's protocol when it opens, and writing down what was done otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.audit import Actor, record
from accounts.errors import InvalidInput
from ratings.studies.errors import WrongState
from ratings.studies.form import read_form
from ratings.studies.models import Deviation, Protocol, Study
from ratings.studies.pay import read_pay
from ratings.studies.protocol import DEVIATIONS, Contrast, hash_of, read_protocol
from ratings.studies.quality_mix import read_mix
from ratings.studies.selectors import get_locked_study

MAX_REASON_CHARACTERS = 2_000


def whole_design(study: Study) -> dict[str, Any]:
    """Every choice behind a study, defaults spelt out: what is frozen."""
    sources = list(study.study_sources.order_by("index").values_list("source__label", flat=True))
    primary = read_protocol(study.protocol, sources=sources)
    return {
        "study": study.name,
        "dataset": study.dataset.name,
        "sources": sources,
        "questions": study.triples.count(),
        "ratings_per_triple": study.ratings_per_triple,
        "per_rater": study.per_rater,
        "seed": study.seed,
        "split": study.split,
        "any_answer": study.any_answer,
        "strict_text": study.strict_text,
        "instructions": study.instructions,
        "form": read_form(study.form).as_json(),
        "journey": study.journey,
        "quality": read_mix(study.quality).as_json(),
        "pay": read_pay(study.pay).as_json(),
        "pools": study.pools,
        "primary": None if primary is None else primary.as_json(),
    }


def freeze_protocol(study: Study, *, actor: Actor) -> Protocol:
    """Keeps the design as it stands now; once for each study, an earlier one stays. The caller is in a transaction."""
    content = whole_design(study)
    frozen, _ = Protocol.objects.get_or_create(
        study=study, defaults={"content": content, "sha256": hash_of(content), "frozen_by": actor.label}
    )
    return frozen


def frozen_protocol(study: Study) -> Protocol | None:
    """None for a draft, and for a study that was opened before protocols were kept."""
    return Protocol.objects.filter(study=study).first()


def primary_contrast(study: Study) -> Contrast | None:
    """As frozen, or for a draft as it stands."""
    frozen = frozen_protocol(study)
    if frozen is not None:
        said = frozen.content["primary"]
        return Contrast(**said) if said else None
    labels = list(study.study_sources.order_by("index").values_list("source__label", flat=True))
    return read_protocol(study.protocol, sources=labels)


def log_deviation(
    study: Study, code: str, *, actor: Actor, reason: str, details: Mapping[str, Any] | None = None
) -> Deviation:
    """Writes down that something is done otherwise than the protocol says.

    The caller is in a transaction, so that no such act goes without its line, and audits the act itself. code: of
    DEVIATIONS. Raises InvalidInput without a reason.
    """
    assert code in DEVIATIONS, code
    said = reason.strip()
    if not said or len(said) > MAX_REASON_CHARACTERS or "\0" in said:
        expected = f"why the protocol is not followed, in at most {MAX_REASON_CHARACTERS} characters"
        raise InvalidInput(
            f"reason: expected {expected}.",
            details={"field": "reason", "value": said[:200], "expected": expected},
        )
    return Deviation.objects.create(
        study=study, code=code, details=dict(details or {}), reason=said, by=actor.label
    )


def log_early_close(study: Study, *, actor: Actor) -> Deviation | None:
    """Writes down that a study with a primary contrast closes before every planned rating is in: stopping at a moment
    of one's choice is a choice that the reader of its p-value must know of. The caller is in a transaction."""
    if primary_contrast(study) is None:
        return None
    plan = study.slots.filter(kind="normal")
    planned, rated = plan.count(), plan.filter(state="rated").count()
    if rated >= planned:
        return None
    details = {"planned": planned, "rated": rated}
    reason = f"{rated} of {planned} planned ratings were in."
    return log_deviation(study, "closed_early", actor=actor, reason=reason, details=details)


@transaction.atomic
def note_deviation(name: str, *, reason: str, actor: Actor) -> Deviation:
    """Writes down by hand what no act of the product knows of.

    Raises UnknownStudy, WrongState (a draft) and InvalidInput (`reason`).
    """
    study = get_locked_study(name)
    if study.state == Study.State.DRAFT:
        raise WrongState(
            f"Study {name!r} is a draft; there is no protocol yet to deviate from.",
            details={"study": name, "state": study.state, "expected": ["open", "paused", "closed"]},
        )
    noted = log_deviation(study, "other", actor=actor, reason=reason)
    record(actor, "study.deviation", subject=study.name, details={"reason": noted.reason})
    return noted


def deviations_as_json(study: Study) -> list[dict[str, Any]]:
    """Oldest first."""
    return [
        {
            "code": one.code,
            "details": one.details,
            "reason": one.reason,
            "by": one.by,
            "at": one.at.isoformat().replace("+00:00", "Z"),
        }
        for one in Deviation.objects.filter(study=study)
    ]
