"""Two to six runs of one dataset side by side: recipes, accuracy, what each took, differences on the same questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from accounts.errors import InvalidInput
from training.evaluation.paired import PairedDifference, paired_difference, wilson_interval
from training.runs.against_base import AgainstBase, against_base
from training.runs.blinding import counts_are_hidden
from training.runs.cautions import Caution, cautions_of
from training.runs.errors import UnknownRun
from training.runs.learned import train_used
from training.runs.measured_models import Sample
from training.runs.models import Iteration, TrainingRun
from training.runs.results import best_iteration, results_by_iteration
from training.runs.selectors import runs
from training.runs.spending import spent_on

FEWEST, MOST = 2, 6


@dataclass(frozen=True, slots=True)
class Point:
    """Held-out accuracy of one iteration's model (0: the base), with its 95 % interval over `questions`."""

    iteration: int
    accuracy: float
    low: float | None
    high: float | None
    questions: int | None


@dataclass(frozen=True, slots=True)
class Compared:
    """One run. final: of its best iteration, which is its result.

    chosen_among: how many iterations it is the best of, on the same questions that it is told on: it, and what is
    computed from it, are too kind to the run. seconds, cpu_seconds: None where nobody counted. train_used: the
    questions that the result learned from, of those that it could (training.runs.learned). steps, train_used: None also
    where they would tell what raters preferred in a study that still runs blind. against_base: on the same questions.
    cautions: what is bad about it.
    """

    run: TrainingRun
    points: list[Point]
    final: Point | None
    chosen_among: int
    steps: int | None
    seconds: float | None
    cpu_seconds: float | None
    train_used: float | None
    against_base: list[AgainstBase]
    cautions: list[Caution]


@dataclass(frozen=True, slots=True)
class Difference:
    """first minus second. on: which questions, "held out" or the split of their evaluations."""

    first: str
    second: str
    on: str
    paired: PairedDifference


@dataclass(frozen=True, slots=True)
class RecipeRow:
    """A key whose value is not the same in all runs; None where the recipe has no such key."""

    key: str
    values: list[Any]


@dataclass(frozen=True, slots=True)
class Comparison:
    dataset: str
    runs: list[Compared]
    differences: list[Difference]
    recipe: list[RecipeRow]

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "runs": [
                {
                    "run": one.run.pk,
                    "label": one.run.label,
                    "algorithm": one.run.algorithm,
                    "state": one.run.job.state,
                    "lost": one.run.job.is_lost,
                    "accuracy_by_iteration": [asdict(point) for point in one.points],
                    "final": None if one.final is None else asdict(one.final),
                    "chosen_among": one.chosen_among,
                    "steps": one.steps,
                    "seconds": one.seconds,
                    "cpu_seconds": one.cpu_seconds,
                    "train_used": one.train_used,
                    "against_base": [beside.as_json() for beside in one.against_base],
                    "warnings": [caution.as_json() for caution in one.cautions],
                }
                for one in self.runs
            ],
            "differences": [
                {"first": one.first, "second": one.second, "on": one.on, **asdict(one.paired)}
                for one in self.differences
            ],
            "recipe": {
                row.key: {one.run.label: value for one, value in zip(self.runs, row.values, strict=True)}
                for row in self.recipe
            },
        }


def compare(labels: Sequence[str]) -> Comparison:
    """The runs that hold these labels, in this order.

    Raises UnknownRun, and InvalidInput for fewer than two, more than six, one twice, or runs of different datasets.
    """
    found = _found(labels)
    results = {run.pk: results_by_iteration(run) for run in found}
    compared = [_compared(run, results[run.pk]) for run in found]
    differences = [
        difference
        for one, two in combinations(compared, 2)
        if (difference := _difference(one, two, results)) is not None
    ]
    return Comparison(found[0].dataset.name, compared, differences, _recipe_rows(found))


def comparable(dataset: str) -> list[TrainingRun]:
    """What may stand beside each other: the runs of a dataset that hold their label, newest first."""
    return list(runs().filter(dataset__name=dataset, holds_label=True)[:100])


