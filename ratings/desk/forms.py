"""From the fields of the card form to the body of CONTRACT.md, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

#: A radio group's name is this and the card's token; its values are the places 1, 2 and 3.
PLACE = "place-"
PLACES = ("1", "2", "3")
#: One group over all cards where only one can be the best; its values are the cards' tokens.
BEST_CARD = "best"
#: This and the card's token: its first wrong step (empty: none), and codes of what is bad about it.
WRONG = "wrong-"
REASON = "reason-"

#: More is not what the page's script sends.
_MAX_SIGNALS_CHARACTERS = 1_000


def read_body(data: QueryDict) -> dict[str, Any]:
    """The rating that a form says. Cards without a place are left out; equal places are ties."""
    places = {name.removeprefix(PLACE): value for name, value in data.items() if name.startswith(PLACE)}
    if best := data.get(BEST_CARD):
        places = {str(best): "1"}
    groups = [[card for card, value in places.items() if value == place] for place in PLACES]
    body: dict[str, Any] = {"ranking": [sorted(group) for group in groups if group]}
    if data.get("all_bad"):
        body["all_bad"] = True
    if comment := str(data.get("comment", "")).strip():
        body["comment"] = comment.replace("\r\n", "\n")
    seconds = read_seconds(data.get("active_seconds"))
    if seconds is not None:
        body["active_seconds"] = seconds
    return body | _beside(data)


def _beside(data: QueryDict) -> dict[str, Any]:
    """What was said beside the ranking; nothing for what was not."""
    said: dict[str, Any] = {}
    if wrong := {
        name.removeprefix(WRONG): data[name] for name in data if name.startswith(WRONG) and data[name]
    }:
        said["first_wrong_step"] = wrong
    reasons = {
        name.removeprefix(REASON): sorted(data.getlist(name)) for name in data if name.startswith(REASON)
    }
    if reasons:
        said["reasons"] = reasons
    if confidence := str(data.get("confidence", "")):
        said["confidence"] = int(confidence) if confidence in PLACES else confidence
    if doubts := sorted(data.getlist("doubt")):
        said["doubts"] = doubts
    if signals := read_page_signals(data.get("signals")):
        said["signals"] = signals
    return said


def read_page_signals(value: object) -> dict[str, Any]:
    """What the page's script noticed; nothing without a script, or when it is no object: never a reason to refuse."""
    text = str(value or "")
    if len(text) > _MAX_SIGNALS_CHARACTERS:
        return {}
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(read, dict):
        return {}
    return {str(name): number for name, number in read.items() if type(number) is int and 0 <= number < 10**7}


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
