"""Charts over iterations: accuracy by group with its table, and what became of the questions that were asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobs.charts import Chart
from training.runs.models import Iteration
from training.runs.showing import percent

#: What questions are grouped by, as an iteration's metrics name it (training.runs.groups).
UNITS = ("digits", "steps")
#: (count, words) of what an iteration's questions are: each is one of these.
_ASKED = (("solved", "Solved"), ("rationalized", "Only with a hint"), ("failed", "Failed"))
#: The same of its candidates, for the table.
_KEPT = (
    ("kept", "Kept to learn from"),
    ("invalid_trace", "Right, reasoning invalid"),
    ("unparsable", "No answer found"),
)


def accuracy_chart(iterations: Sequence[Iteration], *, key: str) -> Chart | None:
    """Held-out accuracy by digits or steps and over all, iteration by iteration; None before two were measured."""
    unit = next((unit for unit in UNITS if any(one.metrics.get(f"by_{unit}") for one in iterations)), "")
    measured = [one for one in iterations if one.metrics.get("accuracy") is not None]
    if len(measured) < 2:
        return None
    groups = sorted({group for one in measured for group in _by(one, unit)}, key=int)
    names = {group: _group_words(group, unit) for group in groups}
    values = [
        {"iteration": one.number, "accuracy": share, "by": names[group]}
        for one in measured
        for group, share in _by(one, unit).items()
    ]
    values += [
        {"iteration": one.number, "accuracy": one.metrics["accuracy"], "by": "all"} for one in measured
    ]
    head = ["iteration", "all", *names.values()]
    rows: list[list[Any]] = [
        [
            one.number or "base",
            percent(one.metrics["accuracy"]),
            *(percent(_by(one, unit).get(group)) for group in groups),
        ]
        for one in measured
    ]
    title = {"digits": "Accuracy by number of digits", "steps": "Accuracy by steps of the written solution"}
    said = ", ".join(f"{words} {cell}" for words, cell in zip(head[1:], rows[-1][1:], strict=True))
    return Chart(
        key=key,
        title=title.get(unit, "Held-out accuracy"),
        summary=f"Held-out accuracy after iteration {rows[-1][0]}: {said}.",
        spec=_lines(values, ["all", *names.values()]),
        head=head,
        rows=rows,
    )


def counts_chart(iterations: Sequence[Iteration], *, key: str) -> Chart | None:
    """What became of each iteration's questions, stacked; None where none were asked."""
    asked = [one for one in iterations if one.number and all(name in one.counts for name, _ in _ASKED)]
    if not asked:
        return None
    values = [
        {"iteration": one.number, "questions": one.counts[name], "outcome": words, "order": place}
        for one in asked
        for place, (name, words) in enumerate(_ASKED)
    ]
    columns = [("questions", "Questions"), *_ASKED, *_KEPT]
    told = [(name, words) for name, words in columns if any(name in one.counts for one in asked)]
    rows = [[one.number, *(_count(one.counts, name) for name, _ in told)] for one in asked]
    last = asked[-1]
    parts = ", ".join(f"{last.counts[name]:,} {words.lower()}" for name, words in _ASKED)
    return Chart(
        key=key,
        title="What became of the questions",
        summary=f"Iteration {last.number}: {parts}.",
        spec=_bars(values),
        head=["iteration", *(words for _, words in told)],
        rows=rows,
    )


def drawn_series(charts: Sequence[Chart | None]) -> set[str]:
    """Names of the job's curves that these charts show already, before their slash."""
    accuracy, counts = charts
    return {name for name, chart in (("held-out accuracy", accuracy), ("questions", counts)) if chart}


def _by(iteration: Iteration, unit: str) -> Mapping[str, float]:
    found: Mapping[str, float] = iteration.metrics.get(f"by_{unit}") or {}
    return found


def _group_words(group: str, unit: str) -> str:
    return f"{group} {unit.removesuffix('s') if group == '1' else unit}"


def _count(counts: Mapping[str, Any], name: str) -> str | None:
    return f"{counts[name]:,}" if name in counts else None


def _lines(values: list[dict[str, Any]], order: list[str]) -> dict[str, Any]:
    import altair  # a fifth of a second, only where a chart is made

    legend = altair.Legend(title=None, orient="top", columns=3, labelLimit=0)
    last = max(value["iteration"] for value in values)
    axis = altair.Axis(title="iteration (0: the base)", values=list(range(last + 1)), format="d")
    chart = altair.Chart(altair.Data(values=values)).mark_line(point=True)
    spec: dict[str, Any] = (
        chart.encode(
            x=altair.X("iteration:Q", axis=axis, scale=altair.Scale(domain=[-0.15, last + 0.15], nice=False)),
            y=altair.Y(
                "accuracy:Q", title="right", axis=altair.Axis(format="%"), scale=altair.Scale(domain=[0, 1])
            ),
            color=altair.Color("by:N", sort=order, legend=legend),
            strokeDash=altair.StrokeDash("by:N", sort=order, legend=legend),
            tooltip=[
                altair.Tooltip("by:N"),
                altair.Tooltip("iteration:Q"),
                altair.Tooltip("accuracy:Q", format=".1%"),
            ],
        )
        .properties(width="container", height=260)
        .to_dict()
    )
    return spec


def _bars(values: list[dict[str, Any]]) -> dict[str, Any]:
    import altair

    words = [word for _, word in _ASKED]
    legend = altair.Legend(title=None, orient="top", columns=2, labelLimit=0, values=words)
    # static/js/charts.js has the page's colours in this order: link, gilt, good, bad. What failed is not green.
    colours = altair.Scale(domain=["", words[1], words[0], words[2]])
    chart = altair.Chart(altair.Data(values=values)).mark_bar()
    spec: dict[str, Any] = (
        chart.encode(
            x=altair.X("iteration:O", title="iteration", axis=altair.Axis(labelAngle=0)),
            y=altair.Y("questions:Q", title="questions", axis=altair.Axis(format="~s", tickCount=5)),
            color=altair.Color("outcome:N", scale=colours, legend=legend),
            order=altair.Order("order:Q"),
            tooltip=[
                altair.Tooltip("outcome:N"),
                altair.Tooltip("iteration:O"),
                altair.Tooltip("questions:Q", format=","),
            ],
        )
        .properties(width="container", height=260)
        .to_dict()
    )
    return spec
