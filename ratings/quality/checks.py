"""Instruction checks: items whose question says what to do, in words that the study's form can express. Pure.

The rules of panels such as Prolific shape them: an attention check is an explicit instruction, easy to see, that has
nothing to do with opinion or memory; failing one is the only ground on which pay may be withheld, and only when a
study's length allows it (`failures_to_reject`). What a person prefers is never checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

from ratings.studies.form import BEST, BEST_WORST, PAIRWISE, RatingForm
from ratings.studies.orders import ORDERS
from ratings.studies.rendering import render_triple

#: The marks of the desk's cards and what programs call them, by position.
CARDS = ("the diamond (the first card)", "the circle (the second card)", "the triangle (the third card)")

_OPENING = "This question checks that questions are read. Please do just what it says."
_FILLING = (
    "There is nothing to judge on this card. The question says what to do.",
    "This card holds no argument. What to do is said in the question.",
    "Nothing here is right or wrong. Please do as the question says.",
)

#: Prolific: one failed check is enough only in a study that takes less than five minutes.
SHORT_STUDY_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Check:
    """One instruction. content: in the form of Triple.content. expected: what `is_passed` reads, in source indices."""

    content: dict[str, Any]
    expected: dict[str, Any]


def make_check(form: RatingForm, *, order: int, random: Random) -> Check:
    """An instruction for this form, for cards shown in this order (0-5)."""
    shown = ORDERS[order][: form.shown]
    positions = list(range(form.shown))
    random.shuffle(positions)
    kinds = ["order", "all_bad"] if form.all_bad else ["order"]
    if random.choice(kinds) == "all_bad":
        # No name of a button: pages are in several languages, and an item is written before anybody opens one.
        said = "Say that all of them are bad, with the button for that below the cards, and send it."
        expected: dict[str, Any] = {"all_bad": True}
    else:
        said, places = _instruction(form, positions, random)
        expected = {name: shown[position] for name, position in places.items()}
    filling = list(_FILLING)
    random.shuffle(filling)
    return Check(content=_rendered(said, tuple(filling)), expected=expected)


@lru_cache(maxsize=1_000)
def _rendered(said: str, filling: tuple[str, ...]) -> dict[str, Any]:
    """There are a few dozen different checks, and thousands of raters at once."""
    return render_triple(question=f"{_OPENING}\n\n{said}", choices=[], answer="", rationales=filling)


def _instruction(form: RatingForm, positions: Sequence[int], random: Random) -> tuple[str, dict[str, int]]:
    """What to do, and which position is to be `first` and which `last`, as far as it is said."""
    first, last = CARDS[positions[0]], CARDS[positions[-1]]
    if form.kind == BEST:
        return f"Choose {first} as the best, whatever the cards say.", {"first": positions[0]}
    if form.kind == BEST_WORST:
        both = {"first": positions[0], "last": positions[-1]}
        return f"Choose {first} as the best and {last} as the worst, whatever the cards say.", both
    if form.kind == PAIRWISE:
        return f"Put {first} before the other card, whatever they say.", {"first": positions[0]}
    if random.random() < 0.5:
        return f"Give {first} the first place, and the others any place you like.", {"first": positions[0]}
    said = f"Give {first} the first place, {CARDS[positions[1]]} the second and {last} the third."
    return said, {"first": positions[0], "last": positions[-1]}


def is_passed(expected: Mapping[str, Any], *, ranking: Sequence[Sequence[int]], all_bad: bool) -> bool:
    """Whether an answer did what the instruction said. ranking: groups of source indices, best first."""
    if expected.get("all_bad"):
        return all_bad
    if not ranking or list(ranking[0]) != [expected["first"]]:
        return False
    return "last" not in expected or (len(ranking) > 1 and list(ranking[-1]) == [expected["last"]])


def failures_to_reject(usual_seconds: float | None) -> int:
    """How many failed checks a panel's rules ask for before pay may be withheld; two where the length is not known."""
    return 1 if usual_seconds is not None and usual_seconds < SHORT_STUDY_SECONDS else 2
