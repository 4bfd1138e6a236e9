"""Accuracy over iterations, group by group, as means over the seeds of an arm. Pure.

An arm is what a figure compares: with and without rationalization, written and reversed digits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from jobs.charts import Chart
from training.figures.spread import Spread, spread_of
from training.figures.types import RunFacts

#: The group of all held-out questions.
ALL = "all"
#: What the lines over iterations are drawn with.
MARKS = (
    "Lines: means over seeds. Bands: 95 % intervals for the mean (Student's t), none for fewer than three "
    "seeds or where all agree."
)
#: What the tables beside them hold.
DEVIATION = "In tables: means over seeds, ± one standard deviation (SD) of single seeds, from three seeds on."
_HEIGHT = 300


@dataclass(frozen=True, slots=True)
class IterationAccuracy:
    """Held-out accuracy of one iteration; number 0 is the base. groups: by digits of a sum, for example."""

    number: int
    accuracy: float
    groups: Mapping[str, float] = field(default_factory=dict)

    def of(self, group: str) -> float | None:
        return self.accuracy if group == ALL else self.groups.get(group)


@dataclass(frozen=True, slots=True)
class AccuracyRun:
    """One run as these figures see it. later_from, later_groups: what joins it late, 0 and () for nothing."""

    facts: RunFacts
    iterations: tuple[IterationAccuracy, ...]
    later_from: int = 0
    later_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """One mean over the seeds that reached this iteration."""

    arm: str
    group: str
    iteration: int
    spread: Spread


def points_of(runs: Sequence[AccuracyRun], *, groups: Sequence[str] | None = None) -> list[Point]:
    """By arm, group and iteration. groups: only these; None for all that there are, and ALL."""
    found: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    for run in runs:
        for one in run.iterations:
            for group in [*one.groups, ALL] if groups is None else groups:
                if (value := one.of(group)) is not None:
                    found[run.facts.arm, group, one.number].append(value)
    ordered = sorted(found, key=lambda key: (key[0], _rank(key[1]), key[2]))
    return [Point(*key, spread_of(found[key])) for key in ordered]


def _rank(group: str) -> tuple[int, str]:
    """Groups by size, ALL last."""
    return (int(group) if group.isdigit() else 10**9, group)


def single_numbers(runs: Sequence[AccuracyRun]) -> Iterator[dict[str, Any]]:
    """Every seed's own values, in the shape of `mean_numbers`."""
    for run in runs:
        for one in run.iterations:
            for group in sorted([*one.groups, ALL], key=_rank):
                row = _number(run.facts.arm, group, one.number)
                yield {**row, "seed": run.facts.seed, "run": run.facts.label, "accuracy": one.of(group)}


def mean_numbers(points: Sequence[Point]) -> Iterator[dict[str, Any]]:
    for point in points:
        row = _number(point.arm, point.group, point.iteration)
        spread = asdict(point.spread)
        yield {**row, "accuracy": spread.pop("mean"), **spread}


def _number(arm: str, group: str, iteration: int) -> dict[str, Any]:
    row: dict[str, Any] = {"arm": arm, "group": group, "iteration": iteration, "seed": None, "run": ""}
    return {**row, "accuracy": None, "deviation": None, "low": None, "high": None, "seeds": 1}


def panel(
    points: Sequence[Point], *, key: str, title: str, of: str, by: str = "group", rule: int = 0
) -> Chart:
    """Lines over iterations with their intervals over seeds, accuracy from 0 to 1.

    of: what a group is, in words ("digits"). by: "group" or "arm", what a line is. rule: an iteration with a mark.
    """
    import altair  # a fifth of a second, only where a chart is made

    names = list(dict.fromkeys(_line(point, by) for point in points))
    values = [_value(point, by) for point in points]
    legend = altair.Legend(
        title=of if by == "group" else None, orient="bottom", columns=6, labelLimit=0, symbolOpacity=1
    )
    scale = altair.Scale(domain=[0, 1])
    last = max(point.iteration for point in points)
    base = altair.Chart(altair.Data(values=values)).encode(
        x=altair.X(
            "iteration:Q",
            title="iteration",
            scale=altair.Scale(domain=[0, max(last, 1)], nice=False),
            axis=altair.Axis(tickMinStep=1, format="d", grid=False, tickCount=min(last, 8)),
        ),
        color=altair.Color("line:N", sort=names, legend=legend),
    )
    tips = [altair.Tooltip("line:N"), altair.Tooltip("iteration:Q")]
    tips += [altair.Tooltip(f"{name}:Q", format=".1%") for name in ("accuracy", "low", "high")]
    lines = base.mark_line(point=True).encode(
        y=altair.Y("accuracy:Q", title="right", scale=scale, axis=altair.Axis(format="%")),
        # Told apart in grey, too; a legend of its own would say everything twice.
        strokeDash=altair.StrokeDash("line:N", sort=names, legend=None),
        tooltip=tips,
    )
    band = base.mark_area(opacity=0.15).encode(y="low:Q", y2="high:Q")
    # The first layer decides what the legend looks like.
    chart = lines + band
    if rule:
        mark = altair.Chart(altair.Data(values=[{"iteration": rule}]))
        chart += mark.mark_rule(strokeDash=[2, 3]).encode(x="iteration:Q")
    spec = chart.properties(width="container", height=_HEIGHT).to_dict()
    head, rows = _table(points, names, by)
    return Chart(key, title, _summary(points, title, by), spec, head, rows)


def _line(point: Point, by: str) -> str:
    return point.arm if by == "arm" else point.group


def _value(point: Point, by: str) -> dict[str, Any]:
    spread = point.spread
    numbers = {"accuracy": spread.mean, "low": spread.low, "high": spread.high}
    return {"line": _line(point, by), "iteration": point.iteration, **numbers}


def _table(points: Sequence[Point], names: Sequence[str], by: str) -> tuple[list[str], list[list[Any]]]:
    """A row an iteration, a column a line: mean and standard deviation over seeds, in percent."""
    cells = {(_line(point, by), point.iteration): point for point in points}
    rows: list[list[Any]] = []
    for number in sorted({point.iteration for point in points}):
        row: list[Any] = [number if number else "base"]
        row += [
            share_words(cells[name, number].spread) if (name, number) in cells else None for name in names
        ]
        rows.append(row)
    heads = [share_head(name, [one.spread for one in points if _line(one, by) == name]) for name in names]
    return ["iteration", *heads], rows


def share_head(name: str, spreads: Sequence[Spread]) -> str:
    """Over cells of `share_words`."""
    return f"{name}, % ± SD" if any(one.deviation is not None for one in spreads) else f"{name}, %"


def share_words(spread: Spread) -> str:
    """`84.2 ± 1.3`: percent, and the standard deviation of single seeds where there are enough."""
    mean = f"{100 * spread.mean:.1f}"
    return mean if spread.deviation is None else f"{mean} ± {100 * spread.deviation:.1f}"


def _summary(points: Sequence[Point], title: str, by: str) -> str:
    last = max(point.iteration for point in points)
    said = [f"{_line(point, by)}: {share_words(point.spread)}" for point in points if point.iteration == last]
    several = " (mean ± SD over seeds)" if any(point.spread.deviation is not None for point in points) else ""
    return f"{title}, percent right after iteration {last}{several}: {'; '.join(said)}."
