"""What the templates of a journey get: the stage's own part, with marks and places for cards. Knows no source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from ratings.desk.instructions import render_instructions
from ratings.desk.journey_forms import ANSWER, GUESS
from ratings.desk.journey_words import ENDINGS, places_in_words, steps_of
from ratings.desk.presenting import MARKS
from ratings.desk.words import MARK_WORDS
from ratings.journeys.services import Standing
from ratings.journeys.showing import explained, show
from ratings.studies.journey import COMPREHENSION, DEBRIEF, ENDS, PRACTICE, SCREENED_OUT

#: What a rater may take a card for.
WRITERS = (("person", _("A person")), ("machine", _("A machine")), ("unsure", _("I can not tell")))


def present_stage(standing: Standing, said: Mapping[str, str] | None = None) -> tuple[str, dict[str, Any]]:
    """Template and context of the present stage. said: the fields of a form that was refused."""
    shown = show(standing)
    context = {"session": standing.session, "stage": standing.stage, **shown}
    if standing.stage in ENDS:
        return "desk/journey/end.html", context | _ending(standing)
    context |= steps_of(shown["stages"], standing.stage)
    part = shown[standing.stage]
    if standing.stage == PRACTICE:
        part = _practice(part, standing.session.form.kind)
    elif standing.stage == COMPREHENSION:
        part = _comprehension(part, said or {})
        context["instructions"] = render_instructions(standing.session.instructions)
    elif standing.stage == DEBRIEF:
        part = _debrief(part, said or {})
    return f"desk/journey/{standing.stage}.html", context | {"part": part}


def _ending(standing: Standing) -> dict[str, Any]:
    heading, words = ENDINGS[standing.stage]
    return {
        "heading": heading,
        "words": words,
        "explained": explained(standing) if standing.stage == SCREENED_OUT else [],
    }


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
