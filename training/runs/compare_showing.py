"""A comparison's numbers as its page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jobs.charts import Chart
from jobs.progress import in_words
from training.evaluation.paired import PairedDifference
from training.runs.against_base import HELD_OUT, AgainstBase
from training.runs.cautions import Caution
from training.runs.comparing import Compared, Comparison, Point
from training.runs.models import TrainingRun
from training.runs.showing import percent


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run in words. interval: of its accuracy, 95 %, "" without. against_base: of the result minus its base."""

    run: TrainingRun
    accuracy: str
    interval: str
    iteration: str
    steps: str
    took: str
    train_used: str
    against_base: list[AgainstBaseRow]
    cautions: list[Caution]


@dataclass(frozen=True, slots=True)
class AgainstBaseRow:
    """points: signed. questions: how many, and which. is_worse: than its base."""

    points: str
    interval: str
    questions: str
    is_worse: bool
    could_be_chance: bool


def run_rows(found: Comparison) -> list[RunRow]:
    return [
        RunRow(
            run=one.run,
            accuracy="–" if one.final is None else percent(one.final.accuracy) or "–",
            interval="" if one.final is None else _bounds(one.final.low, one.final.high),
            iteration=_chosen(one),
            steps="–" if one.steps is None else f"{one.steps:,}",
            took="–" if one.seconds is None else in_words(one.seconds),
            train_used=percent(one.train_used) or "–",
            against_base=[_against(beside) for beside in one.against_base],
            cautions=one.cautions,
        )
        for one in found.runs
    ]


def _chosen(one: Compared) -> str:
    """Which iteration is the result, and of how many."""
    if one.final is None:
        return "–"
    of = f" of {one.chosen_among}" if one.chosen_among > 1 else ""
    return f"{one.final.iteration or 'base'}{of}"


def _against(found: AgainstBase) -> AgainstBaseRow:
    on = "held out" if found.on == HELD_OUT else f"of {found.on}"
    return AgainstBaseRow(
        points=f"{100 * found.paired.difference:+.1f}",
        interval=_bounds(found.paired.low, found.paired.high, signed=True),
        questions=f"{found.paired.questions:,} {on}",
        is_worse=found.is_worse,
        could_be_chance=found.could_be_chance,
    )


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """first minus second, in points. verdict: whether it could be chance, in words."""

    first: str
    second: str
    points: str
    interval: str
    only_first: int
    only_second: int
    p: str
    questions: str
    verdict: str


def difference_rows(found: Comparison) -> list[DifferenceRow]:
    return [
        DifferenceRow(
            first=one.first,
            second=one.second,
            points=f"{100 * one.paired.difference:+.1f}",
            interval=_bounds(one.paired.low, one.paired.high, signed=True),
            only_first=one.paired.only_first,
            only_second=one.paired.only_second,
            p="below 0.001" if one.paired.p < 0.001 else f"{one.paired.p:.3f}",
            questions=f"{one.paired.questions:,} {one.on}",
            verdict=_verdict(one.paired),
        )
        for one in found.differences
    ]


def _verdict(paired: PairedDifference) -> str:
    if not paired.only_first and not paired.only_second:
        return "right on the same ones"
    return "could be chance" if paired.p >= 0.05 else "hardly chance"


def recipe_rows(found: Comparison) -> list[tuple[str, list[tuple[str, str]]]]:
    """(key, [(label of the run, its value)])"""
    labels = [one.run.label for one in found.runs]
    return [(row.key, list(zip(labels, map(_value, row.values), strict=True))) for row in found.recipe]


def _value(value: Any) -> str:
    match value:
        case None:
            return "no such key"
        case list():
            return ", ".join(map(str, value)) or "–"
        case bool():
            return "yes" if value else "no"
    return str(value) if value != "" else "–"


def accuracy_chart(found: Comparison, *, key: str) -> Chart | None:
    """Held-out accuracy by iteration, a line for each run, with 95 % intervals; None where nothing was measured."""
    measured = [one for one in found.runs if one.points]
    if not measured:
        return None
    import altair  # a fifth of a second, only where a chart is made

    order = [one.run.label for one in measured]
    last = max(point.iteration for one in measured for point in one.points)
    legend = altair.Legend(
        title=None, orient="top", columns=1 if max(map(len, order)) > 15 else 2, labelLimit=0
    )
    axis = altair.Axis(title="iteration (0: the base)", values=list(range(last + 1)), format="d")
    values = [
        _drawn(one.run.label, point, place - (len(measured) - 1) / 2)
        for place, one in enumerate(measured)
        for point in one.points
    ]
    base = altair.Chart(altair.Data(values=values)).encode(
        x=altair.X("at:Q", axis=axis, scale=altair.Scale(domain=[-0.3, last + 0.3], nice=False)),
        color=altair.Color("run:N", sort=order, legend=legend),
    )
    lines = base.mark_line(point=True).encode(
        y=altair.Y(
            "accuracy:Q", title="right", axis=altair.Axis(format="%"), scale=altair.Scale(domain=[0, 1])
        ),
        strokeDash=altair.StrokeDash("run:N", sort=order, legend=legend),
        tooltip=[
            altair.Tooltip("run:N"),
            altair.Tooltip("iteration:Q"),
            altair.Tooltip("accuracy:Q", format=".1%"),
            altair.Tooltip("low:Q", format=".1%"),
            altair.Tooltip("high:Q", format=".1%"),
        ],
    )
    bars = base.mark_rule(strokeWidth=1).encode(y="low:Q", y2="high:Q")
    spec = (bars + lines).properties(width="container", height=300).to_dict()
    head = ["iteration", *order]
    rows: list[list[Any]] = [
        [
            number or "base",
            *(
                next((_cell(point) for point in one.points if point.iteration == number), None)
                for one in measured
            ),
        ]
        for number in range(last + 1)
    ]
    said = ", ".join(f"{one.run.label} {percent(one.points[-1].accuracy)}" for one in measured)
    return Chart(
        key, "Held-out accuracy by iteration", f"After their last iterations: {said}.", spec, head, rows
    )


def _drawn(label: str, point: Point, shift: float) -> dict[str, Any]:
    """`at` is the iteration, a little apart for each run, so that no interval hides another."""
    return {
        "run": label,
        "iteration": point.iteration,
        "at": point.iteration + 0.03 * shift,
        "accuracy": point.accuracy,
        "low": point.low,
        "high": point.high,
    }


def _cell(point: Point) -> str:
    bounds = _bounds(point.low, point.high)
    return f"{100 * point.accuracy:.1f}" + (f" [{bounds}]" if bounds else "")


def _bounds(low: float | None, high: float | None, *, signed: bool = False) -> str:
    if low is None or high is None:
        return ""
    sign = "+" if signed else ""
    return f"{100 * low:{sign}.1f} to {100 * high:{sign}.1f}"
