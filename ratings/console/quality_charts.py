"""The quality page's charts, each with its table. Pure but for Altair. Names no source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from jobs.charts import Chart
from ratings.console.figures import write_percent
from ratings.console.quality_figures import money
from ratings.quality.reliability import LEVEL_WORDS, Level
from ratings.quality.selectors import RaterQuality, StudyQuality

#: The desk's own marks would be taken for cards.
_SHAPES = {Level.FINE: "circle", Level.LOOK: "square", Level.CARELESS: "cross", Level.UNKNOWN: "triangle-up"}
#: The page's colours go by place: blue, gilt, green, red, grey. Green is nobody's, and red the careless ones'.
_PLACES = (Level.FINE, Level.LOOK, None, Level.CARELESS, Level.UNKNOWN)
#: A picture of more points shows none of them; the table is paged anyway.
MAX_POINTS = 2_000
_TABLE_ROWS = 100


def charts_of(found: StudyQuality) -> list[Chart]:
    """Those for which there are numbers."""
    return [chart for chart in (attention_chart(found), pay_chart(found)) if chart is not None]


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

    layers = altair.layer(*_thresholds(found), _marks(points))
    counted = ", ".join(
        f"{found.count(level)} {LEVEL_WORDS[level].lower()}" for level in Level if found.count(level)
    )
    return Chart(
        key="attention",
        title="Who reads",
        summary=f"Each rater by degraded cards and by speed; the dashed lines are the thresholds. {counted}.",
        spec=layers.properties(width="container", height=300).to_dict(),
        head=["Rater", "Summary", "Intact above degraded", "Slow enough"],
        rows=[_attention_row(rater) for rater in points[:_TABLE_ROWS]],
    )


def _marks(points: Sequence[RaterQuality]) -> Any:
    """A mark for each place where raters stand, by colour and by shape."""
    import altair

    axis = altair.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    share = altair.Scale(domain=[-0.04, 1.04], nice=False)
    levels = [LEVEL_WORDS[level] if level else "" for level in _PLACES]
    shapes = [_SHAPES[level or Level.UNKNOWN] for level in _PLACES]
    legend = altair.Legend(columns=2, symbolStrokeWidth=2, values=[LEVEL_WORDS[level] for level in Level])
    return (
        altair.Chart(altair.Data(values=_gathered(points)))
        .mark_point(filled=False, strokeWidth=2)
        .encode(
            x=altair.X(
                "degraded:Q", title="intact cards ranked above a degraded one", axis=axis, scale=share
            ),
            y=altair.Y("read:Q", title="slow enough to read", axis=axis, scale=share),
            size=altair.Size("count:Q", legend=None, scale=altair.Scale(range=[80, 700], zero=True)),
            color=altair.Color("level:N", title=None, scale=altair.Scale(domain=levels), legend=legend),
            shape=altair.Shape(
                "level:N", title=None, scale=altair.Scale(domain=levels, range=shapes), legend=legend
            ),
            tooltip=[
                altair.Tooltip("raters:N"),
                altair.Tooltip("degraded:Q", format=".0%"),
                altair.Tooltip("read:Q", format=".0%"),
            ],
        )
    )


def _thresholds(found: StudyQuality) -> list[Any]:
    """The two dashed lines."""
    import altair

    across = altair.Chart(altair.Data(values=[{"at": found.mix.min_degraded}]))
    along = altair.Chart(altair.Data(values=[{"at": 1 - found.mix.max_too_fast}]))
    return [
        across.mark_rule(strokeDash=[4, 4]).encode(x="at:Q"),
        along.mark_rule(strokeDash=[4, 4]).encode(y="at:Q"),
    ]


def _attention_row(rater: RaterQuality) -> list[str | float | None]:
    fast = rater.measures.too_fast_share
    return [
        rater.name,
        LEVEL_WORDS[rater.level],
        write_percent(rater.measures.degraded_share),
        write_percent(None if fast is None else 1 - fast),
    ]


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
    """How many of those who are through earn how much in an hour; None where that is not known."""
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
            x=altair.X("from:Q", title=f"{found.pay.currency} for an hour", bin="binned"),
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
    said = f"{len(paid)} raters who are through, median {money(found.median_hourly, found.pay)} an hour"
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
