"""The debrief: questions of the study's own, a comment, and who may have written the cards of the last triples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ratings.journeys.errors import UnknownQuestion
from ratings.journeys.models import BlindingGuess, DebriefAnswers
from ratings.journeys.standing import Standing, guessable, move_on
from ratings.slots.body import MAX_COMMENT_CHARACTERS, is_storable
from ratings.slots.cards import card_names
from ratings.slots.errors import InvalidField
from ratings.slots.models import Rating
from ratings.studies.journey import PASSED, DebriefQuestion
from ratings.studies.orders import ORDERS


def answer_debrief(standing: Standing, body: Mapping[str, Any]) -> Standing:
    """Stores what was said, all of it optional, and ends the rater's way."""
    debrief = standing.journey.debrief
    guesses = _read_guesses(standing, body.get("guesses")) if debrief.guess else _none_asked(body, "guesses")
    answers = _read_answers(body.get("answers"), debrief.questions)
    comment = _text(body.get("comment"), "comment") if debrief.comment else ""
    DebriefAnswers.objects.create(rater_id=standing.rater_id, answers=answers, comment=comment)
    BlindingGuess.objects.bulk_create(guesses)
    return move_on(standing, PASSED)


def shown_sources(rating: Rating, shown: int) -> list[int]:
    """The source index in each of the positions that the rater saw."""
    assert rating.order is not None  # by `guessable`
    return list(ORDERS[rating.order][:shown])


def _none_asked(body: Mapping[str, Any], field: str) -> list[BlindingGuess]:
    if body.get(field):
        raise UnknownQuestion(
            "Nothing was asked about who wrote what.",
            details={"field": field, "value": repr(body[field])[:200], "expected": "nothing"},
        )
    return []


def _read_guesses(standing: Standing, value: Any) -> list[BlindingGuess]:
    asked = {rating.assignment.token: rating for rating in guessable(standing)}
    guesses = []
    for token, said in _object(value, "guesses").items():
        if token not in asked:
            raise _unasked(f"guesses.{token[:50]}", said, list(asked))
        rating = asked[token]
        sources = shown_sources(rating, standing.session.form.shown)
        cards = dict(zip(card_names(token), sources, strict=False))
        for card, who in _object(said, f"guesses.{token}").items():
            field = f"guesses.{token}.{card[:50]}"
            if card not in cards:
                raise _unasked(field, who, list(cards))
            if who not in BlindingGuess.Said.values:
                raise _invalid(field, who, f"one of {', '.join(BlindingGuess.Said.values)}")
            guesses.append(BlindingGuess(assignment=rating.assignment, source_index=cards[card], said=who))
    return guesses


def _read_answers(value: Any, questions: tuple[DebriefQuestion, ...]) -> dict[str, int | str]:
    numbered = {str(index): question for index, question in enumerate(questions)}
    read: dict[str, int | str] = {}
    for key, said in _object(value, "answers").items():
        field = f"answers.{key[:50]}"
        if key not in numbered:
            raise _unasked(field, said, list(numbered))
        choices = numbered[key].choices
        if not choices:
            if text := _text(said, field):
                read[key] = text
        elif isinstance(said, bool) or not isinstance(said, int) or not 0 <= said < len(choices):
            raise _invalid(field, said, f"a choice from 0 to {len(choices) - 1}")
        else:
            read[key] = said
    return read


def _object(value: Any, field: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _invalid(field, value, "an object")
    return value


def _text(value: Any, field: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_COMMENT_CHARACTERS or not is_storable(value):
        raise _invalid(field, value, f"text of at most {MAX_COMMENT_CHARACTERS} characters without NUL")
    return value.strip()


def _invalid(field: str, value: Any, expected: str) -> InvalidField:
    return InvalidField(
        f"{field}: expected {expected}.",
        details={"field": field, "value": repr(value)[:200], "expected": expected},
    )


def _unasked(field: str, value: Any, asked: list[str]) -> UnknownQuestion:
    return UnknownQuestion(
        "An answer to something that was not asked.",
        details={"field": field, "value": repr(value)[:200], "expected": asked},
    )
