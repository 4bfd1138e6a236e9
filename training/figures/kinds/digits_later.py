"""Longer sums that join at a later iteration (Zelikman et al. 2022, figure 5): what becomes of those known so far.

The paper adds digits at iteration 20; learning becomes less stable, and many unseen, longer sums are solved.
"""

from __future__ import annotations

from collections.abc import Sequence

from training.figures.curves import (
    ALL,
    DEVIATION,
    MARKS,
    AccuracyRun,
    mean_numbers,
    panel,
    points_of,
    single_numbers,
)
from training.figures.errors import NothingToDraw
from training.figures.types import Figure

NAME = "digits-later"
TITLE = "Longer sums that join late"
ABOUT = (
    "Share of held-out sums of each length that the model adds right. The lengths that join are measured from the "
    "start and learned from the marked iteration on. " + DEVIATION
)


def build(runs: Sequence[AccuracyRun]) -> Figure:
    """One panel. Raises NothingToDraw for a run in which nothing joins, and for runs that differ in what does."""
    joining = {(run.later_from, run.later_groups) for run in runs}
    if len(joining) != 1 or not min(joining)[0]:
        raise NothingToDraw(
            "Runs of this figure add the same digits at the same iteration; these do not:"
            f" {', '.join(f'{run.facts.label} ({_words(run)})' for run in runs)}.",
            details={"runs": [run.facts.label for run in runs]},
        )
    ((when, groups),) = joining
    points = points_of(runs)
    title = f"{', '.join(groups)} digits from iteration {when} on"
    shown = [point for point in points if point.group != ALL]
    numbers = [*single_numbers(runs), *mean_numbers(points)]
    drawn = panel(shown, key="figure-digits-later", title=title, of="digits", rule=when)
    return Figure(NAME, TITLE, ABOUT, [drawn], numbers, [run.facts for run in runs], MARKS)


def _words(run: AccuracyRun) -> str:
    return f"{', '.join(run.later_groups)} at {run.later_from}" if run.later_from else "none"
