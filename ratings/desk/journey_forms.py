"""From the fields of the journey's forms to the bodies that its services take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import QueryDict

from ratings.studies.journey import COMPREHENSION, CONSENT, DEBRIEF

ANSWER, GUESS = "answer-", "guess-"


def read_stage_body(stage: str, data: QueryDict) -> dict[str, Any]:
    """What a form says in a stage; fields of other stages are not read."""
    return _READERS[stage](data) if stage in _READERS else {}


def _consent(data: QueryDict) -> dict[str, Any]:
    said = {"yes": True, "no": False}.get(data.get("consents", ""))
    body = {"version": data.get("version", ""), "consents": said}
    return body | {"after_declining": True} if data.get("after_declining") else body


def _comprehension(data: QueryDict) -> dict[str, Any]:
    answers = {number: _number(said) for number, said in _named(data, ANSWER).items()}
    return {"try": _number(data.get("try", "")), "answers": answers}


def _debrief(data: QueryDict) -> dict[str, Any]:
    guesses: dict[str, dict[str, str]] = {}
    for name, said in _named(data, GUESS).items():
        assignment, _, card = name.partition("-")
        guesses.setdefault(assignment, {})[card] = said
    # A choice is sent as its number, a text as it was written.
    answers: dict[str, int | str | None] = dict(_named(data, ANSWER))
    answers |= {number: _number(said) for number, said in _named(data, "choice-").items()}
    comment = data.get("comment", "").replace("\r\n", "\n")
    return {"guesses": guesses, "answers": answers, "comment": comment}


def _named(data: QueryDict, prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): str(said) for name, said in data.items() if name.startswith(prefix)}


def _number(text: str) -> int | str:
    """The whole number that a text is, or the text itself, for the service to refuse."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


_READERS: dict[str, Callable[[QueryDict], dict[str, Any]]] = {
    CONSENT: _consent,
    COMPREHENSION: _comprehension,
    DEBRIEF: _debrief,
}
