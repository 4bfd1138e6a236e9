"""Charts as Vega-Lite specifications, each with the table of its numbers. static/js/charts.js draws them.

Colours, fonts and grid lines are the page's own (static/css/tokens.css), so a specification says none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.text import slugify

from jobs.metrics import Series


@dataclass(frozen=True, slots=True)
class Chart:
    """What templates/components/_chart.html shows. `summary`: the chart in one sentence, for who can not see it."""

    key: str
    title: str
    summary: str
    spec: dict[str, Any]
    head: list[str]
    rows: list[list[Any]]

    @property
    def spec_key(self) -> str:
        return f"{self.key}-spec"

    @property
    def numbers(self) -> str:
        """Which columns hold numbers, as templates/components/_table.html wants it."""
        return ",".join(map(str, range(len(self.head))))


def charts_of(series: Sequence[Series], *, prefix: str = "chart") -> list[Chart]:
    """One chart for each name, with all series `name/…` in it: `loss/train` and `loss/validation` share one."""
    groups: dict[str, list[Series]] = {}
    for one in series:
        groups.setdefault(one.name.partition("/")[0], []).append(one)
    return [line_chart(name, group, key=f"{prefix}-{slugify(name)}") for name, group in groups.items()]


def line_chart(title: str, series: Sequence[Series], *, key: str, x_title: str = "step") -> Chart:
    """Curves over whole-numbered steps. Lines differ in colour and in dashes."""
    import altair  # a fifth of a second, only where a chart is made

    values = [
        {"step": step, "value": value, "series": _short(one.name)}
        for one in series
        for step, value in one.points
    ]
    tips = [altair.Tooltip("step:Q"), altair.Tooltip("value:Q", format=".4~g")]
    shape: dict[str, Any] = {
        "x": _over_steps(sorted({step for one in series for step, _ in one.points}), x_title),
        "y": _over_values({value for one in series for _, value in one.points}, title),
        "tooltip": tips,
    }
    if len(series) > 1:
        shape["color"] = altair.Color("series:N", title=None)
        shape["strokeDash"] = altair.StrokeDash("series:N", title=None)
        shape["tooltip"] = [altair.Tooltip("series:N"), *tips]
    few = max((len(one.points) for one in series), default=0) <= 30
    chart = altair.Chart(altair.Data(values=values)).mark_line(point=few).encode(**shape)
    spec = chart.properties(width="container", height=220).to_dict()
    head, rows = _table(series, x_title)
    return Chart(key=key, title=title, summary=_summary(title, series), spec=spec, head=head, rows=rows)


def _over_steps(steps: Sequence[int], title: str) -> Any:
    """The axis of these steps. One alone stands in the middle: on a scale without width its label would be NaN."""
    import altair

    if len(steps) == 1:
        scale = altair.Scale(domain=[steps[0] - 1, steps[0] + 1], nice=False)
        return altair.X("step:Q", axis=altair.Axis(title=title, values=list(steps), format=",d"), scale=scale)
    return altair.X("step:Q", axis=altair.Axis(title=title, tickMinStep=1, tickCount=6, format="~s"))


def _over_values(values: Collection[float], title: str) -> Any:
    """The axis of these values. Where all are one, it stands there alone: no distance says how many digits tell."""
    import altair

    axis = altair.Axis(values=list(values), format=".4~g") if len(values) == 1 else altair.Axis()
    return altair.Y("value:Q", title=title, scale=altair.Scale(zero=False), axis=axis)


def _short(name: str) -> str:
    return name.partition("/")[2] or name


def _table(series: Sequence[Series], x_title: str) -> tuple[list[str], list[list[Any]]]:
    """A row a step, a column a series; None where a series has no point."""
    columns = [dict(one.points) for one in series]
    steps = sorted({step for column in columns for step in column})
    rows = [[step, *(_rounded(column.get(step)) for column in columns)] for step in steps]
    return [x_title, *(_short(one.name) for one in series)], rows


def _rounded(value: float | None) -> str | None:
    return None if value is None else f"{value:.5g}"


def _summary(title: str, series: Sequence[Series]) -> str:
    parts = []
    for one in series:
        if one.points:
            (first, begin), (last, end) = one.points[0], one.points[-1]
            parts.append(f"{_short(one.name)} from {begin:.4g} at {first} to {end:.4g} at {last}")
    return f"{title}: {'; '.join(parts)}." if parts else f"{title}: no points yet."
