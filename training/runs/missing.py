"""What a model learned from and no row tells: earlier versions stored neither what STaR replayed nor hinted copies."""

from __future__ import annotations

from django.db.models import Count

from training.runs.models import Algorithm, TrainingRun
from training.runs.selectors import drawn_for


def examples_missing(run: TrainingRun) -> dict[int, int]:
    """By iteration of STaR: of the examples that were counted when it trained, so many have no row; those with none
    missing are left out. One statement for the rows of all iterations."""
    if run.algorithm != Algorithm.STAR:
        return {}
    counted = {
        one.number: one.counts["examples"]
        for one in run.iterations.all()
        if one.number and "examples" in one.counts
    }
    if not counted:
        return {}
    stored = run.examples.aggregate(
        **{f"of_{number}": Count("pk", filter=drawn_for(run, number)) for number in counted}
    )
    missing = {number: count - stored[f"of_{number}"] for number, count in counted.items()}
    return {number: count for number, count in missing.items() if count > 0}


def missing_words(missing: int) -> str:
    """Above a list of what an iteration's model learned from."""
    one = missing == 1
    return (
        f"{missing:,} more example{'' if one else 's'} {'was' if one else 'were'} learned from, of which nothing is"
        " stored: the version of the program that trained this model kept no rows of what was replayed or copied with"
        " its hint."
    )
