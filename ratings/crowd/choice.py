"""Simulated raters: rankings drawn from known strengths, to test estimators and to fill a study."""

from collections.abc import Sequence

import numpy as np


def draw_ranking(
    rng: np.random.Generator,
    *,
    strengths: Sequence[float],
    shown: Sequence[int],
    left_bias: float,
    tie_width: float,
) -> list[list[int]]:
    """Rank the shown sources as a random-utility rater would; groups of source indices, best first.

    strengths: natural log strength of each source of the study, by source index.
    shown: source index at each position, left to right.
    left_bias: added to the utility of position 0; 0 for none.
    tie_width: not negative. Going down from the best, a source whose utility is less than this below that
    of the one just before it joins its group, so that a group can be wider than tie_width. 0 makes no ties.

    Utility = strength + left_bias at position 0 + standard Gumbel noise, so that without bias and ties
    rankings follow Plackett-Luce and every pair Bradley-Terry, exactly, with these strengths (Luce and
    Suppes 1965). Raises ValueError for a negative tie_width or a shown source that has no strength.
    """
    if tie_width < 0:
        raise ValueError(f"tie_width is {tie_width}; expected 0 or more")
    if any(not 0 <= source < len(strengths) for source in shown):
        raise ValueError(f"shown is {list(shown)}; expected source indices from 0 to {len(strengths) - 1}")
    noise = rng.gumbel(size=len(shown))
    utilities = [
        strengths[source] + (left_bias if position == 0 else 0.0) + float(noise[position])
        for position, source in enumerate(shown)
    ]
    order = sorted(range(len(shown)), key=lambda position: -utilities[position])
    groups: list[list[int]] = []
    for place, position in enumerate(order):
        if place and utilities[order[place - 1]] - utilities[position] < tie_width:
            groups[-1].append(shown[position])
        else:
            groups.append([shown[position]])
    return groups
