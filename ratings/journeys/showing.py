"""What a rater sees of the journey: the present stage and what it needs, for the page and for programs alike.

Knows positions and tokens of cards; no source. The functions `show_…` ask for no rater: a preview calls them too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ratings.crowd.panels import completion_of
from ratings.journeys.comprehension import asked_now, last_try
from ratings.journeys.reveal import reveal_is_open
from ratings.journeys.standing import Standing, guessable, practice_counts
from ratings.slots.cards import card_names
from ratings.slots.models import PersonalItem, Rater, Rating, Slot
from ratings.studies.instructions import render_prose
from ratings.studies.journey import (
    COMPREHENSION,
    CONSENT,
    DEBRIEF,
    DECLINED,
    INSTRUCTIONS,
    PRACTICE,
    Comprehension,
    Debrief,
    Journey,
)
from ratings.studies.orders import ORDERS


def show(standing: Standing) -> dict[str, Any]:
    """The journey of docs/api: {"stage", "stages", "completion", "reveal", and the present stage's own part}."""
    shown: dict[str, Any] = {
        "stage": standing.stage,
        "stages": list(standing.journey.stages),
        **show_ending(standing),
    }
    if standing.stage == DECLINED and standing.session.state in ("open", "paused"):
        # For who tapped the wrong button.
        shown[CONSENT] = show_consent(standing.journey)
    if standing.stage in _PARTS:
        shown[standing.stage] = _PARTS[standing.stage](standing)
    return shown


def show_ending(standing: Standing) -> dict[str, Any]:
    """{"completion": {"outcome", "code", "url"} or None, "reveal": whether there is something of theirs to look at}."""
    ended = completion_of(Rater.objects.select_related("study").get(pk=standing.rater_id))
    completed = None if ended is None else {"outcome": ended.outcome, "code": ended.code, "url": ended.url}
    return {"completion": completed, "reveal": standing.session.rated > 0 and reveal_is_open(standing)}


def show_consent(journey: Journey) -> dict[str, Any]:
    return {"version": journey.consent_version, "html": render_prose(journey.consent)}


def show_instructions(text: str) -> dict[str, Any]:
    return {"html": render_prose(text)}


def show_feedback(
    token: str,
    order: int,
    shown: int,
    *,
    content: Mapping[str, Any],
    told: Mapping[str, Any],
    ranking: Sequence[Sequence[int]],
    skipped: bool,
) -> dict[str, Any]:
    """What there was to notice in a practice item, in terms of its cards.

    shown: how many cards there were. told: as by ratings.slots.practice.told_about. ranking: the rater's, of sources.
    """
    sources = ORDERS[order][:shown]
    names = dict(zip(sources, card_names(token), strict=False))
    return {
        **show_triple(token, order, shown, content=content, notes=told.get("notes") or ()),
        "yours": _groups(ranking, names),
        "careful": _groups(told.get("ranking") or [], names),
        "skipped": skipped,
        "html": told.get("feedback", ""),
    }


def _groups(ranking: Sequence[Sequence[int]], names: Mapping[int, str]) -> list[list[str]]:
    """A ranking of sources as one of the cards that were shown."""
    groups = [[names[source] for source in group if source in names] for group in ranking]
    return [sorted(group) for group in groups if group]


def show_triple(
    token: str,
    order: int,
    shown: int,
    *,
    content: Mapping[str, Any],
    notes: Sequence[str] | None = None,
) -> dict[str, Any]:
    """A triple's cards as they stood on an assignment's page; with what was to be noticed about each, if told."""
    cards = []
    for name, source in zip(card_names(token), ORDERS[order][:shown], strict=False):
        card = {"token": name, "html": content["cards"][source]["html"]}
        cards.append(card if notes is None else {**card, "note": notes[source] if notes else ""})
    return {"assignment": token, "question": content["question"], "cards": cards}


def show_comprehension(
    check: Comprehension, asked: Sequence[int], *, number: int, said: Mapping[str, int] | None
) -> dict[str, Any]:
    """Try `number` of the check. asked: indices of questions. said: the answers before it, if any."""
    return {
        "try": number,
        "tries": check.tries,
        "questions": [
            {
                "number": index,
                "html": render_prose(check.questions[index].question),
                "choices": list(check.questions[index].choices),
                "said": None if said is None else said.get(str(index)),
                "explanation": "" if said is None else render_prose(check.questions[index].explanation),
            }
            for index in asked
        ],
        "right": len(check.questions) - len(asked),
    }


def show_debrief(debrief: Debrief, triples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """triples: those whose cards are asked about, by `show_triple`."""
    return {
        "triples": list(triples),
        "questions": [
            {
                "number": index,
                "html": render_prose(question.question),
                "choices": list(question.choices),
            }
            for index, question in enumerate(debrief.questions)
        ],
        "comment": debrief.comment,
    }


def _consent(standing: Standing) -> dict[str, Any]:
    return show_consent(standing.journey)


def _instructions(standing: Standing) -> dict[str, Any]:
    return show_instructions(standing.session.instructions)


def _practice(standing: Standing) -> dict[str, Any]:
    answered, planned = practice_counts(standing)
    return {"done": answered, "planned": planned, "feedback": _feedback(standing)}


def _feedback(standing: Standing) -> dict[str, Any] | None:
    """That of the last practice item; None before the first."""
    rating = (
        Rating.objects.filter(rater_id=standing.rater_id, kind=Slot.Kind.PRACTICE, current=True)
        .select_related("assignment__slot")
        .order_by("-assignment_id")
        .first()
    )
    if rating is None or rating.order is None:
        return None
    item = PersonalItem.objects.get(slot_id=rating.assignment.slot_id)
    return show_feedback(
        rating.assignment.token,
        rating.order,
        standing.session.form.shown,
        content=item.content or {},
        told=item.expected,
        ranking=rating.ranking,
        skipped=rating.skipped,
    )


def _comprehension(standing: Standing) -> dict[str, Any]:
    last = last_try(standing)
    return show_comprehension(
        standing.journey.comprehension,
        asked_now(standing, last),
        number=last.number + 1 if last else 1,
        said=last.answers if last else None,
    )


def explained(standing: Standing) -> list[dict[str, Any]]:
    """The questions that the last try got wrong, with what there is to know about them: for who is screened out."""
    return [part for part in _comprehension(standing)["questions"] if part["explanation"]]


def _debrief(standing: Standing) -> dict[str, Any]:
    debrief = standing.journey.debrief
    ratings = guessable(standing) if debrief.guess else []
    return show_debrief(debrief, [_triple(standing, rating) for rating in ratings])


def _triple(standing: Standing, rating: Rating) -> dict[str, Any]:
    assert rating.order is not None  # by `guessable`
    shown = standing.session.form.shown
    content = rating.assignment.slot.content or rating.triple.content
    return show_triple(rating.assignment.token, rating.order, shown, content=content)


_PARTS = {
    CONSENT: _consent,
    INSTRUCTIONS: _instructions,
    PRACTICE: _practice,
    COMPREHENSION: _comprehension,
    DEBRIEF: _debrief,
}
