"""Sentences with a number that does not matter."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from problems.word_problems.types import Theme


@dataclass(frozen=True, slots=True)
class _Distractor:
    """`{d}` is the number. `unfit`: themes in whose stories the sentence might matter."""

    text: str
    unfit: frozenset[Theme] = frozenset()


_DISTRACTORS = (
    _Distractor("{b} is {d} years old.", frozenset([Theme.AGES])),
    _Distractor("{c} has {d} {others}.", frozenset([Theme.KEEPING, Theme.SHOPPING])),
    _Distractor("It is {d} degrees outside."),
    _Distractor("{a} lives at number {d}."),
    _Distractor("The walk home takes {d} minutes.", frozenset([Theme.TRAVEL])),
    _Distractor("{c} has a shirt with the number {d}."),
)

#: How often a story has no, one or two distractors.
_COUNTS = (0, 1, 1, 1, 2)


def draw_distractors(
    rng: random.Random, theme: Theme, words: Mapping[str, str], *, taken: set[int]
) -> list[tuple[str, int]]:
    """None, one or two sentences with their numbers, which are unlike each other and those `taken` by the story."""
    fitting = [one for one in _DISTRACTORS if theme not in one.unfit]
    chosen = rng.sample(fitting, rng.choice(_COUNTS))
    free = [number for number in range(5, 40) if number not in taken]
    numbers = rng.sample(free, len(chosen))
    return [
        (one.text.format_map({**words, "d": str(number)}), number)
        for one, number in zip(chosen, numbers, strict=True)
    ]
