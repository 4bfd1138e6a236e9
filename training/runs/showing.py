"""A run's numbers and texts as its page shows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.recipes.reader import KeyAbout, describe, recipe_names
from training.runs.against_base import AgainstBase
from training.runs.models import Iteration, Origin, TrainingRun
from training.runs.selectors import FateCount


@dataclass(frozen=True, slots=True)
class IterationRow:
    """One line of the table of iterations. Shares are in percent, None where nothing was measured."""

    number: int
    counts: dict[str, Any]
    steps: int
    accuracy: str | None
    #: What questions are grouped by, "digits" or "steps", and the accuracy of each group.
    groups: tuple[str, dict[str, str]]
    valid_traces: dict[str, str]
    loss: str | None
    finished: bool

    @property
    def name(self) -> str:
        return str(self.number) if self.number else "base"

    @property
    def counted(self) -> list[tuple[str, int]]:
        """The counts that have no column of their own, zeros left out."""
        return [
            (name.replace("_", " "), count)
            for name, count in self.counts.items()
            if count and name not in _COLUMNS
        ]


#: Counts of STaR's iterations that the table has columns for.
_COLUMNS = ("solved", "rationalized", "failed")


def iteration_rows(iterations: Sequence[Iteration]) -> list[IterationRow]:
    return [
        IterationRow(
            number=one.number,
            counts=one.counts,
            steps=one.steps,
            accuracy=percent(one.metrics.get("accuracy")),
            groups=_groups(one.metrics),
            valid_traces={
                Origin(key).label: percent(value) or ""
                for key, value in (one.metrics.get("valid_traces") or {}).items()
                if value is not None
            },
            loss=None if one.metrics.get("loss") is None else f"{one.metrics['loss']:.4f}",
            finished=one.finished_at is not None,
        )
        for one in iterations
    ]


def _groups(metrics: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    unit = next((unit for unit in ("digits", "steps") if metrics.get(f"by_{unit}")), "")
    return unit, {key: percent(value) or "" for key, value in metrics.get(f"by_{unit}", {}).items()}


@dataclass(frozen=True, slots=True)
class GroupsTable:
    """Accuracy by number of digits, or of steps, a row for each iteration."""

    caption: str
    head: list[str]
    rows: list[list[str | None]]

    @property
    def numbers(self) -> str:
        """Which columns hold numbers, as templates/components/_table.html wants it."""
        return ",".join(str(column) for column in range(1, len(self.head)))


_CAPTIONS = {
    "digits": "Accuracy by number of digits",
    "steps": "Accuracy by steps of the solution that came with the question",
}


def groups_table(rows: Sequence[IterationRow]) -> GroupsTable | None:
    """None where questions have no groups."""
    units = {row.groups[0]: row.groups[1] for row in rows if row.groups[0]}
    if not units:
        return None
    unit = next(iter(units))
    groups = sorted({key for row in rows for key in row.groups[1]}, key=int)
    head = ["Iteration", *(f"{key} {unit.removesuffix('s') if key == '1' else unit}" for key in groups)]
    lines = [[row.name, *(row.groups[1].get(key) for key in groups)] for row in rows]
    return GroupsTable(_CAPTIONS[unit], head, lines)


@dataclass(frozen=True, slots=True)
class SideBySide:
    """One held-out question with what each iteration's model answers to it."""

    question: str
    asked: str
    #: (iteration, text, verdict)
    answers: list[tuple[str, str, str]]


def side_by_side(iterations: Sequence[Iteration]) -> list[SideBySide]:
    """Questions in their order, iterations from the base on; iterations without samples are left out."""
    found: dict[str, SideBySide] = {}
    for one in iterations:
        for sample in one.samples:
            row = found.setdefault(sample["question"], SideBySide(sample["question"], sample["asked"], []))
            name = str(one.number) if one.number else "base"
            row.answers.append((name, sample["text"], sample["verdict"]))
    return list(found.values())


