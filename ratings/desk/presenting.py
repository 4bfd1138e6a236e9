"""What the card template gets: an assignment, and what its rater has said so far. Knows no source."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

from django.utils.safestring import mark_safe

from ratings.desk.forms import BEST_CARD, PLACE, PLACES, places_of
from ratings.desk.words import (
    CONFIDENCE_WORDS,
    DOUBT_WORDS,
    FLAG_REASONS,
    KEYS,
    MARK_WORDS,
    PLACE_WORDS,
    REASON_WORDS,
    SKIP_REASONS,
    how_words,
    script_words,
)
from ratings.slots.services import PastRating
from ratings.studies.form import BEST, RatingForm, read_form
from ratings.studies.rendering import render_line

#: One mark a position. Shapes, because letters and numbers suggest an order.
MARKS = ("diamond", "circle", "triangle")


def present(view: Mapping[str, Any], said: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The context of the card form. said: a body of CONTRACT.md (a draft, or the rating to revise)."""
    said = said or {}
    form = read_form(view["form"])
    answer = view["question"]["answer"]
    progress = view["progress"]
    quota = progress["quota"]
    return {
        "token": view["token"],
        "asks": form,
        # A callable: templates call it where a whole page needs it, and swaps never do.
        "page_words": partial(page_words, form),
        "how": how_words(form),
        "question": view["question"]["html"],
        "answer": _set_answer(answer),
        "choices": [
            {**choice, "is_answer": answer.startswith(f"({choice['label']})")}
            for choice in view["question"]["choices"]
        ],
        "cards": _cards(view, form, said),
        "place_type": "checkbox" if form.kind == BEST and form.ties else "radio",
        "place_words": PLACE_WORDS[form.kind],
        "all_bad": bool(said.get("all_bad")),
        "comment": said.get("comment", ""),
        # As text: a number would be written with the language's own decimal sign.
        "active_seconds": str(said.get("active_seconds", "")),
        "reasons": _reasons(form),
        "confidence": _chosen(CONFIDENCE_WORDS, [str(said.get("confidence"))]) if form.confidence else (),
        "doubts": _chosen(DOUBT_WORDS, _list(said.get("doubts"))) if form.doubts else (),
        "skip_reasons": SKIP_REASONS.items(),
        "flag_reasons": FLAG_REASONS.items(),
        "progress": progress,
        "left": None if quota is None else max(quota - progress["done"], 0),
    }


def page_words(form: RatingForm) -> dict[str, Any]:
    """The context of templates/desk/_after.html: keys, and what the script says."""
    return {"keys": KEYS, "words": script_words(form)}


@lru_cache(maxsize=2_000)
def _set_answer(answer: str) -> str:
    """The given answer, its formulas set; the assignment holds it as text, for programs compare it."""
    return mark_safe(render_line(answer)) if "$" in answer or "\\" in answer else answer


def _cards(view: Mapping[str, Any], form: RatingForm, said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What each card shows, in the order of positions."""
    places = places_of(said)
    wrong, reasons = _dict(said.get("first_wrong_step")), _dict(said.get("reasons"))
    cards = []
    for card, mark in zip(view["cards"], MARKS, strict=False):
        token = card["token"]
        cards.append(
            {
                "token": token,
                "html": card["html"],
                "steps": card["steps"] if form.first_wrong_step else (),
                "wrong": wrong.get(token, ""),
                "reasons": _list(reasons.get(token)),
                "mark": mark,
                "name": MARK_WORDS[mark],
                "places": _places(token, form, places.get(token, "")),
            }
        )
    return cards


def _places(token: str, form: RatingForm, place: str) -> list[tuple[str, str, str, Any, bool]]:
    """(name, value, place, words, checked) of each control that gives a place."""
    words = PLACE_WORDS[form.kind]
    if form.kind == BEST and not form.ties:
        return [(BEST_CARD, token, "1", words[0], place == "1")]
    return [
        (PLACE + token, value, value, said, place == value)
        for value, said in zip(PLACES, words, strict=False)
    ]


def _reasons(form: RatingForm) -> list[tuple[str, Any]]:
    """(code, words) of each chip; a study's own reasons are said in the study's own words."""
    words: dict[str, Any] = {**REASON_WORDS, **dict(form.own_reasons)}
    return [(code, words[code]) for code in form.reasons]


def _chosen(offered: Mapping[str, Any], said: list[str]) -> list[tuple[str, Any, bool]]:
    return [(code, words, code in said) for code, words in offered.items()]


def _list(value: Any) -> list[str]:
    """A draft holds whatever was sent."""
    return [str(part) for part in value] if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def said_by(rating: PastRating) -> dict[str, Any]:
    """A stored rating as the body that would make it again."""
    body: dict[str, Any] = {"ranking": rating.ranking}
    if rating.assignment["form"]["kind"] == "best_worst" and len(rating.ranking) == 3:
        # The one between them was not named.
        body["ranking"] = [rating.ranking[0], rating.ranking[2]]
    if rating.all_bad:
        body["all_bad"] = True
    for name in ("comment", "first_wrong_step", "reasons", "confidence", "doubts"):
        if value := getattr(rating, name):
            body[name] = value
    return body


def present_past(rating: PastRating) -> dict[str, Any]:
    """A row of the last ten: the question, and the marks in the order that the rater gave them."""
    marks = {
        card["token"]: (mark, MARK_WORDS[mark])
        for card, mark in zip(rating.assignment["cards"], MARKS, strict=False)
    }
    return {
        "key": rating.rating,
        "question": rating.assignment["question"]["html"],
        "groups": [[marks[card] for card in group if card in marks] for group in rating.ranking],
        "all_bad": rating.all_bad,
        "skipped": rating.skipped,
        "revision": rating.revision,
        "submitted_at": rating.submitted_at,
    }
