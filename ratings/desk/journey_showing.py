"""What the templates of a journey get: the stage's own part, with marks and places for cards. Knows no source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from django.utils.translation import gettext_lazy as _

from ratings.desk.instructions import render_instructions
from ratings.desk.journey_forms import ANSWER, GUESS
from ratings.desk.journey_words import ENDINGS, places_in_words, steps_of
from ratings.desk.presenting import MARKS
from ratings.desk.words import MARK_WORDS
from ratings.journeys.services import Standing
from ratings.journeys.showing import explained, show
from ratings.studies.form import RatingForm
from ratings.studies.journey import COMPREHENSION, DEBRIEF, ENDS, PRACTICE, SCREENED_OUT
from ratings.studies.journey_parts import NOTHING_RATED


class Session(Protocol):
    """What the templates ask about who looks: a rater's session, or a preview's."""

    @property
    def form(self) -> RatingForm: ...
    @property
    def instructions(self) -> str: ...


#: What a rater may take a card for.
WRITERS = (("person", _("A person")), ("machine", _("A machine")), ("unsure", _("I can not tell")))


def present_stage(standing: Standing, said: Mapping[str, str] | None = None) -> tuple[str, dict[str, Any]]:
    """Template and context of the present stage. said: the fields of a form that was refused."""
    told = explained(standing) if standing.stage == SCREENED_OUT else []
    return present_shown(standing.session, show(standing), said, told)


def present_shown(
    session: Session,
    shown: Mapping[str, Any],
    said: Mapping[str, str] | None = None,
    told: Sequence[Mapping[str, Any]] = (),
) -> tuple[str, dict[str, Any]]:
    """The same of what `ratings.journeys.showing.show` says. told: what a rater who is screened out had wrong."""
    stage: str = shown["stage"]
    context = {"session": session, **shown}
    if stage in ENDS:
        ended = (shown.get("completion") or {}).get("outcome")
        heading, words = ENDINGS[NOTHING_RATED if ended == NOTHING_RATED else stage]
        ending = {"heading": heading, "words": words, "explained": told}
        return "desk/journey/end.html", context | ending
    context |= steps_of(shown["stages"], stage)
    part = shown.get(stage)
    if stage == PRACTICE:
        part = _practice(shown[stage], session.form.kind)
    elif stage == COMPREHENSION:
        part = _comprehension(shown[stage], said or {})
        context["instructions"] = render_instructions(session.instructions)
    elif stage == DEBRIEF:
        part = _debrief(shown[stage], said or {})
    return f"desk/journey/{stage}.html", context | {"part": part}


def _practice(part: dict[str, Any], kind: str) -> dict[str, Any]:
    """The feedback's cards with their marks, the rater's place and the place that a careful rater would give."""
    told = part["feedback"]
    if told is None:
        return part
    yours, careful = (places_in_words(told[name], kind) for name in ("yours", "careful"))
    cards = [
        {
            **card,
            "mark": mark,
            "name": MARK_WORDS[mark],
            "yours": yours.get(card["token"]),
            "careful": careful.get(card["token"]),
        }
        for card, mark in zip(told["cards"], MARKS, strict=False)
    ]
    agrees = bool(careful) and yours == careful
    return {**part, "feedback": {**told, "cards": cards, "agrees": agrees, "has_careful": bool(careful)}}


def _comprehension(part: dict[str, Any], said: Mapping[str, str]) -> dict[str, Any]:
    questions = []
    for question in part["questions"]:
        chosen = said.get(f"{ANSWER}{question['number']}", "")
        choices = [
            {
                "value": index,
                "words": words,
                "checked": chosen == str(index),
                "was": index == question["said"],
            }
            for index, words in enumerate(question["choices"])
        ]
        questions.append({**question, "choices": choices})
    return {**part, "questions": questions}


def _debrief(part: dict[str, Any], said: Mapping[str, str]) -> dict[str, Any]:
    triples = []
    for triple in part["triples"]:
        cards = []
        for card, mark in zip(triple["cards"], MARKS, strict=False):
            name = f"{GUESS}{triple['assignment']}-{card['token']}"
            marked = {**card, "mark": mark, "mark_name": MARK_WORDS[mark]}
            cards.append({**marked, "name": name, "said": said.get(name, "")})
        triples.append({**triple, "cards": cards})
    questions = []
    for question in part["questions"]:
        name = f"{'choice-' if question['choices'] else ANSWER}{question['number']}"
        questions.append({**question, "name": name, "said": said.get(name, "")})
    return {**part, "triples": triples, "questions": questions, "writers": WRITERS}
