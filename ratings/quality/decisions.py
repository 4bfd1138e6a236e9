"""Deciding about raters: whether their ratings count, and whether they are paid. Kept apart, reversible, audited."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count

from accounts.audit import Actor, record
from accounts.errors import Conflict, InvalidInput, NotFound
from problems.text import not_usable
from ratings.quality.models import RaterDecision
from ratings.quality.selectors import raters_with_payment
from ratings.slots.counted import SAID
from ratings.slots.models import Rater, Rating, Slot
from ratings.studies.freezing import log_deviation
from ratings.studies.models import Study
from ratings.studies.selectors import get_study

Matter, Verdict = RaterDecision.Matter, RaterDecision.Verdict

VERDICTS = {
    Matter.ANALYSIS: (Verdict.INCLUDED, Verdict.EXCLUDED),
    Matter.PAYMENT: (Verdict.UNDECIDED, Verdict.APPROVED, Verdict.REJECTED),
}
#: A panel such as Prolific asks for this much when pay is withheld, and so do we.
MIN_REJECTION_CHARACTERS = 100
MAX_REASON_CHARACTERS = 5_000
MAX_AT_ONCE = 10_000


class DecidedMeanwhile(Conflict):
    """Somebody else decided about one of these raters after they were looked at."""

    code = "decided_meanwhile"


@dataclass(frozen=True, slots=True)
class Change:
    """What a decision would do to one rater; nothing where old and new are the same."""

    rater: Rater
    old: str
    new: str
    ratings: int

    @property
    def changes(self) -> bool:
        return self.old != self.new


def preview_decision(study_name: str, names: Sequence[str], *, matter: str, verdict: str) -> list[Change]:
    """What it would change, by the raters' names; writes nothing. Raises InvalidInput, UnknownStudy or NotFound."""
    study = get_study(study_name)
    _check_verdict(matter, verdict)
    raters = _raters(study, names, lock=False)
    counts = _ratings_of(raters)
    return [
        Change(rater=rater, old=_in_force(rater, matter), new=verdict, ratings=counts.get(rater.pk, 0))
        for rater in raters
    ]


@transaction.atomic
def decide(
    study_name: str,
    names: Sequence[str],
    *,
    matter: str,
    verdict: str,
    reason: str,
    actor: Actor,
    seen: str | None = None,
) -> list[RaterDecision]:
    """Decides about these raters, all or none; returns the new rows. Who stands so already gets none.

    reason: needed for everything but including and approving; at least MIN_REJECTION_CHARACTERS to withhold pay.
    seen: `stamp_of` the preview that was looked at; another one means that somebody decided meanwhile.
    Two decisions at once take turns on the raters' rows, so each row's `old` is the `new` of the one before.
    Raises UnknownStudy, NotFound, InvalidInput or DecidedMeanwhile.
    """
    study = get_study(study_name)
    _check_verdict(matter, verdict)
    reason = checked_reason(verdict, reason)
    raters = _raters(study, names, lock=True)
    stand = [(rater.name, _in_force(rater, matter)) for rater in raters]
    if seen is not None and seen != stamp_of(stand, matter=matter, verdict=verdict):
        raise DecidedMeanwhile(
            "This is not what was previewed, or somebody decided meanwhile; look again.",
            details={"study": study.name},
        )
    made = RaterDecision.objects.bulk_create(
        RaterDecision(
            rater=rater,
            matter=matter,
            old=old,
            new=verdict,
            reason=reason,
            decided_by=actor.user,
            decided_by_label=actor.label,
        )
        for rater in raters
        if (old := _in_force(rater, matter)) != verdict
    )
    if not made:
        return []
    if matter == Matter.ANALYSIS:
        changed = [decision.rater_id for decision in made]
        Rater.objects.filter(pk__in=changed).update(included=verdict == Verdict.INCLUDED)
        if verdict == Verdict.EXCLUDED and study.state != Study.State.DRAFT:
            details = {"raters": len(changed)}
            log_deviation(study, "rater_excluded", actor=actor, reason=reason[:2_000], details=details)
    record(
        actor,
        f"rater.{verdict}",
        subject=study.name,
        details={
            "matter": matter,
            "raters": [decision.rater.name for decision in made][:100],
            "count": len(made),
            "reason": reason,
        },
    )
    return made


