"""A rater's practice items: the first of all items, made when the rater enters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ratings.slots.models import PersonalItem, Rater, Slot
from ratings.studies.draw import keyed_hash
from ratings.studies.instructions import render_prose
from ratings.studies.journey import Journey, PracticeItem, read_journey
from ratings.studies.models import Study
from ratings.studies.rendering import render_triple

_CHUNK = 1_000


def plan_practice(study: Study, raters: Sequence[Rater]) -> None:
    """Gives each rater the study's practice items, numbered from 0, and makes the first of them due.

    Call it when the raters' other items are planned, whose numbers begin at ratings.studies.journey_parts.MAX_ITEMS.
    """
    journey = read_journey(study.journey)
    # Of a practice item the triple is only the anchor of its slot.
    anchor = study.triples.order_by("number").first()
    if not journey.practice.items or anchor is None or not raters:
        return
    shown = [(practice_content(item), told_about(item)) for item in journey.practice.items]
    items = (
        PersonalItem(
            rater=rater,
            number=number,
            kind=Slot.Kind.PRACTICE,
            triple=anchor,
            order=_lot(study, rater, "order", chosen) % 6,
            content=shown[chosen][0],
            expected=shown[chosen][1],
        )
        for rater in raters
        for number, chosen in enumerate(chosen_items(study, journey, rater))
    )
    PersonalItem.objects.bulk_create(items, batch_size=_CHUNK)
    Rater.objects.filter(pk__in=[rater.pk for rater in raters]).update(due=0)


def chosen_items(study: Study, journey: Journey, rater: Rater) -> list[int]:
    """Which of the study's practice items this rater gets: drawn by the rater's own lot, kept in their order."""
    practice = journey.practice
    by_lot = sorted(range(len(practice.items)), key=lambda number: _lot(study, rater, "item", number))
    return sorted(by_lot[: practice.count])


def practice_content(item: PracticeItem) -> dict[str, Any]:
    """What is shown, in the form of Triple.content."""
    return render_triple(
        question=item.question,
        choices=[{"label": label, "text": text} for label, text in item.choices],
        answer=item.answer,
        rationales=item.rationales,
    )


def told_about(item: PracticeItem) -> dict[str, Any]:
    """What is told after the submit, rendered: {"feedback": html, "ranking": [[index]], "notes": [html] or []}."""
    return {
        "feedback": render_prose(item.feedback),
        "ranking": [list(group) for group in item.ranking],
        "notes": [render_prose(note) for note in item.notes],
    }


def _lot(study: Study, rater: Rater, what: str, number: int) -> int:
    return keyed_hash(study.seed, "practice", rater.name, what, str(number))
