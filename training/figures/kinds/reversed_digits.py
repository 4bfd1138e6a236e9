"""The sum's last digit first against digits as written.

What the order changes in a scratchpad, and what not: in both, pairs are added from the right, one a line, each beside
the carry into it, so digits are found one by one, the last first: what reversed digits are usually for, the scratchpad
does for both. As written the new digit stands in front of those found so far, right behind the pair, and the others
are copied one place further to the right; reversed they are copied where they stood, and the new digit is put behind
them, right before its carry. The answer repeats the last line, and drops the `0` of a carry that is not there: the
line's first digit as written, its last reversed. The question says which order is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jobs.charts import Chart
from training.figures.curves import (
    ALL,
    DEVIATION,
    MARKS,
    AccuracyRun,
    Point,
    mean_numbers,
    panel,
    points_of,
    share_head,
    share_words,
    single_numbers,
)
from training.figures.errors import NothingToDraw
from training.figures.types import Figure

NAME = "reversed-digits"
TITLE = "Digits of the sum reversed, and as written"
ABOUT = (
    "Share of held-out sums that are right, asked for as written and with the last digit first: over iterations for "
    "all lengths and for each, and by length after the last. Both scratchpads find the digits from the right, one a "
    "line; as written each new digit is put in front of those found so far, reversed it is put behind them. "
    + DEVIATION
)


def build(runs: Sequence[AccuracyRun]) -> Figure:
    """All lengths, the end by length, and each order by itself. Raises NothingToDraw unless both orders are there."""
    arms = sorted({run.facts.arm for run in runs})
    if len(arms) < 2:
        raise NothingToDraw(
            f"This figure compares runs on both orders of digits; these have {' and '.join(arms)} digits only.",
            details={"arms": arms},
        )
    points = points_of(runs)
    overall = [point for point in points if point.group == ALL]
    panels = [
        panel(overall, key="figure-reversed-all", title="All lengths", of="digits", by="arm"),
        _by_length(points),
        *(
            panel(
                [point for point in points if point.arm == arm and point.group != ALL],
                key=f"figure-reversed-{place}",
                title=arm.capitalize(),
                of="digits",
            )
            for place, arm in enumerate(arms, start=1)
        ),
    ]
    numbers = [*single_numbers(runs), *mean_numbers(points)]
    return Figure(
        NAME,
        TITLE,
        ABOUT,
        panels,
        numbers,
        [run.facts for run in runs],
        MARKS.replace("Bands:", "Bands and bars:"),
    )


def _by_length(points: Sequence[Point]) -> Chart:
    """Accuracy of each length after the last iteration of each arm."""
    import altair  # a fifth of a second, only where a chart is made

    last = {point.arm: point.iteration for point in points if point.group == ALL}
    ends = [one for one in points if one.group != ALL and one.iteration == last[one.arm]]
    values = [
        {"arm": one.arm, "digits": int(one.group), "accuracy": one.spread.mean, **_bounds(one)}
        for one in ends
    ]
    legend = altair.Legend(title=None, orient="bottom")
    base = altair.Chart(altair.Data(values=values)).encode(
        x=altair.X("digits:O", title="digits", axis=altair.Axis(labelAngle=0)),
        xOffset="arm:N",
        color=altair.Color("arm:N", legend=legend),
    )
    dots = base.mark_point(filled=True, size=70).encode(
        y=altair.Y(
            "accuracy:Q", title="right", scale=altair.Scale(domain=[0, 1]), axis=altair.Axis(format="%")
        ),
        # Told apart in grey, too; a legend of its own would say everything twice.
        shape=altair.Shape("arm:N", legend=None),
        tooltip=[
            altair.Tooltip("arm:N"),
            altair.Tooltip("digits:O"),
            altair.Tooltip("accuracy:Q", format=".1%"),
        ],
    )
    spec = (base.mark_rule().encode(y="low:Q", y2="high:Q") + dots).properties(width="container", height=300)
    title = "By length, after the last iteration"
    head, rows = _table(ends)
    said = "; ".join(f"{one.arm} {one.group}: {share_words(one.spread)}" for one in ends)
    return Chart(
        "figure-reversed-length", title, f"{title}, percent right: {said}.", spec.to_dict(), head, rows
    )


def _bounds(point: Point) -> dict[str, float | None]:
    return {"low": point.spread.low, "high": point.spread.high}


def _table(ends: Sequence[Point]) -> tuple[list[str], list[list[Any]]]:
    arms = list(dict.fromkeys(one.arm for one in ends))
    cells = {(one.arm, one.group): share_words(one.spread) for one in ends}
    lengths = sorted({one.group for one in ends}, key=int)
    heads = [share_head(arm, [one.spread for one in ends if one.arm == arm]) for arm in arms]
    return ["digits", *heads], [[length, *(cells.get((arm, length)) for arm in arms)] for length in lengths]
