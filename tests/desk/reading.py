"""Reads the card form off a page, as a browser without scripts would send it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_INPUT = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r'([a-z_-]+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class CardForm:
    """The token of the assignment, the cards' tokens by position, and the place checked for each."""

    token: str
    cards: list[str]
    places: dict[str, str]
    all_bad: bool

    def fields(self, *places: int | None, **others: str) -> dict[str, str]:
        """What is sent when the cards get these places, by position; None leaves a card out."""
        given = {
            f"place-{card}": str(place)
            for card, place in zip(self.cards, places, strict=True)
            if place is not None
        }
        return {"token": self.token, **given, **others}


def read_form(html: str) -> CardForm:
    """Raises ValueError when there is no card form on the page."""
    token, cards, places, all_bad = "", [], {}, False
    for tag in _INPUT.findall(html):
        attributes = dict(_ATTRIBUTE.findall(tag))
        name, checked = attributes.get("name", ""), " checked" in tag
        if name == "token":
            token = attributes["value"]
        elif name == "all_bad":
            all_bad = checked
        elif name == "best":
            cards.append(attributes["value"])
            if checked:
                places[attributes["value"]] = "1"
        elif name.startswith("place-"):
            card = name.removeprefix("place-")
            if card not in cards:
                cards.append(card)
            if checked:
                places[card] = attributes["value"]
    if not token or len(cards) not in (2, 3):
        raise ValueError("no card form on this page")
    return CardForm(token=token, cards=cards, places=places, all_bad=all_bad)