@dataclass(frozen=True, slots=True)
class FateRow:
    """What became of the examples of one iteration and origin, most first."""

    iteration: int
    origin: str
    origin_words: str
    total: int
    #: (fate, words, count)
    fates: list[tuple[str, str, int]]


def fate_rows(counts: Sequence[FateCount]) -> list[FateRow]:
    groups: dict[tuple[int, str], list[FateCount]] = defaultdict(list)
    for count in counts:
        groups[count.iteration, count.origin].append(count)
    return [
        FateRow(
            iteration=iteration,
            origin=origin,
            origin_words=Origin(origin).label,
            total=sum(one.count for one in group),
            fates=sorted(((one.fate, one.words, one.count) for one in group), key=lambda row: -row[2]),
        )
        for (iteration, origin), group in sorted(groups.items())
    ]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a run's result, for a tile."""

    label: str
    value: str
    note: str = ""


def result_figures(metrics: Mapping[str, Any]) -> list[Figure]:
    """The few numbers that say how a finished run went; none before."""
    figures = []
    if metrics.get("accuracy") is not None:
        base = percent(metrics.get("base_accuracy"))
        note = f"base {base}" if base else "of the held-out questions"
        figures.append(Figure("Accuracy", percent(metrics["accuracy"]) or "", note))
    if metrics.get("best_iteration"):
        figures.append(
            Figure("Best iteration", str(metrics["best_iteration"]), f"of {metrics.get('iterations', 1)}")
        )
    for split, ways in (metrics.get("held_out") or {}).items():
        figures.append(_agreement(split, ways["reward"]))
    if metrics.get("best_of"):
        figures += _best_of(metrics["best_of"], metrics.get("majority_at") or {})
    if metrics.get("loss") is not None:
        figures.append(Figure("Loss", f"{metrics['loss']:.4f}", "last tenth of the steps"))
    if metrics.get("steps"):
        figures.append(Figure("Steps", f"{metrics['steps']:,}"))
    return figures


def base_figures(beside: Sequence[AgainstBase]) -> list[Figure]:
    """The result minus its base, on the same questions."""
    return [
        Figure(
            "Against its base", f"{100 * one.paired.difference:+.1f} points", f"{one.interval}{one.questions}"
        )
        for one in beside
    ]


def _agreement(split: str, found: dict[str, Any]) -> Figure:
    value = percent(found["agreement"]) or "–"
    low, high = percent(found["low"]), percent(found["high"])
    interval = f"{low} to {high}, " if low and high else ""
    return Figure(f"Agreement on {split}", value, f"{interval}{found['pairs']:,} pairs")


def _best_of(found: dict[str, Any], majority: dict[str, Any]) -> list[Figure]:
    k = max(map(int, found), default=0)
    vote = percent(majority.get(str(k)))
    note = f"majority vote {vote}" if vote else "of the held-out questions"
    return [Figure(f"Best of {k} by the verifier", percent(found[str(k)]) or "–", note)] if k else []


@dataclass(frozen=True, slots=True)
class RecipeKey:
    """One key of the recipe as used. changed: other than the recipe's own value."""

    name: str
    value: str
    words: str
    changed: bool


def recipe_groups(run: TrainingRun) -> list[tuple[str, list[RecipeKey]]]:
    """The recipe as used, in the groups of its algorithm's file, explained."""
    named = run.recipe_name if run.recipe_name in recipe_names() else run.algorithm
    about = describe(named)
    return [
        (heading, [_key(key, run.recipe[key.name]) for key in keys if key.name in run.recipe])
        for heading, keys in about.groups
    ]


def _key(about: KeyAbout, value: Any) -> RecipeKey:
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return RecipeKey(about.name, shown or "–", about.words, value != about.default)


def percent(share: float | None) -> str | None:
    return None if share is None else f"{100 * share:.1f}%"
