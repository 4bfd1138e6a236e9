"""The paper's table (Zelikman et al. 2022, tables 1 and 2): few-shot, direct fine-tuning, STaR without and with
rationalization, with the share of the training questions that each learned from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from jobs.charts import Chart
from training.figures.curves import share_head, share_words
from training.figures.spread import Spread, spread_of
from training.figures.types import Figure, RunFacts

NAME = "methods"
TITLE = "Few-shot, direct fine-tuning and STaR"
ABOUT = (
    "Greedy accuracy on the test questions. Share of train: the questions of which the result learned an answer or a "
    "kept rationale, of those that it could."
)
MARKS = (
    "Large points: means over seeds; small ones: single seeds. Bars: 95 % intervals for the mean over seeds (Student's "
    "t), none for fewer than three or where all agree. ±: one standard deviation (SD) of single seeds, from three on."
)

PLAIN, FEW_SHOT, DIRECT, SFT = (
    "base, asked plainly",
    "few-shot",
    "direct fine-tuned",
    "fine-tuned on rationales",
)
WITHOUT, WITH = "STaR without rationalization", "STaR with rationalization"
_NEAR_THE_AXIS = 0.08
#: Of an answer: all that the context has room for, the most that an evaluation asks for by itself.
ROOM = "as many as fit"
#: In the order of the paper's tables.
ORDER = (PLAIN, FEW_SHOT, DIRECT, SFT, WITHOUT, WITH)


def few_shot(shots: int) -> str:
    """The base behind so many worked examples: a method of its own for each number."""
    return f"{FEW_SHOT}, {shots} example{'s' if shots != 1 else ''}"


@dataclass(frozen=True, slots=True)
class MethodResult:
    """One method under one seed.

    accuracy: greedy, on the test questions. generated, rationalized: shares of the training questions that it learned
    from, as they are or through a hinted solution; both 0 for what learned nothing. facts: None for the base.
    evaluation, shots: which one it is of, and the worked examples in its prompts.
    """

    method: str
    seed: int
    accuracy: float
    questions: int
    generated: float = 0.0
    rationalized: float = 0.0
    facts: RunFacts | None = None
    evaluation: int | None = None
    shots: int = 0


@dataclass(frozen=True, slots=True)
class _Row:
    method: str
    accuracy: Spread
    generated: float
    rationalized: float
    shots: int


def build(results: Sequence[MethodResult], *, dataset: str) -> Figure:
    """One panel, a row for each method."""
    by: dict[str, list[MethodResult]] = defaultdict(list)
    for one in results:
        by[one.method].append(one)
    rows = [_row(method, by[method]) for method in sorted(by, key=_rank)]
    title = f"{dataset}: {results[0].questions:,} test questions"
    numbers = [_single(one) for one in results] + [_mean(row) for row in rows]
    runs = [one.facts for one in results if one.facts is not None]
    return Figure(NAME, TITLE, ABOUT, [_panel(rows, results, title)], numbers, runs, MARKS)


def _rank(method: str) -> tuple[int, str]:
    kind = FEW_SHOT if method.startswith(FEW_SHOT) else method
    return ORDER.index(kind), method


def _row(method: str, results: Sequence[MethodResult]) -> _Row:
    return _Row(
        method,
        spread_of([one.accuracy for one in results]),
        spread_of([one.generated for one in results]).mean,
        spread_of([one.rationalized for one in results]).mean,
        results[0].shots,
    )


def _single(one: MethodResult) -> dict[str, Any]:
    label = "" if one.facts is None else one.facts.label
    row = {"method": one.method, "seed": one.seed, "run": label, "questions": one.questions}
    spread = {"accuracy": one.accuracy, "deviation": None, "low": None, "high": None, "seeds": 1}
    settings = {
        "evaluation": one.evaluation,
        "shots": one.shots,
        "decoding": "greedy",
        "max_new_tokens": ROOM,
    }
    return {**row, **spread, "generated": one.generated, "rationalized": one.rationalized, **settings}


def _mean(row: _Row) -> dict[str, Any]:
    spread = asdict(row.accuracy)
    head = {"method": row.method, "seed": None, "run": "", "questions": None, "accuracy": spread.pop("mean")}
    settings = {"evaluation": None, "shots": row.shots, "decoding": "greedy", "max_new_tokens": ROOM}
    return {**head, **spread, "generated": row.generated, "rationalized": row.rationalized, **settings}


def _panel(rows: Sequence[_Row], results: Sequence[MethodResult], title: str) -> Chart:
    import altair  # a fifth of a second, only where a chart is made

    order = [row.method for row in rows]
    means = [
        {
            "method": row.method,
            "accuracy": row.accuracy.mean,
            "low": row.accuracy.low,
            "high": row.accuracy.high,
            "words": share_words(row.accuracy),
        }
        for row in rows
    ]
    singles = [{"method": one.method, "accuracy": one.accuracy, "seed": one.seed} for one in results]
    y = altair.Y("method:N", title=None, sort=order, axis=altair.Axis(labelLimit=220))
    x = altair.X(
        "accuracy:Q",
        title="right",
        scale=altair.Scale(domain=[0, 1]),
        axis=altair.Axis(format="%", tickCount=5),
    )
    base = altair.Chart(altair.Data(values=means)).encode(y=y)
    bars = base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q")
    tips = [altair.Tooltip("method:N"), altair.Tooltip("accuracy:Q", format=".1%")]
    dots = base.mark_point(filled=True, size=80).encode(x=x, tooltip=tips)
    ticks = altair.Chart(altair.Data(values=singles)).mark_point(size=20, opacity=0.7)
    seeds = ticks.encode(x=x, y=y, tooltip=[*tips, altair.Tooltip("seed:Q")])
    # Beside the axis the words begin at their point, so that they do not lie across it.
    near = f"datum.accuracy < {_NEAR_THE_AXIS}"
    words = base.transform_filter(f"!({near})").mark_text(dy=-13, fontSize=11).encode(x=x, text="words:N")
    words += (
        base.transform_filter(near).mark_text(dy=-13, fontSize=11, align="left").encode(x=x, text="words:N")
    )
    spec = (bars + seeds + dots + words).properties(width="container", height=60 + 42 * len(rows)).to_dict()
    head = [
        "method",
        share_head("right", [row.accuracy for row in rows]),
        "95 % interval of the mean",
        "seeds",
        "share of train, %",
    ]
    cells = [_cells(row) for row in rows]
    said = "; ".join(f"{row.method} {share_words(row.accuracy)}" for row in rows)
    return Chart("figure-methods", title, f"{title}, percent right: {said}.", spec, head, cells)


def _cells(row: _Row) -> list[Any]:
    spread = row.accuracy
    interval = None
    if spread.low is not None and spread.high is not None:
        interval = f"{100 * spread.low:.1f} to {100 * spread.high:.1f}"
    share = f"{100 * (row.generated + row.rationalized):.1f}"
    if row.rationalized:
        share += f" = {100 * row.generated:.1f} generated + {100 * row.rationalized:.1f} rationalized"
    return [row.method, share_words(spread), interval, spread.seeds, share]
