"""What the researcher's pages read about studies. Nothing here is by source."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from accounts.errors import NotFound
from problems.text import legible
from ratings.desk.words import FLAG_REASONS, SKIP_REASONS, Words
from ratings.slots.models import Flag, Rater, Rating, Slot
from ratings.slots.progress import StudyProgress, study_progress
from ratings.studies.models import Study, Triple

#: Rows of the lists beside a study's progress.
SHOWN_REMARKS = 20


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study in the list of studies."""

    study: Study
    planned: int
    rated: int
    parked: int
    raters: int

    @property
    def next_step(self) -> tuple[str, str]:
        """What to do next, and the page where it is done."""
        state = self.study.state
        if state == Study.State.DRAFT:
            return "Check the lint and open it", "console:study"
        if state == Study.State.CLOSED:
            return "Read the results", "console:results"
        if state == Study.State.PAUSED:
            return "Resume or close it", "console:study"
        if not self.raters:
            return "Invite raters", "console:raters"
        if self.parked:
            return "Look at parked slots", "console:study"
        if self.rated >= self.planned:
            return "All rated: close it", "console:study"
        return "Watch it", "console:study"


def study_rows(studies: Sequence[Study]) -> list[StudyRow]:
    """Three statements, however many studies there are."""
    keys = [study.pk for study in studies]
    slots: dict[int, Counter[str]] = defaultdict(Counter)
    counted = Slot.objects.filter(study_id__in=keys, kind=Slot.Kind.NORMAL).values_list("study_id", "state")
    for key, state, count in counted.annotate(count=Count("pk")).order_by():
        slots[key][state] = count
    raters = _count_by_study(Rater.objects.filter(study_id__in=keys))
    triples = _count_by_study(Triple.objects.filter(study_id__in=keys))
    return [
        StudyRow(
            study=study,
            planned=slots[study.pk].total() or triples[study.pk] * study.ratings_per_triple,
            rated=slots[study.pk]["rated"],
            parked=slots[study.pk]["parked"],
            raters=raters[study.pk],
        )
        for study in studies
    ]


def _count_by_study(rows: QuerySet[Any]) -> Counter[int]:
    return Counter(dict(rows.values_list("study_id").annotate(count=Count("pk")).order_by()))


@dataclass(frozen=True, slots=True)
class Watched:
    """A study's progress with what raters said about single triples."""

    progress: StudyProgress
    #: (triple, slots parked)
    parked: list[tuple[int, int]]
    #: (reason in words, how often)
    skip_reasons: list[tuple[str, int]]
    #: (flag, its reason in words, its comment), both legible.
    flags: list[tuple[Flag, str, str]]
    flag_count: int


def in_words(code: str, offered: Mapping[str, Words]) -> str:
    """What the desk's form says for a code; a program's own reason as it stands, but for what can not be seen."""
    return str(offered[code]) if code in offered else legible(code)


def watch_study(study: Study) -> Watched:
    flags = Flag.objects.filter(assignment__triple__study=study)
    skips = Rating.objects.filter(study=study, current=True, skipped=True).values_list("skip_reason")
    parked = Slot.objects.filter(study=study, state=Slot.State.PARKED, kind=Slot.Kind.NORMAL).values_list(
        "triple__number"
    )
    return Watched(
        progress=study_progress(study),
        parked=list(parked.annotate(count=Count("pk")).order_by("triple__number")[:SHOWN_REMARKS]),
        skip_reasons=[
            (in_words(reason, SKIP_REASONS), count)
            for reason, count in skips.annotate(count=Count("pk")).order_by("-count", "skip_reason")[
                :SHOWN_REMARKS
            ]
        ],
        flags=[
            (flag, in_words(flag.reason, FLAG_REASONS), legible(flag.comment))
            for flag in flags.select_related("assignment__triple", "assignment__rater").order_by("-pk")[
                :SHOWN_REMARKS
            ]
        ],
        flag_count=flags.count(),
    )


def raters_of(study: Study) -> QuerySet[Rater]:
    """A study's raters, newest first; `last_seen` and `links` (those that still work) beside them."""
    live = Q(tokens__revoked_at=None) & (
        Q(tokens__expires_at=None) | Q(tokens__expires_at__gt=timezone.now())
    )
    return (
        Rater.objects.filter(study=study)
        .annotate(
            last_seen=Max("tokens__last_used_at"),
            links=Count("tokens", filter=live & Q(tokens__purpose="link")),
        )
        .order_by("-pk")
    )


def get_rater(study: Study, name: str) -> Rater:
    """Raises NotFound."""
    rater = Rater.objects.filter(study=study, name=name).first()
    if rater is None:
        raise NotFound(
            f"Study {study.name!r} has no rater named {name[:100]!r}.",
            code="unknown_rater",
            details={"study": study.name, "rater": name[:100]},
        )
    return rater


def get_triple(study: Study, number: int) -> Triple:
    """Raises NotFound."""
    triple = Triple.objects.filter(study=study, number=number).select_related("question").first()
    if triple is None:
        raise NotFound(
            f"Study {study.name!r} has no triple {number}.",
            code="unknown_triple",
            details={"study": study.name, "triple": number},
        )
    return triple
