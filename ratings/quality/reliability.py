"""From measures to a summary: which thresholds of the study's mix a rater missed, each with its numbers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ratings.quality.measures import Measures
from ratings.studies.quality_mix import QualityMix

#: Fewer answers than this are too few to judge a share by.
MIN_ANSWERS = 5
#: So many missed thresholds look careless; one may happen to anybody.
CARELESS_AT = 2


class Level(StrEnum):
    FINE = "fine"
    LOOK = "look"
    CARELESS = "careless"
    UNKNOWN = "unknown"


LEVEL_WORDS = {
    Level.FINE: "Attentive",
    Level.LOOK: "One doubt",
    Level.CARELESS: "Looks careless",
    Level.UNKNOWN: "Too few answers",
}


@dataclass(frozen=True, slots=True)
class Signal:
    """One question asked of the measures. value: a share or a count; None while there is too little to say.

    missed: whether the threshold was missed. said: the numbers behind it, in words.
    """

    name: str
    label: str
    value: float | None
    threshold: float
    missed: bool
    said: str


def signals(measures: Measures, mix: QualityMix) -> list[Signal]:
    """Every threshold of the mix, in the order of the page."""
    m = measures
    checks = m.checks_passed + m.checks_failed
    planned = max(mix.checks, checks)
    return [
        _signal(
            "checks",
            "Instruction checks",
            m.checks_failed if checks else None,
            # Whoever fails every check fails, also where there is only one.
            min(mix.max_failed_checks, planned - 1) if planned else mix.max_failed_checks,
            f"{m.checks_passed} of {checks} passed",
            most=True,
        ),
        _signal(
            "degraded",
            "Degraded cards ranked below",
            m.degraded_share if m.degraded_pairs >= 2 else None,
            mix.min_degraded,
            f"last {m.degraded_last} of {m.degraded}, first {m.degraded_first}",
            most=False,
        ),
        _signal(
            "repeats",
            "Repeats decided alike",
            m.repeat_share if m.repeat_pairs >= 3 else None,
            mix.min_repeat,
            f"{m.repeat_alike} of {m.repeat_pairs} pairs",
            most=False,
        ),
        _signal(
            "speed",
            "Faster than one can read",
            m.too_fast_share if m.timed >= MIN_ANSWERS else None,
            mix.max_too_fast,
            f"{m.too_fast} of {m.timed} ratings",
            most=True,
        ),
        _signal(
            "position",
            "First places by position",
            m.position_p,
            mix.position_p,
            " / ".join(map(str, m.firsts)),
            most=False,
        ),
        _signal(
            "empty",
            "Skipped or all bad",
            m.empty_share if m.ratings + m.skips >= MIN_ANSWERS else None,
            mix.max_empty,
            f"{m.skips} skips, {m.all_bad} all bad",
            most=True,
        ),
    ]


def _signal(name: str, label: str, value: float | None, threshold: float, said: str, *, most: bool) -> Signal:
    missed = value is not None and (value > threshold if most else value < threshold)
    return Signal(name=name, label=label, value=value, threshold=threshold, missed=missed, said=said)


def level_of(found: list[Signal]) -> Level:
    """How a rater looks at a glance. No ground for anything: people decide, with the numbers before them."""
    missed = sum(signal.missed for signal in found)
    if missed >= CARELESS_AT:
        return Level.CARELESS
    if missed:
        return Level.LOOK
    # The last two say something about everybody; only the others tell attention.
    known = any(signal.value is not None for signal in found[:4])
    return Level.FINE if known else Level.UNKNOWN
