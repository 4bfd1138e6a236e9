"""An evaluation's report as its page shows it: figures, the chart of best-of-k with intervals, and its table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from generation.runs.vocabulary import Unknown
from jobs.charts import Chart
from training.runs.evaluating import GENERATOR
from training.runs.showing import Figure, percent

#: (words, path without k) of what is drawn over k, besides the scorers.
_CURVES = (("pass@k", ("pass_at",)), ("majority vote", ("majority_at",)))


#: How far the scale of k reaches beyond its ends, so that no line begins or ends on the edge of the plot.
_ROOM = 1.3
#: Characters of a legend's entry of which two stand beside each other at 360 pixels.
_HALF_A_PHONE = 15


@dataclass(frozen=True, slots=True)
class Point:
    """One estimate with its interval, as shares; low and high None where there is none."""

    curve: str
    k: int
    value: float
    low: float | None
    high: float | None


def figures_of(result: dict[str, Any]) -> list[Figure]:
    """The few numbers of a list: greedy accuracy, pass@1, and the best of most by the best scorer."""
    if not result:
        return []
    figures = []
    if result["greedy_accuracy"] is not None:
        figures.append(
            Figure("Greedy", percent(result["greedy_accuracy"]) or "", _interval(result, "greedy_accuracy"))
        )
    for point in sorted(points_of(result), key=lambda one: one.k):
        if point.curve == "pass@k" and point.k == 1:
            figures.append(Figure("Pass@1", percent(point.value) or "", _words(point)))
    most = max((point.k for point in points_of(result)), default=1)
    if most > 1:
        for point in points_of(result):
            if point.k == most and point.curve != "pass@k":
                label = f"{'Majority' if point.curve == 'majority vote' else 'Best'} of {most}"
                by = "" if point.curve == "majority vote" else f" by {point.curve}"
                figures.append(Figure(label + by, percent(point.value) or "", _words(point)))
    return figures


def unknown_of(conditions: dict[str, Any]) -> list[str]:
    """Characters of questions that a model's tokenizer does not know, a sentence for each model."""
    found = conditions.get("unknown_characters", {})
    told = ((model, Unknown.from_json(stored)) for model, stored in found.items())
    return [f"{model}: {unknown.words}" for model, unknown in told if unknown is not None]


def points_of(result: dict[str, Any]) -> list[Point]:
    """All estimates over k that are defined, curve by curve."""
    curves = [*_CURVES, *((_scorer(name), ("best_of", name)) for name in result.get("best_of", {}))]
    return [point for words, path in curves for point in _points(result, words, path)]


