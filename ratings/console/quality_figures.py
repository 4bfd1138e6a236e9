"""The quality page's numbers in words, and its charts, each with its table. Pure but for Altair. Names no source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jobs.charts import Chart
from ratings.console.figures import MISSING, write_p, write_percent
from ratings.quality.reliability import LEVEL_WORDS, Level, Signal
from ratings.quality.selectors import RaterQuality, StudyQuality, active_seconds_of
from ratings.studies.pay import Pay

TONES = {Level.FINE: "good", Level.LOOK: "warn", Level.CARELESS: "bad", Level.UNKNOWN: ""}
#: The desk's own marks would be taken for cards.
_SHAPES = {Level.FINE: "circle", Level.LOOK: "square", Level.CARELESS: "cross", Level.UNKNOWN: "triangle-up"}
PAYMENT_TONES = {"undecided": "", "approved": "good", "rejected": "bad"}
#: A picture of more points shows none of them; the table is paged anyway.
MAX_POINTS = 2_000


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
    earned: str
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
        earned=money(pay.earned(rater.measures.answered).quantize(Decimal("0.01")), pay)
        if pay.is_said
        else MISSING,
        payment_tone=PAYMENT_TONES[rater.payment],
    )


def minutes_of(seconds: float | None) -> str:
    return MISSING if not seconds else f"{seconds / 60:,.1f} min"


def money(amount: Decimal | None, pay: Pay) -> str:
    return MISSING if amount is None else f"{pay.currency} {amount:,.2f}"


def attention_chart(found: StudyQuality) -> Chart | None:
    """Each rater by the two things that cannot be got right without reading; None where nobody has either."""
    points = [
        rater
        for rater in found.raters
        if rater.measures.degraded_share is not None or rater.measures.too_fast_share is not None
    ][:MAX_POINTS]
    if not points:
        return None
    import altair  # a fifth of a second, only where a chart is made

    levels = [LEVEL_WORDS[level] for level in Level]
    # The page's colours go by place: blue, gilt, green, red, grey. Green is nobody's, and red the careless ones'.
    domain = [
        LEVEL_WORDS[Level.FINE],
        LEVEL_WORDS[Level.LOOK],
        "",
        LEVEL_WORDS[Level.CARELESS],
        LEVEL_WORDS[Level.UNKNOWN],
    ]
    share = {"scale": altair.Scale(domain=[-0.04, 1.04], nice=False)}
    ticks = {"format": "%", "values": [0, 0.25, 0.5, 0.75, 1]}
    legend = altair.Legend(columns=2, symbolStrokeWidth=2, values=levels)
    shapes = [
        _SHAPES[level] for level in (Level.FINE, Level.LOOK, Level.UNKNOWN, Level.CARELESS, Level.UNKNOWN)
    ]
    marks = (
        altair.Chart(altair.Data(values=_gathered(points)))
        .mark_point(filled=False, strokeWidth=2)
        .encode(
            x=altair.X(
                "degraded:Q",
                title="intact cards ranked above a degraded one",
                axis=altair.Axis(**ticks),
                **share,
            ),
            y=altair.Y("read:Q", title="slow enough to read", axis=altair.Axis(**ticks), **share),
            size=altair.Size("count:Q", legend=None, scale=altair.Scale(range=[80, 700], zero=True)),
            color=altair.Color("level:N", title=None, scale=altair.Scale(domain=domain), legend=legend),
            shape=altair.Shape(
                "level:N", title=None, scale=altair.Scale(domain=domain, range=shapes), legend=legend
            ),
            tooltip=[
                altair.Tooltip("raters:N"),
                altair.Tooltip("degraded:Q", format=".0%"),
                altair.Tooltip("read:Q", format=".0%"),
            ],
        )
    )
    rules = [
        altair.Chart(altair.Data(values=[{"at": found.mix.min_degraded}]))
        .mark_rule(strokeDash=[4, 4])
        .encode(x="at:Q"),
        altair.Chart(altair.Data(values=[{"at": 1 - found.mix.max_too_fast}]))
        .mark_rule(strokeDash=[4, 4])
        .encode(y="at:Q"),
    ]
    spec = altair.layer(*rules, marks).properties(width="container", height=300).to_dict()
    counted = ", ".join(
        f"{found.count(level)} {LEVEL_WORDS[level].lower()}" for level in Level if found.count(level)
    )
    return Chart(
        key="attention",
        title="Who reads",
        summary=f"Each rater by degraded cards and by speed; the dashed lines are the thresholds. {counted}.",
        spec=spec,
        head=["Rater", "Summary", "Intact above degraded", "Slow enough"],
        rows=[
            [
                rater.name,
                LEVEL_WORDS[rater.level],
                write_percent(rater.measures.degraded_share),
                write_percent(
                    None if rater.measures.too_fast_share is None else 1 - rater.measures.too_fast_share
                ),
            ]
            for rater in points[:100]
        ],
    )


def _gathered(points: Sequence[RaterQuality]) -> list[dict[str, Any]]:
    """A mark for all raters that stand at one place: the more, the larger."""
    places: dict[tuple[float | None, float | None, Level], list[str]] = defaultdict(list)
    for rater in points:
        fast = rater.measures.too_fast_share
        read = None if fast is None else round(1 - fast, 3)
        degraded = rater.measures.degraded_share
        places[degraded if degraded is None else round(degraded, 3), read, rater.level].append(rater.name)
    return [
        {
            "degraded": degraded,
            "read": read,
            "level": LEVEL_WORDS[level],
            "count": len(names),
            "raters": ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else ""),
        }
        for (degraded, read, level), names in places.items()
    ]


def pay_chart(found: StudyQuality) -> Chart | None:
    """How many raters earn how much in an hour of active time; None where that is not known."""
    paid = [rater for rater in found.raters if rater.hourly is not None]
    if not paid:
        return None
    import altair

    rates = [float(rater.hourly or 0) for rater in paid]
    bins = _bins(
        rates, around=[float(amount or 0) for amount in (found.median_hourly, found.pay.hourly_floor)]
    )
    values = [
        {"from": low, "to": high, "raters": sum(low <= rate < high for rate in rates)} for low, high in bins
    ]
    beyond = sum(rate >= bins[-1][1] for rate in rates)
    bars = (
        altair.Chart(altair.Data(values=values))
        .mark_bar(binSpacing=2)
        .encode(
            x=altair.X("from:Q", title=f"{found.pay.currency} for an hour of active time", bin="binned"),
            x2="to:Q",
            y=altair.Y("raters:Q", title="raters", axis=altair.Axis(tickMinStep=1)),
            tooltip=["from:Q", "to:Q", "raters:Q"],
        )
    )
    layers = [bars]
    if found.pay.hourly_floor is not None:
        floor = altair.Data(values=[{"at": float(found.pay.hourly_floor), "what": "floor"}])
        # The fourth of the page's colours is red: it is seen on a bar too.
        red = altair.Color("what:N", legend=None, scale=altair.Scale(domain=["", " ", "  ", "floor"]))
        layers.append(
            altair.Chart(floor).mark_rule(strokeWidth=3, strokeDash=[6, 4]).encode(x="at:Q", color=red)
        )
    said = f"{len(paid)} raters, median {money(found.median_hourly, found.pay)} an hour"
    if found.pay.hourly_floor is not None:
        said += (
            f", {len(found.unfair)} below the floor of {money(found.pay.hourly_floor, found.pay)} (dashed)"
        )
    said += f", {beyond} beyond the picture" if beyond else ""
    return Chart(
        key="pay",
        title="What an hour brings",
        summary=f"{said}.",
        spec=altair.layer(*layers).properties(width="container", height=220).to_dict(),
        head=["From", "Below", "Raters"],
        rows=[[f"{one['from']:g}", f"{one['to']:g}", one["raters"]] for one in values]
        + ([[f"{bins[-1][1]:g}", None, beyond]] if beyond else []),
    )


def _bins(rates: Sequence[float], *, around: Sequence[float]) -> list[tuple[float, float]]:
    """At most a dozen steps of a round width from 0 to the highest rate, or to thrice of what is looked at.

    around: the median and the floor. Who clicks through earns a fortune by the hour, and would squeeze all others.
    """
    end = min(max(rates), 3 * max(around)) if max(around) else max(rates)
    step: float = next(step for step in _STEPS if step * 12 > end)
    return [(number * step, (number + 1) * step) for number in range(int(end / step) + 1)]


_STEPS = [base * 10**power for power in range(-1, 12) for base in (1, 2, 5)]


def context_of(found: StudyQuality) -> dict[str, Any]:
    """The part of the page that does not depend on who looks."""
    return {
        "levels": [(LEVEL_WORDS[level], TONES[level], found.count(level)) for level in Level],
        "charts": [chart for chart in (attention_chart(found), pay_chart(found)) if chart is not None],
        "excluded": sum(not rater.included for rater in found.raters),
        "median_hourly": money(found.median_hourly, found.pay),
        "floor": money(found.pay.hourly_floor, found.pay),
        "unfair": len(found.unfair),
        "median_session": minutes_of(found.median_session),
    }
