"""What a rater sees of the journey: the present stage and what it needs, for the page and for programs alike.

Knows positions and tokens of cards; no source.
"""

from __future__ import annotations

from typing import Any

from ratings.crowd.panels import completion_of
from ratings.journeys.comprehension import asked_now, last_try
from ratings.journeys.reveal import reveal_is_open
from ratings.journeys.standing import Standing, guessable, practice_counts
from ratings.slots.cards import card_names
from ratings.slots.models import PersonalItem, Rater, Rating, Slot
from ratings.studies.instructions import render_prose
from ratings.studies.journey import COMPREHENSION, CONSENT, DEBRIEF, INSTRUCTIONS, PRACTICE, Journey
from ratings.studies.orders import ORDERS


def show(standing: Standing) -> dict[str, Any]:
    """The journey of docs/api: {"stage", "stages", "completion", "reveal", and the present stage's own part}."""
    shown: dict[str, Any] = {
        "stage": standing.stage,
        "stages": list(standing.journey.stages),
        **show_ending(standing),
    }
    if standing.stage in _PARTS:
        shown[standing.stage] = _PARTS[standing.stage](standing)
    return shown


def show_ending(standing: Standing) -> dict[str, Any]:
    """{"completion": {"outcome", "code", "url"} or None, "reveal": whether there is one to look at now}."""
    ended = completion_of(Rater.objects.select_related("study").get(pk=standing.rater_id))
    completed = None if ended is None else {"outcome": ended.outcome, "code": ended.code, "url": ended.url}
    return {"completion": completed, "reveal": reveal_is_open(standing)}


def show_consent(journey: Journey) -> dict[str, Any]:
    return {"version": journey.consent_version, "html": render_prose(journey.consent)}


def _consent(standing: Standing) -> dict[str, Any]:
    return show_consent(standing.journey)


def _instructions(standing: Standing) -> dict[str, Any]:
    return {"html": render_prose(standing.session.instructions)}


def _practice(standing: Standing) -> dict[str, Any]:
    answered, planned = practice_counts(standing)
    return {"done": answered, "planned": planned, "feedback": _feedback(standing)}


def _feedback(standing: Standing) -> dict[str, Any] | None:
    """What there was to notice in the last practice item, in terms of its cards; None before the first."""
    rating = (
        Rating.objects.filter(rater_id=standing.rater_id, kind=Slot.Kind.PRACTICE, current=True)
        .select_related("assignment__slot")
        .order_by("-assignment_id")
        .first()
    )
    if rating is None or rating.order is None:
        return None
    item = PersonalItem.objects.get(slot_id=rating.assignment.slot_id)
    sources = list(ORDERS[rating.order][: standing.session.form.shown])
    token = rating.assignment.token
    names = dict(zip(sources, card_names(token), strict=False))
    content = item.content or {}
    told = item.expected
    return {
        "assignment": token,
        "question": content["question"],
        "cards": [
            {
                "token": names[source],
                "html": content["cards"][source]["html"],
                "note": told["notes"][source] if told.get("notes") else "",
            }
            for source in sources
        ],
        "yours": _groups(rating.ranking, names),
        "careful": _groups(told.get("ranking") or [], names),
        "skipped": rating.skipped,
        "html": told.get("feedback", ""),
    }


def _groups(ranking: list[list[int]], names: dict[int, str]) -> list[list[str]]:
    """A ranking of sources as one of the cards that were shown."""
    groups = [[names[source] for source in group if source in names] for group in ranking]
    return [sorted(group) for group in groups if group]


def _comprehension(standing: Standing) -> dict[str, Any]:
    check, last = standing.journey.comprehension, last_try(standing)
    asked = asked_now(standing, last)
    return {
        "try": last.number + 1 if last else 1,
        "tries": check.tries,
        "questions": [
            {
                "number": index,
                "html": render_prose(check.questions[index].question),
                "choices": list(check.questions[index].choices),
                "said": last.answers.get(str(index)) if last else None,
                "explanation": render_prose(check.questions[index].explanation) if last else "",
            }
            for index in asked
        ],
        "right": len(check.questions) - len(asked),
    }


def explained(standing: Standing) -> list[dict[str, Any]]:
    """The questions that the last try got wrong, with what there is to know about them: for who is screened out."""
    return [part for part in _comprehension(standing)["questions"] if part["explanation"]]


def _debrief(standing: Standing) -> dict[str, Any]:
    debrief = standing.journey.debrief
    return {
        "triples": [_triple(standing, rating) for rating in guessable(standing)] if debrief.guess else [],
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


def _triple(standing: Standing, rating: Rating) -> dict[str, Any]:
    assert rating.order is not None  # by `guessable`
    content, token = rating.triple.content, rating.assignment.token
    sources = ORDERS[rating.order][: standing.session.form.shown]
    return {
        "assignment": token,
        "question": content["question"],
        "cards": [
            {"token": name, "html": content["cards"][source]["html"]}
            for name, source in zip(card_names(token), sources, strict=False)
        ],
    }


_PARTS = {
    CONSENT: _consent,
    INSTRUCTIONS: _instructions,
    PRACTICE: _practice,
    COMPREHENSION: _comprehension,
    DEBRIEF: _debrief,
}
