"""Where a rater stands: who asks, in which study, on which journey; and the one way to move on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ratings.crowd.models import PanelEntry
from ratings.slots.models import Assignment, PersonalItem, Rater, Rating, Slot
from ratings.slots.records import RaterSession
from ratings.slots.services import require_study
from ratings.slots.sessions import find_rater
from ratings.slots.stages import move_stage
from ratings.studies.journey import DEBRIEF, PASSED, Journey, next_stage, read_journey
from ratings.studies.models import Study

#: What a practice item is once it needs no more answer.
_ANSWERED = (Assignment.State.RATED, Assignment.State.SKIPPED, Assignment.State.SURPLUS)


@dataclass(frozen=True, slots=True)
class Standing:
    """A rater with the journey of the study.

    waits: set by whoever looked (`services.finish_rating`): nothing is free now, but something may still come.
    """

    session: RaterSession
    journey: Journey
    unblinded: bool
    waits: bool = False

    @property
    def stage(self) -> str:
        return self.session.stage

    @property
    def rater_id(self) -> int:
        return self.session.rater_id


def stand(secret: str, *, study: str | None = None, lock: bool = False) -> Standing:
    """Where the rater behind a secret stands. Raises NotAuthenticated; PermissionRefused for another study's name.

    lock: hold the rater's row until the transaction ends, so that two tabs take turns.
    """
    session = find_rater(secret, lock=lock)
    require_study(session, study)
    row = Study.objects.filter(pk=session.study_id).values_list("journey", "unblinded_at").get()
    journey = read_journey(row[0])
    if not journey.ends and PanelEntry.objects.filter(rater_id=session.rater_id).exists():
        journey = replace(journey, panel=True)
    return Standing(session=session, journey=journey, unblinded=row[1] is not None)


def move_on(standing: Standing, outcome: str, *, consent: str = "") -> Standing:
    """Ends the stage and notes it. The caller holds the rater's row. Raises NoSuchMove.

    consent: the version of the consent that this move is about. A debrief that has nothing to ask is passed over.
    """
    entered = next_stage(standing.journey, standing.stage, outcome)
    if entered == DEBRIEF and not has_debrief(standing):
        entered = next_stage(standing.journey, entered, PASSED)
    if entered == standing.stage:
        return standing
    given = consent if outcome == PASSED and consent else standing.session.consent
    move_stage(standing.rater_id, left=standing.stage, entered=entered, outcome=outcome, consent=consent)
    if given != standing.session.consent:
        Rater.objects.filter(pk=standing.rater_id).update(consent=given)
    return replace(standing, session=replace(standing.session, stage=entered, consent=given))


def has_debrief(standing: Standing) -> bool:
    debrief = standing.journey.debrief
    if not standing.session.rated:
        return False  # "all rated" would be no question to ask of somebody who rated nothing
    return bool(debrief.questions) or debrief.comment or (debrief.guess and bool(guessable(standing)))


#: Left out of the last ones, a degraded triple or a repeat would be told by its absence; a check says what it is.
_ASKED_ABOUT = (Slot.Kind.NORMAL, Slot.Kind.DEGRADED, Slot.Kind.REPEAT)


def guessable(standing: Standing) -> list[Rating]:
    """The ratings of the last few triples, newest first, whose cards the rater is asked about again; of a triple that
    was asked twice the last one."""
    said = Rating.objects.filter(
        rater_id=standing.rater_id, kind__in=_ASKED_ABOUT, current=True, skipped=False, order__isnull=False
    )
    wanted = standing.journey.debrief.guess_triples
    found: dict[int, Rating] = {}
    last = said.select_related("assignment__slot", "triple").order_by("-assignment_id")
    for rating in last[: 2 * wanted]:  # no triple comes more than twice
        found.setdefault(rating.triple_id, rating)
    return list(found.values())[:wanted]


def practice_counts(standing: Standing) -> tuple[int, int]:
    """(answered, planned) practice items of this rater."""
    planned = PersonalItem.objects.filter(rater_id=standing.rater_id, kind=Slot.Kind.PRACTICE).count()
    answered = Assignment.objects.filter(
        rater_id=standing.rater_id, kind=Slot.Kind.PRACTICE, state__in=_ANSWERED
    )
    return answered.count(), planned
