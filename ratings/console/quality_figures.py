"""The quality page's numbers in words. Pure. Names no source."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ratings.console.figures import MISSING, write_p, write_percent
from ratings.quality.reliability import LEVEL_WORDS, Level, Signal
from ratings.quality.selectors import RaterQuality, StudyQuality, active_seconds_of
from ratings.studies.pay import Pay

TONES = {Level.FINE: "good", Level.LOOK: "warn", Level.CARELESS: "bad", Level.UNKNOWN: ""}
PAYMENT_TONES = {"undecided": "", "approved": "good", "rejected": "bad"}


@dataclass(frozen=True, slots=True)
class SignalCell:
    """One signal in a table: its value, the numbers behind it, and its threshold in words."""

    name: str
    label: str
    value: str
    said: str
    threshold: str
    missed: bool


def cell(signal: Signal) -> SignalCell:
    return SignalCell(
        name=signal.name,
        label=signal.label,
        value=MISSING if signal.value is None else _value(signal.name, signal.value),
        said=signal.said,
        threshold=_threshold(signal),
        missed=signal.missed,
    )


def _value(name: str, value: float) -> str:
    if name == "checks":
        return f"{value:.0f} failed"
    return f"p {write_p(value)}" if name == "position" else f"{100 * value:.0f}%"


def _threshold(signal: Signal) -> str:
    if signal.name == "checks":
        return f"at most {signal.threshold:.0f} failed"
    if signal.name == "position":
        return f"p of at least {signal.threshold:g}"
    most = "at most" if signal.name in ("speed", "empty") else "at least"
    return f"{most} {write_percent(signal.threshold)}"


@dataclass(frozen=True, slots=True)
class RaterRow:
    """A rater as the table and the page show one."""

    rater: RaterQuality
    cells: list[SignalCell]
    level: str
    tone: str
    pace: str
    minutes: str
    hourly: str
    #: The same without the currency, for a column that names it.
    rate: str
    earned_note: str
    payment_tone: str


def row(rater: RaterQuality, pay: Pay) -> RaterRow:
    return RaterRow(
        rater=rater,
        cells=[cell(signal) for signal in rater.signals],
        level=LEVEL_WORDS[rater.level],
        tone=TONES[rater.level],
        pace=MISSING if rater.relative_pace is None else f"{rater.relative_pace:.2g}×",
        minutes=minutes_of(active_seconds_of(rater.measures)),
        hourly=money(rater.hourly, pay),
        rate=MISSING if rater.hourly is None else f"{rater.hourly:,.2f}",
        earned_note=_earned_note(rater, pay),
        payment_tone=PAYMENT_TONES[rater.payment],
    )


def _earned_note(rater: RaterQuality, pay: Pay) -> str:
    """What the hour's rate is made of."""
    if rater.hourly is None:
        return "told once this rater is through"
    earned = money(pay.earned(rater.measures.answered).quantize(Decimal("0.01")), pay)
    around = f" and {minutes_of(rater.stage_seconds)} around it" if rater.stage_seconds else ""
    return f"{earned} for the active time{around}"


def minutes_of(seconds: float | None) -> str:
    return MISSING if not seconds else f"{seconds / 60:,.1f} min"


def money(amount: Decimal | None, pay: Pay) -> str:
    return MISSING if amount is None else f"{pay.currency} {amount:,.2f}"


def context_of(found: StudyQuality) -> dict[str, Any]:
    """The part of the page that does not depend on who looks."""
    paid = sum(rater.hourly is not None for rater in found.raters)
    return {
        "paid_note": f"median of {paid:,} who are through" if paid else "nobody is through yet",
        "levels": [(LEVEL_WORDS[level], TONES[level], found.count(level)) for level in Level],
        "excluded": sum(not rater.included for rater in found.raters),
        "median_hourly": money(found.median_hourly, found.pay),
        "floor": money(found.pay.hourly_floor, found.pay),
        "unfair": len(found.unfair),
        "median_session": minutes_of(found.median_session),
    }
