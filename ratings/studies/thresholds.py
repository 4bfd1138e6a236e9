"""Changing what counts as careless once a study was opened: allowed, and a deviation from its protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from django.db import transaction

from accounts.audit import Actor, record
from accounts.errors import InvalidInput
from problems.text import not_usable
from ratings.studies.errors import WrongState
from ratings.studies.freezing import log_deviation
from ratings.studies.models import Study
from ratings.studies.quality_mix import BadMix, read_mix
from ratings.studies.selectors import get_locked_study

#: What may change; how many items each rater gets was planned when the rater entered.
THRESHOLDS = (
    *("max_failed_checks", "min_degraded", "min_repeat"),
    *("fastest", "max_too_fast", "position_p", "max_empty"),
)


@transaction.atomic
def change_thresholds(name: str, *, to: Mapping[str, Any], reason: str, actor: Actor) -> Study:
    """Sets these thresholds of a study's quality mix. Of a draft that is design; later it is logged as a deviation.

    Raises UnknownStudy, WrongState (a draft) and InvalidInput (`quality.…`, `reason`).
    """
    study = get_locked_study(name)
    if study.state == Study.State.DRAFT:
        raise WrongState(
            f"Study {name!r} is a draft; its thresholds are part of its design.",
            details={"study": name, "state": study.state, "expected": ["open", "paused", "closed"]},
        )
    for key in to:
        if key not in THRESHOLDS:
            _refuse(key, to[key], f"one of {', '.join(THRESHOLDS)}")
    try:
        before, after = read_mix(study.quality), read_mix({**study.quality, **to})
    except BadMix as error:
        _refuse(error.field, error.value, error.expected)
    changed = {key: getattr(after, key) for key in THRESHOLDS if getattr(after, key) != getattr(before, key)}
    if not changed:
        return study
    details = {"from": {key: getattr(before, key) for key in changed}, "to": changed}
    log_deviation(study, "thresholds_changed", actor=actor, reason=reason, details=details)
    study.quality = {**study.quality, **changed}
    study.save(update_fields=["quality"])
    record(actor, "study.thresholds", subject=study.name, details={**details, "reason": reason.strip()})
    return study


def _refuse(field: str, value: Any, expected: str) -> NoReturn:
    raise InvalidInput(
        not_usable(f"quality.{field}", value, expected),
        details={"field": f"quality.{field}", "value": repr(value)[:200], "expected": expected},
    )
