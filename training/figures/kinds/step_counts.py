"""Calculator steps of a model's solutions against the human ones (Zelikman et al. 2022, section 4.5, figure 6).

The paper finds as many in 53 to 57 % of the training questions over its iterations, and mostly fewer where they differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from jobs.charts import Chart
from training.evaluation.step_agreement import StepAgreement, Steps, crossing, step_agreement
from training.figures.spread import spread_of
from training.figures.types import Figure, RunFacts

NAME = "step-counts"
TITLE = "Calculator steps, machine against human"
ABOUT = (
    "How often a solution takes exactly as many calculator steps as the human one of its question, and how many it "
    "takes by how many that one has. Of a run: the unhinted solutions of each iteration, all and the right ones alone."
)
#: What is drawn, by what the figure is made from.
OVER_ITERATIONS = (
    "Lines: means over seeds. Small points: single seeds. Circles: areas go by numbers of solutions."
)
BY_SOURCE = "Bars: 95 % bootstrap intervals over questions. Circles: areas go by numbers of solutions."


@dataclass(frozen=True, slots=True)
class SolutionSteps:
    """The solutions of one series at one iteration (0 where there are none: a source of the library).

    facts: the run that they are of, None for a source. right: those alone that reach the answer.
    """

    series: str
    iteration: int
    steps: tuple[Steps, ...]
    facts: RunFacts | None = None
    right: bool = False

    @property
    def line(self) -> str:
        """What is drawn together: the seeds of one arm."""
        return f"{self.series}, right" if self.right else self.series


@dataclass(frozen=True, slots=True)
class _Measured:
    series: SolutionSteps
    found: StepAgreement


def build(series: Sequence[SolutionSteps]) -> Figure:
    """A panel of agreement, by iteration or by source, and a panel of machine against human steps for each series."""
    measured = [_Measured(one, step_agreement(one.steps)) for one in series if one.steps]
    by_iteration = any(one.series.iteration for one in measured)
    panels = [_over_iterations(measured) if by_iteration else _by_source(measured)]
    last = [one for one in _last_of_each(measured) if not one.series.right]
    most = max(max(step.model, step.human) for one in last for step in one.series.steps)
    panels += [_crossing(one.series, place, most=most) for place, one in enumerate(last, start=1)]
    runs = list(dict.fromkeys(one.facts for one in series if one.facts is not None))
    marks = OVER_ITERATIONS if by_iteration else BY_SOURCE
    return Figure(NAME, TITLE, ABOUT, panels, [_number(one) for one in measured], runs, marks)


def _number(one: _Measured) -> dict[str, Any]:
    facts = one.series.facts
    row = {"series": one.series.series, "right": one.series.right, "iteration": one.series.iteration or None}
    return {**row, "seed": None if facts is None else facts.seed, **asdict(one.found)}


def _last_of_each(measured: Sequence[_Measured]) -> list[_Measured]:
    """The last iteration of each arm, the seeds of an arm pooled; sources as they are."""
    last: dict[str, list[_Measured]] = defaultdict(list)
    for one in measured:
        arm = one.series.line
        last[arm] = [kept for kept in last[arm] if kept.series.iteration >= one.series.iteration]
        if not last[arm] or last[arm][0].series.iteration == one.series.iteration:
            last[arm].append(one)
    pooled = []
    for group in last.values():
        steps = tuple(step for one in group for step in one.series.steps)
        whole = replace(group[0].series, steps=steps)
        pooled.append(_Measured(whole, step_agreement(steps)))
    return pooled


def _over_iterations(measured: Sequence[_Measured]) -> Chart:
    """Lines by arm, means over seeds, with every seed's value as a small point."""
    import altair  # a fifth of a second, only where a chart is made

    by: dict[tuple[str, int], list[float]] = defaultdict(list)
    singles = []
    for one in measured:
        assert one.found.agreement is not None
        by[one.series.line, one.series.iteration].append(one.found.agreement)
        singles.append(_row(one.series.line, one.series.iteration, one.found.agreement))
    means = [_row(arm, number, spread_of(values).mean) for (arm, number), values in sorted(by.items())]
    legend = altair.Legend(title=None, orient="bottom", labelLimit=0, columns=1, symbolOpacity=1)
    x = altair.X("iteration:O", title="iteration", axis=altair.Axis(labelAngle=0))
    y = altair.Y(
        "agreement:Q", title="as many steps", scale=altair.Scale(domain=[0, 1]), axis=altair.Axis(format="%")
    )
    color = altair.Color("arm:N", legend=legend)
    lines = altair.Chart(altair.Data(values=means)).mark_line(point=True)
    dots = altair.Chart(altair.Data(values=singles)).mark_point(size=25, opacity=0.6)
    tips = [
        altair.Tooltip("arm:N"),
        altair.Tooltip("iteration:O"),
        altair.Tooltip("agreement:Q", format=".1%"),
    ]
    # Dashes tell the lines apart in grey; a legend of their own would say everything twice.
    dash = altair.StrokeDash("arm:N", legend=None)
    chart = lines.encode(x=x, y=y, color=color, strokeDash=dash, tooltip=tips) + dots.encode(
        x=x, y=y, color=color
    )
    spec = chart.properties(width="container", height=300).to_dict()
    arms = list(dict.fromkeys(arm for arm, _ in sorted(by)))
    numbers = sorted({number for _, number in by})
    cells = {key: " / ".join(f"{100 * value:.1f}" for value in values) for key, values in by.items()}
    rows: list[list[Any]] = [[number, *(cells.get((arm, number)) for arm in arms)] for number in numbers]
    said = [f"{arm} {cells[arm, numbers[-1]]}" for arm in arms if (arm, numbers[-1]) in cells]
    title = "As many steps as the human solution"
    summary = f"{title}, percent of solutions by seed after iteration {numbers[-1]}: {'; '.join(said)}."
    return Chart("figure-step-agreement", title, summary, spec, ["iteration", *arms], rows)


