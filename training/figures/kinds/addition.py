"""Addition by number of digits and iteration, with and without rationalization (Zelikman et al. 2022, figure 4).

Without rationalization learning goes stage by stage, n digits after n - 1; with it many lengths rise together.
"""

from __future__ import annotations

from collections.abc import Sequence

from training.figures.curves import (
    DEVIATION,
    MARKS,
    AccuracyRun,
    mean_numbers,
    panel,
    points_of,
    single_numbers,
)
from training.figures.types import Figure

NAME = "addition"
TITLE = "Addition by number of digits, iteration by iteration"
ABOUT = (
    "Share of held-out sums of each length that the model adds right after each iteration of STaR. In the paper "
    "many lengths rise together with rationalization, and without it each waits for the one before. "
    + DEVIATION
)


def build(runs: Sequence[AccuracyRun]) -> Figure:
    """A panel for each arm, in the order in which the arms are first met."""
    arms = list(dict.fromkeys(run.facts.arm for run in runs))
    points = points_of(runs)
    panels = [
        panel(
            [point for point in points if point.arm == arm],
            key=f"figure-addition-{place}",
            title=arm.capitalize(),
            of="digits",
        )
        for place, arm in enumerate(arms, start=1)
    ]
    numbers = [*single_numbers(runs), *mean_numbers(points)]
    return Figure(NAME, TITLE, ABOUT, panels, numbers, [run.facts for run in runs], MARKS)
