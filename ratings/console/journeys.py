"""Raters before and after rating, for the researcher's pages: where they are, and whether they saw through."""

from __future__ import annotations

from typing import Any

from ratings.console.figures import write_interval, write_number, write_p
from ratings.journeys.watching import watch_journey
from ratings.studies.models import Study

STAGE_WORDS = {
    "consent": "At the consent",
    "instructions": "At the instructions",
    "practice": "In practice",
    "comprehension": "At the check",
    "rating": "Rating",
    "debrief": "At the debrief",
    "done": "Finished",
    "nothing_rated": "Nothing rated",
    "declined": "Declined",
    "withdrawn": "Left",
    "screened_out": "Screened out",
    "failed_check": "Failed checks",
}
_INDICES = (
    ("bang_people", "Bang's, people's cards"),
    ("bang_machines", "Bang's, machines' cards"),
    ("james", "James's, all cards"),
)


def present_journey(study: Study) -> dict[str, Any] | None:
    """The context of templates/console/_journey.html; None for a study without a journey."""
    watched = watch_journey(study)
    if watched is None:
        return None
    return {"watched": watched, "stages": [(STAGE_WORDS[stage], count) for stage, count in watched.stages]}


def present_blinding(found: dict[str, Any] | None) -> dict[str, Any] | None:
    """The context of templates/console/_blinding.html. found: `blinding` of an analysis."""
    if found is None:
        return None
    rows = [{"words": words, **_row(found[name])} for name, words in _INDICES]
    return {**found, "rows": rows, "sentence": _sentence(found)}


def _row(report: dict[str, Any]) -> dict[str, str]:
    low, high = (write_number(report[end]) for end in ("low", "high"))
    return {
        "index": write_number(report["index"]),
        "interval": write_interval(low, high),
        "p": write_p(report["p_two_sided"]),
    }


def _sentence(found: dict[str, Any]) -> str:
    """What the indices say together. Bang's two lean against each other where raters lean to one answer, so that
    seeing through shows in James's, whose interval then lies below guessing."""
    low, high = found["james"]["low"], found["james"]["high"]
    if low is None or high is None:
        return "Too little was guessed to say whether raters saw through the blinding."
    if high < 0.5:
        return "Raters could tell people from machines better than by guessing."
    if low > 0.5:
        return "Raters could not tell people from machines: they were unsure, or wrong more often than by guessing."
    return "Nothing says that raters could tell people from machines."
