"""From one ranking to ordered pairs of sources. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from ratings.exports.keys import ExportKeys

#: What becomes of a tie: no row; two rows, one each way; one row, its direction drawn.
DROP, BOTH, HALF = TIES = ("drop", "both", "half")


class OrderedPair(NamedTuple):
    """Source indices."""

    chosen: int
    rejected: int
    tied: bool


def comparisons(ranking: Sequence[Sequence[int]], *, beaten: Sequence[int] = ()) -> Iterator[OrderedPair]:
    """Each pair of sources that a rating compares, once, in the study's order of sources; ties in that order too.

    A source left out of the ranking is in no pair, but for those that it says are beaten: each of them is below every
    ranked one, and they are not compared with each other (RatingForm.beaten).
    """
    place = {source: number for number, group in enumerate([*ranking, beaten]) for source in group}
    for a, b in combinations(sorted(place), 2):
        if a in beaten and b in beaten:
            continue
        better, worse = (a, b) if place[a] <= place[b] else (b, a)
        yield OrderedPair(better, worse, tied=place[a] == place[b])


def ordered_pairs(
    ranking: Sequence[Sequence[int]], *, ties: str, key: str, keys: ExportKeys, beaten: Sequence[int] = ()
) -> Iterator[OrderedPair]:
    """The pairs of `comparisons` as rows of preference data.

    ties: "drop"; "both": each tie both ways, so that it counts as a whole comparison each way; "half": once, by a coin
    keyed with the rating (`key`), so that over many ratings a tie counts half each way.
    """
    for pair in comparisons(ranking, beaten=beaten):
        a, b = pair.chosen, pair.rejected
        if not pair.tied:
            yield pair
        elif ties == BOTH:
            yield pair
            yield OrderedPair(b, a, tied=True)
        elif ties == HALF:
            yield pair if keys.first_wins_tie(key, a, b) else OrderedPair(b, a, tied=True)
