"""Counting a club's votes. Pure: rankings are groups of source indices, best first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SOURCES = 3


@dataclass(frozen=True, slots=True)
class Tally:
    """n votes about one triple, or about several.

    firsts: (3,), by source index: how often it was put first; k sources that share the first place get 1/k each.
    bests: how many votes put anything first ("all bad" without a ranking does not).
    beats: (3, 3): beats[a][b] votes put a above b. all_bad: how many said that all of them are bad.
    """

    votes: int
    bests: int
    firsts: tuple[float, ...]
    beats: tuple[tuple[int, ...], ...]
    all_bad: int

    @property
    def shares(self) -> tuple[float, ...]:
        """(3,): the share of first places; zeros where nobody gave one."""
        return tuple(first / self.bests if self.bests else 0.0 for first in self.firsts)


def tally(votes: Iterable[tuple[Sequence[Sequence[int]], bool]]) -> Tally:
    """votes: (ranking, all_bad) of each. A source that was left out of a ranking is not compared."""
    firsts = [0.0] * SOURCES
    beats = [[0] * SOURCES for _ in range(SOURCES)]
    counted = bests = bad = 0
    for ranking, all_bad in votes:
        counted += 1
        bad += all_bad
        bests += bool(ranking)
        for source in ranking[0] if ranking else ():
            firsts[source] += 1 / len(ranking[0])
        for place, group in enumerate(ranking):
            for lower in ranking[place + 1 :]:
                for a in group:
                    for b in lower:
                        beats[a][b] += 1
    return Tally(counted, bests, tuple(firsts), tuple(map(tuple, beats)), bad)
