"""Reading what a study's raters did, for the quality page and call: a fixed number of statements. Names no source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Length

from accounts.errors import NotFound
from ratings.quality.checks import failures_to_reject
from ratings.quality.measures import Measures, Said, measure
from ratings.quality.models import RaterDecision
from ratings.quality.reliability import Level, Signal, level_of, signals
from ratings.quality.session_time import is_through, stage_seconds
from ratings.slots.models import PersonalItem, Rater, Rating
from ratings.studies.form import RatingForm, read_form
from ratings.studies.models import Study, Triple
from ratings.studies.pay import Pay, read_pay
from ratings.studies.quality_mix import QualityMix, read_mix

_CHUNK = 5_000

PAYMENT, ANALYSIS = RaterDecision.Matter.PAYMENT, RaterDecision.Matter.ANALYSIS


@dataclass(frozen=True, slots=True)
class RaterQuality:
    """One rater: measures, the summary, what was decided, and what an hour of active time brings."""

    name: str
    kind: str
    included: bool
    payment: str
    measures: Measures
    signals: list[Signal]
    level: Level
    #: The rater's pace against the study's median: 0.5 is twice as fast.
    relative_pace: float | None
    #: Of those who are through with the study; None for who is on the way, left, or was not timed.
    hourly: Decimal | None
    #: Seconds on consent, instructions, check and debrief, by the clock: part of `hourly`, not of the active time.
    stage_seconds: float
    unfair: bool
    #: Whether failed instruction checks, and nothing else, are enough for a panel to withhold pay.
    may_reject: bool

    @property
    def missed(self) -> list[Signal]:
        return [signal for signal in self.signals if signal.missed]


@dataclass(frozen=True, slots=True)
class StudyQuality:
    """All raters of one kind, the least reliable first."""

    mix: QualityMix
    form: RatingForm
    pay: Pay
    raters: list[RaterQuality]
    median_pace: float | None
    median_session: float | None
    median_hourly: Decimal | None

    @property
    def unfair(self) -> list[RaterQuality]:
        return [rater for rater in self.raters if rater.unfair]

    def count(self, level: Level) -> int:
        return sum(rater.level is level for rater in self.raters)


def study_quality(study: Study, *, raters_kind: str, rater: str | None = None) -> StudyQuality:
    """Measures of everybody of one kind who was asked something.

    rater: summarise this one alone; the study's medians are over all, as the thresholds of the mix are anyway.
    """
    mix, form, pay = read_mix(study.quality), read_form(study.form), read_pay(study.pay)
    said = answers_of(study, raters_kind=raters_kind)
    rows = raters_with_payment(study).filter(kind=raters_kind, pk__in=said)
    found = [(row, measure(said[row.pk], form=form, mix=mix)) for row in rows]
    paces = [measures.pace for _, measures in found if measures.pace is not None]
    sessions = [active_seconds_of(measures) for _, measures in found if measures.measured]
    median_pace = median(paces) if paces else None
    median_session = median(sessions) if sessions else None
    needed = failures_to_reject(median_session)
    around = stage_seconds(study, raters=said) if pay.is_said else {}
    summed = [
        _summary(
            row,
            measures,
            mix=mix,
            pay=pay,
            median_pace=median_pace,
            needed=needed,
            beside=around.get(row.pk, 0.0) if is_through(row, study, pay) else None,
        )
        for row, measures in found
    ]
    hourly = [one.hourly for one in summed if one.hourly is not None]
    if rater is not None:
        summed = [one for one in summed if one.name == rater]
    return StudyQuality(
        mix=mix,
        form=form,
        pay=pay,
        raters=sorted(summed, key=_doubtful_first),
        median_pace=median_pace,
        median_session=median_session,
        median_hourly=median(hourly).quantize(Decimal("0.01")) if hourly else None,
    )


def _summary(
    row: Rater,
    measures: Measures,
    *,
    mix: QualityMix,
    pay: Pay,
    median_pace: float | None,
    needed: int,
    beside: float | None,
) -> RaterQuality:
    """beside: seconds on the pages around the rating; None for who is not through."""
    found, active = signals(measures, mix), active_seconds_of(measures)
    timed = beside is not None and active > 0
    hourly = pay.hourly(measures.answered, active + (beside or 0.0)) if timed else None
    return RaterQuality(
        name=row.name,
        kind=row.kind,
        included=row.included,
        payment=row.payment,  # type: ignore[attr-defined]  # annotated
        measures=measures,
        signals=found,
        level=level_of(found),
        relative_pace=measures.pace / median_pace if measures.pace is not None and median_pace else None,
        hourly=hourly,
        stage_seconds=beside or 0.0,
        unfair=pay.is_unfair(hourly),
        may_reject=measures.checks_failed >= needed,
    )


def active_seconds_of(measures: Measures) -> float:
    """The active time of a rater, the answers without a measurement taken to be like those with one."""
    if not measures.measured:
        return 0.0
    return measures.active_seconds * max(1.0, measures.answered / measures.measured)


def _doubtful_first(rater: RaterQuality) -> tuple[int, float, str]:
    share = rater.measures.degraded_share
    return -len(rater.missed), 1.0 if share is None else share, rater.name


def raters_with_payment(study: Study) -> QuerySet[Rater]:
    """A study's raters with `payment`: the decision in force, `undecided` where nobody decided."""
    latest = (
        RaterDecision.objects.filter(rater=OuterRef("pk"), matter=PAYMENT).order_by("-id").values("new")[:1]
    )
    return (
        Rater.objects.filter(study=study, anonymous=False)
        .annotate(payment=Coalesce(Subquery(latest), Value("undecided")))
        .order_by("pk")
    )


