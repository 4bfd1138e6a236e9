"""What a rater's answers show about how they were given: numbers, each with how many answers stand behind it. Pure.

Nothing here knows a gold preference: a degraded card is worse because we made it so, a repeat is compared with the same
rater's own word, and an instruction says what to do. Two people may rank everything differently and both be careful.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from statistics import median
from typing import Any

from ratings.quality.checks import is_passed
from ratings.studies.form import RatingForm
from ratings.studies.orders import ORDERS
from ratings.studies.quality_mix import QualityMix

#: Fewer strict first places than this say nothing about positions.
MIN_FIRSTS = 6
EXACT_UP_TO = 60

Ranking = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Said:
    """One current answer of one rater.

    ranking: groups of source indices, best first. order: 0-5, None where not known. seconds: active ones, None where
    not measured. characters: of the question and the cards that were shown, 0 where nothing had to be read.
    expected: of an item, as on PersonalItem.
    """

    kind: str
    triple: int
    ranking: Ranking = ()
    all_bad: bool = False
    skipped: bool = False
    order: int | None = None
    seconds: float | None = None
    characters: int = 0
    focus_losses: int = 0
    away_seconds: int = 0
    expected: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measures:
    """One rater in numbers.

    ratings: normal ones, skips apart. answered: everything but practice, skips apart: what is paid by the piece.
    degraded_above / degraded_pairs: of the intact cards compared with a degraded one, how many stood above it (a tie
    is half). repeat_alike / repeat_pairs: of the pairs judged twice, how many were decided alike.
    too_fast / timed: ratings given faster than they can be read. pace: median seconds per 1,000 characters.
    firsts: how often the card in each position alone was ranked first. position_p: how likely that is by chance.
    same_order / ordered: how many rankings are, by position, the one that was given most often.
    """

    ratings: int = 0
    answered: int = 0
    skips: int = 0
    all_bad: int = 0
    checks_passed: int = 0
    checks_failed: int = 0
    degraded: int = 0
    degraded_last: int = 0
    degraded_first: int = 0
    degraded_above: float = 0.0
    degraded_pairs: int = 0
    repeats: int = 0
    repeat_alike: int = 0
    repeat_pairs: int = 0
    timed: int = 0
    too_fast: int = 0
    pace: float | None = None
    median_seconds: float | None = None
    active_seconds: float = 0.0
    measured: int = 0
    focus_losses: int = 0
    away_seconds: int = 0
    firsts: tuple[int, ...] = (0, 0, 0)
    position_p: float | None = None
    same_order: int = 0
    ordered: int = 0

    @property
    def degraded_share(self) -> float | None:
        return self.degraded_above / self.degraded_pairs if self.degraded_pairs else None

    @property
    def repeat_share(self) -> float | None:
        return self.repeat_alike / self.repeat_pairs if self.repeat_pairs else None

    @property
    def too_fast_share(self) -> float | None:
        return self.too_fast / self.timed if self.timed else None

    @property
    def empty_share(self) -> float | None:
        """Of everything that was asked, the share that was skipped or called all bad."""
        asked = self.ratings + self.skips
        return (self.skips + self.all_bad) / asked if asked else None


def measure(said: Sequence[Said], *, form: RatingForm, mix: QualityMix) -> Measures:
    """Everything about one rater. said: the current answers in the order in which they were first given."""
    normal = [one for one in said if one.kind == "normal" and not one.skipped]
    answered = [one for one in said if not one.skipped]
    checks = [one for one in answered if one.kind == "check"]
    passed = sum(is_passed(one.expected, ranking=one.ranking, all_bad=one.all_bad) for one in checks)
    degraded = [one for one in answered if one.kind == "degraded"]
    places = [_degraded_place(one, form) for one in degraded]
    repeats = _repeats(normal, answered, form)
    read = [one for one in answered if one.seconds is not None and one.characters and one.kind != "practice"]
    seconds = [one.seconds for one in answered if one.seconds is not None]
    firsts = _firsts(normal, form)
    return Measures(
        ratings=len(normal),
        answered=sum(one.kind != "practice" for one in answered),
        skips=sum(one.skipped and one.kind == "normal" for one in said),
        all_bad=sum(one.all_bad for one in normal),
        checks_passed=passed,
        checks_failed=len(checks) - passed,
        degraded=len(degraded),
        degraded_last=sum(place.is_last for place in places),
        degraded_first=sum(place.is_first for place in places),
        degraded_above=sum(place.above for place in places),
        degraded_pairs=sum(place.pairs for place in places),
        repeats=len(repeats),
        repeat_alike=sum(alike for alike, _ in repeats),
        repeat_pairs=sum(pairs for _, pairs in repeats),
        timed=len(read),
        too_fast=sum((one.seconds or 0.0) * mix.fastest < one.characters for one in read),
        pace=median((one.seconds or 0.0) * 1000 / one.characters for one in read) if read else None,
        median_seconds=median(seconds) if seconds else None,
        active_seconds=sum(seconds),
        measured=len(seconds),
        focus_losses=sum(one.focus_losses for one in said),
        away_seconds=sum(one.away_seconds for one in said),
        firsts=firsts,
        position_p=position_p(firsts[: form.shown]),
        same_order=commonest[1] if (commonest := commonest_pattern(normal)) else 0,
        ordered=sum(one.order is not None and bool(one.ranking) for one in normal),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a degraded card stood among the intact ones. above: how many of `pairs` stood above it."""

    above: float
    pairs: int
    is_last: bool
    is_first: bool