def best_of_chart(result: dict[str, Any], *, key: str) -> Chart | None:
    """Accuracy over k (on a scale of doublings): lines with their 95 % intervals. None before there is a result."""
    points = points_of(result) if result else []
    if len({point.k for point in points}) < 2:
        return None
    import altair  # a fifth of a second, only where a chart is made

    ks = sorted({point.k for point in points})
    doublings = altair.Scale(type="log", base=2, domain=[ks[0] / _ROOM, ks[-1] * _ROOM], nice=False)
    legend = altair.Legend(title=None, orient="top", columns=_columns(points), labelLimit=0)
    base = altair.Chart(altair.Data(values=_values(points))).encode(
        x=altair.X(
            "at:Q", title="k", scale=doublings, axis=altair.Axis(values=ks, format="d", labelFlush=False)
        ),
        color=altair.Color("by:N", legend=legend),
    )
    share = altair.Axis(format="%")
    lines = base.mark_line(point=True).encode(
        y=altair.Y("accuracy:Q", title="right", axis=share, scale=altair.Scale(zero=False)),
        strokeDash=altair.StrokeDash("by:N", legend=legend),
        tooltip=[
            altair.Tooltip("by:N"),
            altair.Tooltip("k:Q"),
            altair.Tooltip("accuracy:Q", format=".1%"),
            altair.Tooltip("low:Q", format=".1%"),
            altair.Tooltip("high:Q", format=".1%"),
        ],
    )
    bars = base.mark_rule(strokeWidth=1).encode(y="low:Q", y2="high:Q")
    # The height holds the legend too.
    height = 280 + 20 * -(-len({point.curve for point in points}) // _columns(points))
    spec = (bars + lines).properties(width="container", height=height).to_dict()
    head, rows = _table(points)
    return Chart(key, "What choosing among k samples adds", _summary(points), spec, head, rows)


def _columns(points: list[Point]) -> int:
    """Of the legend: as many as have room beside each other on a phone."""
    longest = max(len(point.curve) for point in points)
    return 2 if longest <= _HALF_A_PHONE else 1


def _values(points: list[Point]) -> list[dict[str, Any]]:
    """What is drawn. `at` is k, a little apart for each curve, so that no interval hides another."""
    curves = list(dict.fromkeys(point.curve for point in points))
    middle = (len(curves) - 1) / 2
    return [
        {
            "k": point.k,
            "at": point.k * 1.03 ** (curves.index(point.curve) - middle),
            "accuracy": point.value,
            "low": point.low,
            "high": point.high,
            "by": point.curve,
        }
        for point in points
    ]


def verifier_rows(result: dict[str, Any]) -> list[tuple[str, str, list[tuple[int, str, str]]]]:
    """(scorer, baseline, [(k, difference, interval)]): best-of-k by a scorer minus what needs no verifier."""
    rows = []
    for scorer, baselines in (result or {}).get("differences", {}).items():
        for baseline, by_k in baselines.items():
            bounds = result["intervals"].get("differences", {}).get(scorer, {}).get(baseline, {})
            cells = [
                (int(k), f"{100 * value:+.1f}", _bounds(bounds.get(k), signed=True))
                for k, value in by_k.items()
                if value is not None and int(k) > 1
            ]
            if cells:
                rows.append((_scorer(scorer), _scorer(baseline), sorted(cells)))
    return rows


def _points(result: dict[str, Any], words: str, path: tuple[str, ...]) -> Iterator[Point]:
    values, bounds = _at(result, path), _at(result["intervals"], path)
    for k, value in values.items():
        if value is not None:
            low, high = bounds.get(k) or (None, None)
            yield Point(words, int(k), value, low, high)


def _at(tree: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    for name in path:
        tree = tree.get(name) or {}
    return tree


def _scorer(name: str) -> str:
    return "its own log-probability" if name == GENERATOR else name.replace("_", " ")


def _interval(result: dict[str, Any], name: str) -> str:
    return _bounds(result["intervals"].get(name))


def _words(point: Point) -> str:
    return _bounds(None if point.low is None else [point.low, point.high])


def _bounds(pair: list[float | None] | None, *, signed: bool = False) -> str:
    if not pair or pair[0] is None or pair[1] is None:
        return ""
    sign = "+" if signed else ""
    return f"{100 * pair[0]:{sign}.1f} to {100 * pair[1]:{sign}.1f}"


def _table(points: list[Point]) -> tuple[list[str], list[list[Any]]]:
    """A row for each k, a column for each curve, intervals in brackets."""
    curves = list(dict.fromkeys(point.curve for point in points))
    cells = {(point.curve, point.k): point for point in points}
    rows: list[list[Any]] = []
    for k in sorted({point.k for point in points}):
        row: list[Any] = [k]
        for curve in curves:
            point = cells.get((curve, k))
            row.append(None if point is None else _cell(point))
        rows.append(row)
    return ["k", *curves], rows


def _cell(point: Point) -> str:
    words = _words(point)
    return f"{100 * point.value:.1f}" + (f" [{words}]" if words else "")


def _summary(points: list[Point]) -> str:
    most = max(point.k for point in points)
    said = [f"{point.curve} {100 * point.value:.1f}%" for point in points if point.k == most]
    return f"Share of questions answered right with {most} samples: {', '.join(said)}."
