"""What the card template gets: an assignment, and what its rater has said so far. Knows no source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ratings.desk.forms import PLACES, SKIP_REASONS, places_of
from ratings.slots.services import PastRating

#: One mark a position. Shapes, because letters and numbers suggest an order.
MARKS = ("diamond", "circle", "triangle")
PLACE_WORDS = tuple(zip(PLACES, ("1st", "2nd", "3rd"), strict=True))


def present(view: Mapping[str, Any], said: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The context of the card form. said: a body of CONTRACT.md (a draft, or the rating to revise)."""
    said = said or {}
    places = places_of(said)
    answer = view["question"]["answer"]
    return {
        "token": view["token"],
        "question": view["question"]["html"],
        "answer": answer,
        "choices": [
            {**choice, "is_answer": answer.startswith(f"({choice['label']})")}
            for choice in view["question"]["choices"]
        ],
        "cards": [
            {
                "token": card["token"],
                "html": card["html"],
                "mark": mark,
                "place": places.get(card["token"], ""),
            }
            for card, mark in zip(view["cards"], MARKS, strict=True)
        ],
        "places": PLACE_WORDS,
        "all_bad": bool(said.get("all_bad")),
        "comment": said.get("comment", ""),
        "active_seconds": said.get("active_seconds", ""),
        "skip_reasons": SKIP_REASONS.items(),
        "progress": view["progress"],
    }


def said_by(rating: PastRating) -> dict[str, Any]:
    """A stored rating as the body that would make it again."""
    body: dict[str, Any] = {"ranking": rating.ranking}
    if rating.all_bad:
        body["all_bad"] = True
    for name in ("comment", "first_wrong_step", "reasons", "confidence"):
        if value := getattr(rating, name):
            body[name] = value
    return body


def present_past(rating: PastRating) -> dict[str, Any]:
    """A row of the last ten: the question, and the marks in the order that the rater gave them."""
    marks = {card["token"]: mark for card, mark in zip(rating.assignment["cards"], MARKS, strict=True)}
    return {
        "key": rating.rating,
        "question": rating.assignment["question"]["html"],
        "groups": [[marks[card] for card in group] for group in rating.ranking],
        "all_bad": rating.all_bad,
        "skipped": rating.skipped,
        "revision": rating.revision,
        "submitted_at": rating.submitted_at,
    }