def _degraded_place(one: Said, form: RatingForm) -> _Place:
    card = one.expected["source"]
    others = [source for source in _shown(one, form) if source != card]
    compared = [
        decision for other in others if (decision := decide(one.ranking, other, card, form)) is not None
    ]
    return _Place(
        above=sum((decision + 1) / 2 for decision in compared),
        pairs=len(compared),
        is_last=bool(compared) and all(decision > 0 for decision in compared),
        is_first=bool(compared) and all(decision < 0 for decision in compared),
    )


def _shown(one: Said, form: RatingForm) -> tuple[int, ...]:
    return (0, 1, 2) if one.order is None else ORDERS[one.order][: form.shown]


def decide(ranking: Ranking, a: int, b: int, form: RatingForm) -> int | None:
    """1 where a was ranked above b, -1 below, 0 for a tie, None where the ranking does not compare them."""
    place = {source: number for number, group in enumerate(ranking) for source in group}
    if a in place and b in place:
        return (place[a] < place[b]) - (place[a] > place[b])
    if form.left_out_lose and (a in place or b in place):
        return 1 if a in place else -1
    return None


def _repeats(normal: Sequence[Said], answered: Sequence[Said], form: RatingForm) -> list[tuple[int, int]]:
    """(pairs decided alike, pairs compared both times) of each repeat. Twice "all bad" is one decision, made alike."""
    before = {one.triple: one for one in normal}
    found = []
    for again in answered:
        if again.kind != "repeat" or (first := before.get(again.triple)) is None:
            continue
        if not first.ranking or not again.ranking:
            found.append((int(first.all_bad and again.all_bad), 1))
            continue
        decisions = [
            (decide(first.ranking, a, b, form), decide(again.ranking, a, b, form))
            for a, b in combinations(range(3), 2)
        ]
        both = [(one, other) for one, other in decisions if one is not None and other is not None]
        found.append((sum(one == other for one, other in both), len(both)))
    return found


def _firsts(normal: Sequence[Said], form: RatingForm) -> tuple[int, ...]:
    """How often the card in each position was alone in the first place."""
    counts = [0, 0, 0]
    for one in normal:
        if one.order is not None and one.ranking and len(one.ranking[0]) == 1:
            counts[ORDERS[one.order].index(one.ranking[0][0])] += 1
    return tuple(counts)


def position_p(counts: Sequence[int]) -> float | None:
    """How likely chance makes first places at least this uneven over 2 or 3 positions. None below MIN_FIRSTS.

    A rater's orders are balanced over the positions (ratings.studies.orders), so that whatever a rater prefers, first
    places are even unless the position itself draws them. The exact multinomial test by Pearson's statistic; from
    EXACT_UP_TO first places on its chi-square tail.
    """
    return None if sum(counts) < MIN_FIRSTS else _tail(tuple(sorted(counts)))


@lru_cache(maxsize=10_000)
def _tail(counts: tuple[int, ...]) -> float:
    n, places = sum(counts), len(counts)
    squares = sum(count * count for count in counts)
    if n > EXACT_UP_TO:
        statistic = squares * places / n - n
        # The tail of chi-square has a closed form for one and for two degrees of freedom.
        return math.erfc(math.sqrt(statistic / 2)) if places == 2 else math.exp(-statistic / 2)
    ways = 0
    for first in range(n + 1):
        for second in range(n - first + 1) if places == 3 else (n - first,):
            third = n - first - second
            if first * first + second * second + third * third >= squares:
                ways += math.comb(n, first) * math.comb(n - first, second)
    return ways / float(places) ** n


def pattern(one: Said) -> tuple[tuple[int, ...], ...] | None:
    """The ranking in positions instead of sources."""
    if one.order is None:
        return None
    place = {source: position for position, source in enumerate(ORDERS[one.order])}
    return tuple(tuple(sorted(place[source] for source in group)) for group in one.ranking)


def commonest_pattern(said: Sequence[Said]) -> tuple[tuple[tuple[int, ...], ...], int] | None:
    """The ranking by position that a rater gave most often, and how often."""
    counts = Counter(found for one in said if not one.skipped and (found := pattern(one)))
    return counts.most_common(1)[0] if counts else None
