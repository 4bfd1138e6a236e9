"""The names that cards and steps have on one assignment's page, and the page's JSON. Knows positions, no source.

A name is a keyed hash of the assignment's random token and a position. It tells nothing about what stands there,
differs on every assignment, and needs no row of its own.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.translation import get_language

from ratings.studies.form import RatingForm
from ratings.studies.orders import ORDERS


@lru_cache(maxsize=1)
def _key(secret_key: str) -> bytes:
    return hashlib.blake2b(secret_key.encode(), person=b"card names").digest()


def _name(assignment_token: str, place: str) -> str:
    message = f"{assignment_token}:{place}".encode()
    return hashlib.blake2b(message, key=_key(settings.SECRET_KEY), digest_size=9).hexdigest()


def card_names(assignment_token: str) -> list[str]:
    """The three cards' names, by position."""
    return [_name(assignment_token, str(position)) for position in range(3)]


def step_names(assignment_token: str, *, position: int, count: int) -> list[str]:
    """The names of the steps of the card in one position."""
    return [_name(assignment_token, f"{position}:{step}") for step in range(count)]


def assignment_view(
    *,
    token: str,
    order: int,
    content: str | dict[str, Any],
    lease_expires_at: datetime,
    done: int,
    quota: int | None,
    form: RatingForm,
) -> dict[str, Any]:
    """The assignment of CONTRACT.md: what a rater's page or program gets, and all that it gets.

    order: 0-5, decides which of the content's cards (by source index) stands in which position.
    content: the triple's stored JSON, rendered and sanitised when the study was made. An instruction check is stored
    in several languages, and shown in the one that the page speaks.
    form: a pairwise one shows the cards in the order's first two positions.
    """
    stored = json.loads(content) if isinstance(content, str) else content
    if "languages" in stored:
        stored = stored["languages"].get(get_language(), stored)
    names = card_names(token)
    cards = []
    for position, source in enumerate(ORDERS[order][: form.shown]):
        card = stored["cards"][source]
        steps = step_names(token, position=position, count=len(card["steps"]))
        cards.append(
            {
                "token": names[position],
                "html": card["html"],
                "steps": [
                    {"token": name, "html": html} for name, html in zip(steps, card["steps"], strict=True)
                ],
            }
        )
    return {
        "token": token,
        "lease_expires_at": lease_expires_at.isoformat().replace("+00:00", "Z"),
        "question": stored["question"],
        "cards": cards,
        "form": form.as_json(),
        "progress": {"done": done, "quota": quota},
    }
