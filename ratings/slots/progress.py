"""How far a study is: for the researcher's pages and commands, never in the rater's loop."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils import timezone

from ratings.slots.models import Rater, Rating, Slot
from ratings.studies.models import Study


@dataclass(frozen=True, slots=True)
class StudyProgress:
    """Counts of the plan's slots by state, and of what raters did with them; personal items are not in them.

    beside: of the ratings those of paper clubs, which count like others and fill no slot of the plan.
    """

    planned: int
    open: int
    held: int
    lapsed: int
    rated: int
    parked: int
    ratings: int
    skips: int
    surplus: int
    beside: int
    raters: int


def study_progress(study: Study) -> StudyProgress:
    now = timezone.now()
    planned_slots = Slot.objects.filter(study=study, kind=Slot.Kind.NORMAL, replicate__isnull=False)
    slots = planned_slots.aggregate(
        planned=Count("pk"),
        open=Count("pk", filter=Q(state="open")),
        held=Count("pk", filter=Q(state="held", lease_expires_at__gte=now)),
        lapsed=Count("pk", filter=Q(state="held", lease_expires_at__lt=now)),
        rated=Count("pk", filter=Q(state="rated")),
        parked=Count("pk", filter=Q(state="parked")),
    )
    ratings = Rating.objects.filter(study=study, current=True, kind=Slot.Kind.NORMAL).aggregate(
        ratings=Count("pk", filter=Q(skipped=False, surplus=False)),
        beside=Count("pk", filter=Q(skipped=False, surplus=False, assignment__slot__replicate__isnull=True)),
        skips=Count("pk", filter=Q(skipped=True)),
        surplus=Count("pk", filter=Q(surplus=True)),
    )
    planned = slots["planned"] or study.triples.count() * study.ratings_per_triple
    slots["planned"] = planned
    return StudyProgress(**slots, **ratings, raters=Rater.objects.filter(study=study).count())


def unpark(study: Study) -> int:
    """Opens the parked slots of the plan again; returns how many."""
    parked = Slot.objects.filter(study=study, state=Slot.State.PARKED, kind=Slot.Kind.NORMAL)
    return parked.update(state=Slot.State.OPEN, skips=0)
