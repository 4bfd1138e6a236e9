"""Making a figure from finished runs, or from sources of a dataset: built, recorded, and its record given back.

A figure that can not be made is recorded too, so that the pages of its runs say who asked and why it was refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction

from accounts.audit import Actor, record
from accounts.errors import InvalidInput, StarchamberError
from accounts.gates import require
from accounts.models import User
from accounts.roles import Act
from jobs.charts import Chart
from ratings.library.datasets import get_dataset
from ratings.library.models import Dataset
from training.figures.catalogue import Kind, kind_named
from training.figures.errors import NothingToDraw
from training.figures.evaluated import Asked
from training.figures.kinds import step_counts
from training.figures.models import FigureRecord
from training.figures.reading import require_finished, solutions_by_source, source_steps
from training.figures.selectors import get_figure
from training.figures.types import Figure, RunFacts
from training.runs.blinding import require_visible_votes
from training.runs.errors import UnknownRun
from training.runs.models import TrainingRun
from training.runs.selectors import runs as all_runs
from training.runs.version import code_version

#: More runs than this are no figure that anybody could read.
MAX_RUNS = 100


def runs_labelled(labels: Sequence[str]) -> list[TrainingRun]:
    """The runs that hold these labels, in this order, none twice. Raises UnknownRun and InvalidInput."""
    if len(labels) > MAX_RUNS:
        raise InvalidInput(
            f"run: {len(labels)} runs; expected at most {MAX_RUNS}.",
            details={"field": "run", "value": len(labels), "expected": f"at most {MAX_RUNS}"},
        )
    found = {run.label: run for run in all_runs().filter(label__in=labels, holds_label=True)}
    for label in labels:
        if label not in found:
            raise UnknownRun(
                f"run: there is no run {label!r}.",
                details={"field": "run", "value": label, "expected": "labels of runs"},
            )
    return [found[label] for label in dict.fromkeys(labels)]


def make_figure(
    name: str, runs: Sequence[TrainingRun], *, actor: Actor, plan: str = "", asked: Asked | None = None
) -> FigureRecord:
    """The figure of these runs. asked: what a plan evaluates beside them.

    Raises UnknownFigure, InvalidInput, RunNotFinished, NothingToDraw; the last two are recorded.
    """
    kind = kind_named(name)
    if not runs:
        raise InvalidInput(
            f"run: figure {name!r} needs runs: {kind.needs}.",
            details={"field": "run", "value": [], "expected": kind.needs},
        )

    def build() -> Figure:
        require_finished(runs)
        figure = kind.build(runs, asked or Asked())
        _require_seeds_once(figure)
        _require_one_recipe(figure, runs)
        return figure

    return _recorded(FigureRecord(name=name, plan=plan), runs, build, actor)


def _require_seeds_once(figure: Figure) -> None:
    """A mean over seeds is one of independent runs: two of one seed are one, or differ in more than the seed."""
    first: dict[tuple[str, int], str] = {}
    for run in figure.runs:
        before = first.setdefault((run.arm, run.seed), run.label)
        if before != run.label:
            raise NothingToDraw(
                f"run: {before!r} and {run.label!r} are both {run.arm!r} with seed {run.seed}; expected each seed"
                " once, since the figure tells means over seeds.",
                details={
                    "field": "run",
                    "value": [before, run.label],
                    "expected": "each seed once in an arm",
                },
            )


def _require_one_recipe(figure: Figure, runs: Sequence[TrainingRun]) -> None:
    """Runs that differ in more than their seed are two experiments, of which no mean is told."""
    recipes = {run.label: _without_seed(run) for run in runs}
    first: dict[str, str] = {}
    for run in figure.runs:
        label = first.setdefault(run.arm, run.label)
        one, other = recipes[label], recipes[run.label]
        keys = sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))
        if keys:
            raise NothingToDraw(
                f"run: {label!r} and {run.label!r} are both {run.arm!r} and differ in {', '.join(keys)}; expected"
                " runs of an arm to differ in their seed alone, since the figure tells means over seeds.",
                details={"field": "run", "value": [label, run.label], "differ": keys},
            )


def _without_seed(run: TrainingRun) -> dict[str, Any]:
    """The recipe, and the dataset; a base that a plan made for each seed is one base."""
    recipe = {key: value for key, value in run.recipe.items() if key != "seed"}
    return recipe | {"dataset": run.dataset.name, "base": run.base.label.removesuffix(f"-s{run.seed}")}


def make_figure_for(user: User, name: str, runs: Sequence[TrainingRun]) -> FigureRecord:
    """What pages call. Raises PermissionRefused and Blinded, and as make_figure does."""
    require(user, Act.RUN_JOBS)
    for run in runs:
        require_visible_votes(run)
    return make_figure(name, runs, actor=Actor.of(user))


def make_source_figure_for(user: User, name: str, dataset: str, sources: Sequence[str]) -> FigureRecord:
    """What pages and API call. Raises PermissionRefused, and as make_source_figure does.

    An open study's results are not in it: how many steps a source's solutions take is counted in texts that whoever
    may see sources reads in the library beside their labels, and says nothing of what raters prefer. So no study
    hides it; a blind analyst, who must not see what source a text is of, may do neither act.
    """
    require(user, Act.RUN_JOBS)
    require(user, Act.VIEW_SOURCES)
    return make_source_figure(name, dataset, sources, actor=Actor.of(user))


def make_source_figure(name: str, dataset: str, sources: Sequence[str], *, actor: Actor) -> FigureRecord:
    """The figure of solutions of the library. Raises as make_figure does, and UnknownDataset."""
    kind = kind_named(name)
    _require_of_sources(kind, dataset)
    found = get_dataset(dataset)
    chosen = list(dict.fromkeys(sources))
    _require_a_source(found, chosen)
    made = FigureRecord(name=name, dataset=found, sources=chosen)
    return _recorded(made, [], lambda: _of_sources(found, chosen), actor)


def _of_sources(dataset: Dataset, sources: Sequence[str]) -> Figure:
    return step_counts.build(source_steps(dataset, sources))


def _require_a_source(dataset: Dataset, chosen: Sequence[str]) -> None:
    """Raises InvalidInput, with the sources that there are, where none is given."""
    if chosen:
        return
    there = solutions_by_source(dataset)
    known = ", ".join(f"{label} ({count:,})" for label, count in there.items()) or "none"
    raise InvalidInput(
        "source: none is given; expected sources whose solutions are compared with the human ones. Dataset"
        f" {dataset.name!r} has solutions of {known}.",
        details={"field": "source", "value": [], "dataset": dataset.name, "expected": list(there)},
    )


def _require_of_sources(kind: Kind, dataset: str) -> None:
    if not kind.of_sources:
        raise InvalidInput(
            f"dataset: figure {kind.name!r} is made from runs: {kind.needs}.",
            details={"field": "dataset", "value": dataset[:100], "expected": kind.needs},
        )


def _recorded(
    made: FigureRecord, runs: Sequence[TrainingRun], build: Callable[[], Figure], actor: Actor
) -> FigureRecord:
    made.code_version = code_version()
    made.created_by, made.created_by_label = actor.user, actor.label
    try:
        figure = build()
    except StarchamberError as error:
        made.error = error.as_json()
        _store(made, runs, actor)
        error.details["figure"] = made.pk
        raise
    made.seeds, made.result = figure.seeds, as_stored(figure)
    _store(made, runs, actor)
    return made


@transaction.atomic
def _store(made: FigureRecord, runs: Sequence[TrainingRun], actor: Actor) -> None:
    made.seeds = made.seeds or sorted({run.seed for run in runs})
    made.save()
    made.runs.set(runs)
    details = {"figure": made.pk, "runs": [run.label for run in runs], "refused": made.error.get("code")}
    record(actor, "training.figure", subject=made.name, details=details)


def visible_figure(pk: int) -> FigureRecord:
    """What pages and API show. Raises FigureNotFound, and Blinded where a run behind it learned from hidden votes."""
    found = get_figure(pk)
    for run in found.runs.all():
        require_visible_votes(run)
    return found


def as_stored(figure: Figure) -> dict[str, Any]:
    return {
        "title": figure.title,
        "about": figure.about,
        "marks": figure.marks,
        "panels": [asdict(panel) for panel in figure.panels],
        # PostgreSQL keeps no order of keys.
        "numbers": {"head": list(figure.numbers[0]), "rows": [list(row.values()) for row in figure.numbers]},
        "runs": [asdict(run) for run in figure.runs],
    }


def from_stored(made: FigureRecord) -> Figure:
    """The figure as it was made. For a record with a result."""
    stored = made.result
    numbers = [dict(zip(stored["numbers"]["head"], row, strict=True)) for row in stored["numbers"]["rows"]]
    return Figure(
        made.name,
        stored["title"],
        stored["about"],
        [Chart(**panel) for panel in stored["panels"]],
        numbers,
        [RunFacts(**run) for run in stored["runs"]],
        # Figures of earlier versions say it nowhere.
        stored.get("marks", ""),
    )


def made_by(made: FigureRecord) -> dict[str, Any]:
    """What the JSON file says beside figure and runs."""
    return {
        "dataset": made.dataset.name if made.dataset else None,
        "sources": made.sources,
        "plan": made.plan,
        "program": made.code_version,
        "made_at": made.created_at.isoformat(timespec="seconds"),
    }
