"""The reveal: whose reasoning a rater preferred. Never before nothing can be biased by it any more.

This module and the console's are the only ones of this room that know a source; the rest cannot leak what it has not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from ratings.journeys.errors import NotRevealed, Revealed
from ratings.journeys.models import BlindingGuess
from ratings.journeys.standing import Standing, stand
from ratings.slots.models import Rating, Slot
from ratings.studies.journey import ENDS, SILENT
from ratings.studies.orders import ORDERS
from ratings.studies.selectors import get_study, human_sources, source_labels


def reveal_is_open(standing: Standing) -> bool:
    """Whether this rater may be shown the sources: once the study is closed; while it is open though un-blinded, only
    to raters whose way has ended, for the others still judge."""
    if not standing.journey.reveal or standing.stage in SILENT:
        return False
    return standing.session.state == "closed" or (standing.unblinded and standing.stage in ENDS)


def require_unrevealed(secret: str) -> None:
    """Raises Revealed for who was, or can be, shown the sources: a rating changed now would not be blind."""
    if reveal_is_open(stand(secret)):
        raise Revealed("The sources are revealed to you; your ratings stand as they are.")


@dataclass(frozen=True, slots=True)
class RevealedSource:
    """How often the rater put a source first, of the ratings in which it was shown; a shared first place counts."""

    label: str
    human: bool
    first: int
    shown: int

    @property
    def percent(self) -> int:
        return round(100 * self.first / self.shown) if self.shown else 0


@dataclass(frozen=True, slots=True)
class RevealedCard:
    """position: from 0. place: from 1, or None. said: what the rater took it for (BlindingGuess.Said), or empty."""

    label: str
    human: bool
    html: str
    position: int
    place: int | None
    said: str


@dataclass(frozen=True, slots=True)
class RevealedTriple:
    question: dict[str, Any]
    cards: list[RevealedCard]
    all_bad: bool


@dataclass(frozen=True, slots=True)
class Reveal:
    """sources: the one most often first comes first. guessed, right: guesses but "I can not tell"."""

    sources: list[RevealedSource]
    triples: list[RevealedTriple]
    guessed: int
    right: int

    @property
    def favourite(self) -> RevealedSource | None:
        """The one source that was first more often than each other one."""
        if not self.sources or not self.sources[0].first:
            return None
        tied = len(self.sources) > 1 and self.sources[1].first == self.sources[0].first
        return None if tied else self.sources[0]


def reveal_for(standing: Standing) -> Reveal:
    """What this rater preferred. Raises NotRevealed."""
    if not reveal_is_open(standing):
        raise NotRevealed("There is nothing to show here.")
    study = get_study(standing.session.study_name)
    labels = source_labels(study)
    human = human_sources(study)
    ratings = _ratings(standing)
    shown_count = standing.session.form.shown
    shown = Counter(source for rating in ratings for source in ORDERS[rating.order or 0][:shown_count])
    first = Counter(source for rating in ratings if rating.ranking for source in rating.ranking[0])
    sources = [
        RevealedSource(label=label, human=index in human, first=first[index], shown=shown[index])
        for index, label in enumerate(labels)
    ]
    guesses = _guesses(standing)
    judged = [(source in human, said) for (_, source), said in guesses.items() if said != "unsure"]
    return Reveal(
        sources=sorted(sources, key=lambda source: -source.first),
        triples=[_triple(rating, labels, human, guesses, shown_count) for rating in ratings],
        guessed=len(judged) if human else 0,
        right=sum((said == "person") == is_human for is_human, said in judged) if human else 0,
    )


def _ratings(standing: Standing) -> list[Rating]:
    said = Rating.objects.filter(
        rater_id=standing.rater_id, kind=Slot.Kind.NORMAL, current=True, skipped=False, order__isnull=False
    )
    return list(said.select_related("triple").order_by("assignment_id"))


def _guesses(standing: Standing) -> dict[tuple[int, int], str]:
    rows = BlindingGuess.objects.filter(assignment__rater_id=standing.rater_id).intact()
    return {
        (assignment, source): said
        for assignment, source, said in rows.values_list("assignment_id", "source_index", "said")
    }


def _triple(
    rating: Rating,
    labels: list[str],
    human: frozenset[int],
    guesses: dict[tuple[int, int], str],
    shown: int,
) -> RevealedTriple:
    content = rating.triple.content
    places = {source: place for place, group in enumerate(rating.ranking, start=1) for source in group}
    return RevealedTriple(
        question=content["question"],
        all_bad=rating.all_bad,
        cards=[
            RevealedCard(
                label=labels[source],
                human=source in human,
                html=content["cards"][source]["html"],
                position=position,
                place=places.get(source),
                said=guesses.get((rating.assignment_id, source), ""),
            )
            for position, source in enumerate(ORDERS[rating.order or 0][:shown])
        ],
    )