def answers_of(study: Study, *, raters_kind: str) -> dict[int, list[Said]]:
    """Each rater's current answers, in the order in which their triples were first answered."""
    expected = _expectations(study)
    characters = characters_of(study)
    rows = (
        Rating.objects.filter(study=study, current=True, rater__kind=raters_kind, rater__anonymous=False)
        .order_by("assignment_id")
        .values_list(
            "rater_id",
            "kind",
            "triple_id",
            "ranking",
            "all_bad",
            "skipped",
            "order",
            "active_seconds",
            "signals",
            "assignment__slot_id",
        )
    )
    found: dict[int, list[Said]] = defaultdict(list)
    for rater, kind, triple, ranking, all_bad, skipped, order, active, noticed, slot in rows.iterator(_CHUNK):
        reads = kind not in ("check", "practice")
        found[rater].append(
            Said(
                kind=kind,
                triple=triple,
                ranking=ranking,
                all_bad=all_bad,
                skipped=skipped,
                order=order,
                seconds=active if active is not None else noticed.get("seconds"),
                characters=characters.get(triple, 0) if reads else 0,
                focus_losses=noticed.get("focus_losses", 0),
                away_seconds=noticed.get("away_seconds", 0),
                expected=expected.get(slot, {}),
            )
        )
    return dict(found)


def _expectations(study: Study) -> dict[int, dict[str, Any]]:
    """What a careful rater does with each item that was handed out, by its slot."""
    items = PersonalItem.objects.filter(
        rater__study=study, kind__in=["check", "degraded"], slot__isnull=False
    )
    return dict(items.values_list("slot_id", "expected"))


def characters_of(study: Study) -> dict[int, int]:
    """How much there is to read in each triple: the question and the cards that the form shows."""
    shown = read_form(study.form).shown
    rows = Triple.objects.filter(study=study).annotate(
        question_length=Length("revision__text"), cards_length=Sum(Length("cards__rationale__normalised"))
    )
    lengths: Iterable[tuple[int, int, int | None]] = rows.values_list("pk", "question_length", "cards_length")
    return {pk: question + (cards or 0) * shown // 3 for pk, question, cards in lengths.iterator(_CHUNK)}  # type: ignore[attr-defined]


def get_rater_quality(study: Study, name: str) -> tuple[StudyQuality, RaterQuality, Rater]:
    """One rater with the study around; also one who has answered nothing yet. Raises NotFound."""
    row = raters_with_payment(study).filter(name=name).first()
    if row is None:
        raise NotFound(
            f"Study {study.name!r} has no rater named {name[:100]!r}.",
            code="unknown_rater",
            details={"study": study.name, "rater": name[:100]},
        )
    around = study_quality(study, raters_kind=row.kind, rater=name)
    if around.raters:
        return around, around.raters[0], row
    nothing = _summary(
        row, Measures(), mix=around.mix, pay=around.pay, median_pace=None, needed=2, beside=None
    )
    return around, nothing, row


def items_of(rater: Rater) -> QuerySet[PersonalItem]:
    """A rater's items, practice apart, those handed out with their triple."""
    items = PersonalItem.objects.filter(rater=rater).exclude(kind="practice").order_by("number")
    return items.select_related("triple__revision", "slot")


def decisions_of(study: Study, *, rater: Rater | None = None) -> QuerySet[RaterDecision]:
    """Everything that was decided, the latest first."""
    rows = (
        RaterDecision.objects.filter(rater__study=study).annotate(rater_name=F("rater__name")).order_by("-id")
    )
    return rows if rater is None else rows.filter(rater=rater)
