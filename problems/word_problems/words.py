"""The people and the things of the stories. Everything is counted in twos and more: no plural of one."""

from __future__ import annotations

from dataclasses import dataclass

NAMES = (
    "Leo", "Mia", "Sam", "Zoe", "Tom", "Ana", "Ben", "Eva", "Ali", "Ida", "Max", "Lin", "Omar", "Nina", "Hugo", "Rosa",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Thing:
    """One, several, and what several of them are kept in."""

    one: str
    many: str
    boxes: str


THINGS = (
    Thing("apple", "apples", "baskets"),
    Thing("egg", "eggs", "boxes"),
    Thing("marble", "marbles", "bags"),
    Thing("book", "books", "shelves"),
    Thing("coin", "coins", "jars"),
    Thing("card", "cards", "packs"),
    Thing("pencil", "pencils", "cups"),
    Thing("cookie", "cookies", "plates"),
    Thing("button", "buttons", "tins"),
    Thing("shell", "shells", "buckets"),
    Thing("rose", "roses", "vases"),
    Thing("sticker", "stickers", "sheets"),
    Thing("candle", "candles", "crates"),
    Thing("lemon", "lemons", "bowls"),
)
