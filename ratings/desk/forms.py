"""From the fields of the card form to the body of CONTRACT.md, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

#: A radio group's name is this and the card's token; its values are the places 1, 2 and 3.
PLACE = "place-"
PLACES = ("1", "2", "3")

SKIP_REASONS = {
    "": "No reason",
    "unclear": "The question is unclear",
    "unsure": "I can not judge this",
    "broken": "Something is not shown properly",
    "offensive": "The content is offensive",
}


def read_body(data: QueryDict) -> dict[str, Any]:
    """The rating that a form says. Cards without a place are left out; equal places are ties."""
    places = {name.removeprefix(PLACE): value for name, value in data.items() if name.startswith(PLACE)}
    groups = [[card for card, value in places.items() if value == place] for place in PLACES]
    body: dict[str, Any] = {"ranking": [sorted(group) for group in groups if group]}
    if data.get("all_bad"):
        body["all_bad"] = True
    if comment := str(data.get("comment", "")).strip():
        body["comment"] = comment.replace("\r\n", "\n")
    seconds = read_seconds(data.get("active_seconds"))
    if seconds is not None:
        body["active_seconds"] = seconds
    return body


def read_seconds(value: object) -> float | None:
    """What the page counted; None without a script, or when it is no number of seconds."""
    try:
        seconds = float(str(value))
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def places_of(body: Mapping[str, Any]) -> dict[str, str]:
    """The place of each ranked card of a body: the inverse of `read_body` for what `read_body` made."""
    ranking = body.get("ranking")
    groups = ranking if isinstance(ranking, list) else []
    return {str(card): PLACES[index] for index, group in enumerate(groups[:3]) for card in group}
