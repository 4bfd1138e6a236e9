"""Instruction checks: items whose question says what to do, in words that the study's form can express. Pure.

The rules of panels such as Prolific shape them: an attention check is an explicit instruction, easy to see, that has
nothing to do with opinion or memory; failing one is the only ground on which pay may be withheld, and only when a
study's length allows it (`failures_to_reject`). What a person prefers is never checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

from ratings.studies.form import BEST, BEST_WORST, PAIRWISE, RatingForm
from ratings.studies.orders import ORDERS
from ratings.studies.rendering import render_triple

#: Says words in another language; `{card}` and the like stay in them.
Tongue = Callable[[str], str]


def _(words: str) -> str:
    """Marks words for tools.messages."""
    return words


#: The marks of the desk's cards and what programs call them, by position.
CARDS = (
    _("the diamond (the first card)"),
    _("the circle (the second card)"),
    _("the triangle (the third card)"),
)

_OPENING = _("This question checks that questions are read. Please do just what it says.")
_FILLING = (
    _("There is nothing to judge on this card. The question says what to do."),
    _("This card holds no argument. What to do is said in the question."),
    _("Nothing here is right or wrong. Please do as the question says."),
)
# No name of a button: an item is written before anybody opens a page.
_ALL_BAD = _("Say that all of them are bad, with the button for that below the cards, and send it.")
_BEST = _("Choose {first} as the best, whatever the cards say.")
_BEST_WORST = _("Choose {first} as the best and {last} as the worst, whatever the cards say.")
_BETTER = _("Put {first} before the other card, whatever they say.")
_FIRST = _("Give {first} the first place, and the others any place you like.")
_EACH = _("Give {first} the first place, {second} the second and {last} the third.")

#: Prolific: one failed check is enough only in a study that takes less than five minutes.
SHORT_STUDY_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Check:
    """One instruction. content: in the form of Triple.content, and under "languages" the same for each language but
    English. expected: what `is_passed` reads, in source indices."""

    content: dict[str, Any]
    expected: dict[str, Any]


def make_check(
    form: RatingForm, *, order: int, random: Random, tongues: Mapping[str, Tongue] | None = None
) -> Check:
    """An instruction for this form, for cards shown in this order (0-5). tongues: by language code.

    A rater's language is not known before a page is opened, so an instruction is written in all of them.
    """
    shown = ORDERS[order][: form.shown]
    positions = list(range(form.shown))
    random.shuffle(positions)
    kinds = ["order", "all_bad"] if form.all_bad else ["order"]
    if random.choice(kinds) == "all_bad":
        said = _ALL_BAD
        expected: dict[str, Any] = {"all_bad": True}
    else:
        said, places = _instruction(form, positions, random)
        expected = {name: shown[position] for name, position in places.items()}
    filling = list(_FILLING)
    random.shuffle(filling)
    content = _written(said, positions, filling, str)
    if tongues:
        others = {code: _written(said, positions, filling, tongue) for code, tongue in tongues.items()}
        content = {**content, "languages": others}
    return Check(content=content, expected=expected)


def _written(said: str, positions: Sequence[int], filling: Sequence[str], tongue: Tongue) -> dict[str, Any]:
    """The instruction in one language, in the form of Triple.content."""
    cards = [tongue(CARDS[position]) for position in positions]
    named = tongue(said).format(first=cards[0], second=cards[1], last=cards[-1])
    return _rendered(f"{tongue(_OPENING)}\n\n{named}", tuple(tongue(words) for words in filling))


@lru_cache(maxsize=1_000)
def _rendered(question: str, filling: tuple[str, ...]) -> dict[str, Any]:
    """There are a few dozen different checks, and thousands of raters at once."""
    return render_triple(question=question, choices=[], answer="", rationales=filling)


def _instruction(form: RatingForm, positions: Sequence[int], random: Random) -> tuple[str, dict[str, int]]:
    """What to do, and which position is to be `first` and which `last`, as far as it is said."""
    both = {"first": positions[0], "last": positions[-1]}
    if form.kind == BEST:
        return _BEST, {"first": positions[0]}
    if form.kind == BEST_WORST:
        return _BEST_WORST, both
    if form.kind == PAIRWISE:
        return _BETTER, {"first": positions[0]}
    if random.random() < 0.5:
        return _FIRST, {"first": positions[0]}
    return _EACH, both


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