def _found(labels: Sequence[str]) -> list[TrainingRun]:
    wanted = list(dict.fromkeys(labels))
    expected = f"{FEWEST} to {MOST} labels of runs"
    if not FEWEST <= len(wanted) <= MOST:
        raise InvalidInput(
            f"run: {len(wanted)} {'run is' if len(wanted) == 1 else 'runs are'} named, expected {expected}.",
            details={"field": "run", "value": wanted, "expected": expected},
        )
    if len(wanted) < len(labels):
        twice = next(label for label in labels if list(labels).count(label) > 1)
        raise InvalidInput(
            f"run: {twice!r} is named twice, expected {expected}.",
            details={"field": "run", "value": twice, "expected": expected},
        )
    by_label = {run.label: run for run in runs().filter(label__in=wanted, holds_label=True)}
    for label in wanted:
        if label not in by_label:
            raise UnknownRun(
                f"run: there is no run {label[:100]!r}.",
                details={"field": "run", "value": label[:100], "expected": "the label of a run"},
            )
    found = [by_label[label] for label in wanted]
    datasets = {run.label: run.dataset.name for run in found}
    if len(set(datasets.values())) > 1:
        told = ", ".join(f"{label!r} is of {name!r}" for label, name in datasets.items())
        raise InvalidInput(
            f"run: {told}; expected runs of one dataset, whose questions can be compared.",
            details={"field": "run", "value": datasets, "expected": "runs of one dataset"},
        )
    return found


def _compared(run: TrainingRun, results: Mapping[int, Mapping[str, bool]]) -> Compared:
    iterations = list(run.iterations.order_by("number"))
    points = [
        _point(one, results.get(one.number)) for one in iterations if one.metrics.get("accuracy") is not None
    ]
    hidden, beside = counts_are_hidden(run), against_base(run)
    spent = spent_on(run)
    number = best_iteration(run, {point.iteration: point.accuracy for point in points})
    return Compared(
        run=run,
        points=points,
        final=next((point for point in points if point.iteration == number), None),
        chosen_among=sum(point.iteration > 0 for point in points),
        steps=None if hidden else sum(one.steps for one in iterations),
        seconds=None if spent is None else spent.seconds,
        cpu_seconds=None if spent is None else spent.cpu_seconds,
        train_used=None if hidden else train_used(run, number),
        against_base=beside,
        cautions=cautions_of(run, beside),
    )


def _point(iteration: Iteration, results: Mapping[str, bool] | None) -> Point:
    accuracy = float(iteration.metrics["accuracy"])
    questions = len(results) if results else None
    low, high = (wilson_interval(accuracy, questions) if questions else None) or (None, None)
    return Point(iteration.number, accuracy, low, high, questions)


def _difference(
    one: Compared, two: Compared, results: Mapping[int, Mapping[int, Mapping[str, bool]]]
) -> Difference | None:
    """On the held-out questions that both runs measured; else on those of an evaluation of both results."""
    first, second = (_final_results(each, results[each.run.pk]) for each in (one, two))
    on, same = "held out", sorted(first.keys() & second.keys())
    if not same:
        on, first, second = _evaluated(one.run, two.run)
        same = sorted(first.keys() & second.keys())
    if not same:
        return None
    paired = paired_difference([first[key] for key in same], [second[key] for key in same])
    return Difference(one.run.label, two.run.label, on, paired)


def _final_results(one: Compared, results: Mapping[int, Mapping[str, bool]]) -> Mapping[str, bool]:
    return results.get(one.final.iteration, {}) if one.final is not None else {}


def _evaluated(one: TrainingRun, two: TrainingRun) -> tuple[str, dict[str, bool], dict[str, bool]]:
    """(split, results, results) of the greedy answers of both results, of a split that both were evaluated on."""
    both = [_greedy(run) for run in (one, two)]
    shared = sorted(both[0].keys() & both[1].keys())
    return (shared[0], both[0][shared[0]], both[1][shared[0]]) if shared else ("", {}, {})


def _greedy(run: TrainingRun) -> dict[str, dict[str, bool]]:
    rows = Sample.objects.filter(
        greedy=True,
        sample_set__dataset=run.dataset,
        sample_set__model__checkpoint__run=run,
        sample_set__model__checkpoint__is_result=True,
    ).order_by("sample_set_id")
    found: dict[str, dict[str, bool]] = {}
    for split, question, verdict in rows.values_list("sample_set__split", "question__external_id", "verdict"):
        found.setdefault(split, {})[question] = verdict == "correct"
    return found


def _recipe_rows(found: Sequence[TrainingRun]) -> list[RecipeRow]:
    """Only the keys that differ, the algorithm among them, in the order of the recipes."""
    keys = list(dict.fromkeys(key for run in found for key in run.recipe))
    told = [{"algorithm": run.algorithm, "base": run.base.label, **run.recipe} for run in found]
    rows = [
        RecipeRow(key, [recipe.get(key) for recipe in told]) for key in dict.fromkeys(["algorithm", *keys])
    ]
    return [row for row in rows if any(value != row.values[0] for value in row.values)]