def _row(arm: str, iteration: int, agreement: float) -> dict[str, Any]:
    return {"arm": arm, "iteration": iteration, "agreement": agreement}


def _by_source(measured: Sequence[_Measured]) -> Chart:
    import altair  # a fifth of a second, only where a chart is made

    values = [{"source": one.series.series, **asdict(one.found)} for one in measured]
    order = [one.series.series for one in measured]
    base = altair.Chart(altair.Data(values=values)).encode(
        y=altair.Y("source:N", title=None, sort=order, axis=altair.Axis(labelLimit=220))
    )
    share = altair.Axis(format="%", tickCount=5)
    dots = base.mark_point(filled=True, size=70).encode(
        x=altair.X("agreement:Q", title="as many steps", scale=altair.Scale(zero=False), axis=share),
        tooltip=[
            altair.Tooltip("source:N"),
            altair.Tooltip("agreement:Q", format=".1%"),
            altair.Tooltip("low:Q", format=".1%"),
            altair.Tooltip("high:Q", format=".1%"),
            altair.Tooltip("solutions:Q"),
        ],
    )
    bars = base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q")
    spec = (bars + dots).properties(width="container", height=60 + 46 * len(values)).to_dict()
    head = ["source", "solutions", "as many", "fewer", "more", "mean steps", "human mean"]
    rows = [[one.series.series, one.found.solutions, *_words(one.found)] for one in measured]
    title = "As many steps as the human solution"
    said = "; ".join(f"{row[0]} {row[2]}" for row in rows)
    return Chart(
        "figure-step-agreement", title, f"{title}, percent [95 % interval]: {said}.", spec, head, rows
    )


def _words(found: StepAgreement) -> list[str]:
    assert found.agreement is not None and found.fewer is not None and found.more is not None
    share = f"{100 * found.agreement:.1f}"
    if found.low is not None and found.high is not None:
        share += f" [{100 * found.low:.1f} to {100 * found.high:.1f}]"
    shares = [f"{100 * value:.1f}" for value in (found.fewer, found.more)]
    return [share, *shares, f"{found.model_steps:.2f}", f"{found.human_steps:.2f}"]


def _crossing(series: SolutionSteps, place: int, *, most: int) -> Chart:
    """How many solutions have m steps where the human one has h: circles by area, the diagonal is agreement.

    most: where both axes end, the same in all panels of a figure.
    """
    import altair  # a fifth of a second, only where a chart is made

    counts = crossing(series.steps)
    values = [{"human": human, "model": model, "solutions": n} for (human, model), n in counts.items()]
    axis = altair.Axis(tickMinStep=1, format="d", tickCount=min(most, 10))
    scale = altair.Scale(domain=[-0.5, most + 0.5], nice=False)
    circles = (
        altair.Chart(altair.Data(values=values))
        .mark_circle(opacity=0.75)
        .encode(
            x=altair.X("human:Q", title="steps of the human solution", scale=scale, axis=axis),
            y=altair.Y("model:Q", title="steps of the model", scale=scale, axis=axis),
            size=altair.Size("solutions:Q", scale=altair.Scale(range=[8, 500]), legend=None),
            tooltip=[altair.Tooltip(f"{name}:Q") for name in ("human", "model", "solutions")],
        )
    )
    ends = [{"human": 0, "model": 0}, {"human": most, "model": most}]
    line = altair.Chart(altair.Data(values=ends)).mark_line(strokeDash=[4, 4], strokeWidth=1)
    chart = line.encode(x="human:Q", y="model:Q") + circles
    spec = chart.properties(width="container", height=320).to_dict()
    when = f", iteration {series.iteration}" if series.iteration else ""
    title = f"{series.series}{when}"
    models = sorted({model for _, model in counts})
    humans = sorted({human for human, _ in counts})
    rows: list[list[Any]] = [[human, *(counts.get((human, m), 0) for m in models)] for human in humans]
    summary = f"{title}: solutions by steps of the human one (rows) and of the model (columns)."
    head = ["human steps", *map(str, models)]
    return Chart(f"figure-step-crossing-{place}", title, summary, spec, head, rows)
