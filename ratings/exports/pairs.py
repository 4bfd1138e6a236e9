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


def ordered_pairs(
    ranking: Sequence[Sequence[int]], *, ties: str, key: str, keys: ExportKeys
) -> Iterator[OrderedPair]:
    """Each pair of ranked sources, in the study's order of sources; a source left out is in no pair.

    ties: "drop"; "both": each tie both ways, so that it counts as a whole comparison each way; "half": once, by a coin
    keyed with the rating (`key`), so that over many ratings a tie counts half each way.
    """
    place = {source: number for number, group in enumerate(ranking) for source in group}
    for a, b in combinations(sorted(place), 2):
        if place[a] != place[b]:
            better, worse = (a, b) if place[a] < place[b] else (b, a)
            yield OrderedPair(better, worse, tied=False)
        elif ties == BOTH:
            yield OrderedPair(a, b, tied=True)
            yield OrderedPair(b, a, tied=True)
        elif ties == HALF:
            chosen, rejected = (a, b) if keys.first_wins_tie(key, a, b) else (b, a)
            yield OrderedPair(chosen, rejected, tied=True)