def stamp_of(stand: Sequence[tuple[str, str]], *, matter: str, verdict: str) -> str:
    """A decision about raters and what was in force for each when it was looked at, as one word."""
    lines = "\n".join([f"{matter} {verdict}", *(f"{name} {old}" for name, old in sorted(stand))])
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def _in_force(rater: Rater, matter: str) -> str:
    if matter == Matter.ANALYSIS:
        return Verdict.INCLUDED if rater.included else Verdict.EXCLUDED
    return rater.payment  # type: ignore[attr-defined,no-any-return]  # annotated


def _raters(study: Study, names: Sequence[str], *, lock: bool) -> list[Rater]:
    """The study's raters of these names, in one order for everybody. Raises InvalidInput or NotFound."""
    # A NUL is in no name, and no database takes it as a parameter.
    wanted = list(dict.fromkeys(name.replace("\0", "�") for name in names))
    if not 1 <= len(wanted) <= MAX_AT_ONCE:
        expected = f"1 to {MAX_AT_ONCE} names"
        raise InvalidInput(
            f"raters: {len(wanted)} names, expected {expected}.",
            details={"field": "raters", "value": len(wanted), "expected": expected},
        )
    if lock:
        # First the rows, then what is in force: read in one statement, it could be what it was before the wait.
        named = Rater.objects.select_for_update(no_key=True).filter(study=study, name__in=wanted)
        list(named.order_by("pk").values_list("pk"))
    found = list(raters_with_payment(study).filter(name__in=wanted))
    missing = set(wanted) - {rater.name for rater in found}
    if missing:
        name = sorted(missing)[0]
        raise NotFound(
            f"Study {study.name!r} has no rater named {name[:100]!r}.",
            code="unknown_rater",
            details={"field": "raters", "value": name[:100], "study": study.name},
        )
    return found


def _ratings_of(raters: Sequence[Rater]) -> dict[int, int]:
    """How many ratings of the plan each of them gave: what an exclusion takes out of the analysis."""
    rows = Rating.objects.filter(SAID, kind=Slot.Kind.NORMAL, rater__in=raters)
    return dict(rows.values_list("rater").annotate(count=Count("pk")).order_by())


def _check_verdict(matter: str, verdict: str) -> None:
    if matter not in VERDICTS:
        _refuse("matter", matter, f"one of {', '.join(VERDICTS)}")
    if verdict not in VERDICTS[Matter(matter)]:
        _refuse("verdict", verdict, f"one of {', '.join(VERDICTS[Matter(matter)])}")


def checked_reason(verdict: str, reason: str) -> str:
    """The reason, stripped, if it is one for this verdict. Raises InvalidInput."""
    reason = reason.strip()
    if len(reason) > MAX_REASON_CHARACTERS or "\0" in reason:
        _refuse("reason", reason[:200], f"at most {MAX_REASON_CHARACTERS} characters")
    if verdict == Verdict.REJECTED and len(reason) < MIN_REJECTION_CHARACTERS:
        _refuse(
            "reason",
            reason,
            f"at least {MIN_REJECTION_CHARACTERS} characters that tell the rater why pay is withheld",
        )
    if verdict in (Verdict.EXCLUDED, Verdict.UNDECIDED) and not reason:
        _refuse("reason", reason, "a few words, kept with the decision")
    return reason


def _refuse(field: str, value: object, expected: str) -> None:
    raise InvalidInput(
        not_usable(field, value, expected),
        details={"field": field, "value": value, "expected": expected},
    )
