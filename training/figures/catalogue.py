"""The figures by name: what each is made from, and from what it is built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from training.figures.errors import UnknownFigure
from training.figures.evaluated import Asked, method_results
from training.figures.kinds import addition, digits_later, methods, reversed_digits, step_counts
from training.figures.reading import (
    accuracy_runs,
    digit_order_of,
    rationalization_of,
    require_star,
    run_steps,
)
from training.figures.types import Figure
from training.runs.models import TrainingRun

Runs = Sequence[TrainingRun]


@dataclass(frozen=True, slots=True)
class Kind:
    """needs: what runs it is made from, in words. build: the figure of finished runs; raises NothingToDraw.

    of_sources: whether it can also be made from sources of a dataset.
    """

    name: str
    title: str
    about: str
    needs: str
    build: Callable[[Runs, Asked], Figure]
    of_sources: bool = False


def _addition(runs: Runs, _: Asked) -> Figure:
    require_star(runs)
    return addition.build(accuracy_runs(runs, [rationalization_of(run) for run in runs]))


def _digits_later(runs: Runs, _: Asked) -> Figure:
    require_star(runs)
    return digits_later.build(accuracy_runs(runs, [rationalization_of(run) for run in runs]))


def _reversed_digits(runs: Runs, _: Asked) -> Figure:
    require_star(runs)
    return reversed_digits.build(accuracy_runs(runs, [digit_order_of(run) for run in runs]))


def _step_counts(runs: Runs, _: Asked) -> Figure:
    require_star(runs)
    series = [one for run in runs for one in run_steps(run, rationalization_of(run))]
    return step_counts.build(series)


def _methods(runs: Runs, asked: Asked) -> Figure:
    return methods.build(method_results(runs, asked), dataset=runs[0].dataset.name)


KINDS: dict[str, Kind] = {
    module.NAME: Kind(module.NAME, module.TITLE, module.ABOUT, needs, build, of_sources=module is step_counts)
    for module, needs, build in (
        (addition, "STaR runs on sums; best several seeds with and without rationalization", _addition),
        (digits_later, "STaR runs on sums whose recipe has later_groups", _digits_later),
        (reversed_digits, "STaR runs on sums as written and on reversed sums", _reversed_digits),
        (step_counts, "STaR runs on word problems, or sources of a dataset", _step_counts),
        (methods, "SFT and STaR runs of one base, each evaluated on the test questions", _methods),
    )
}


def kind_named(name: str) -> Kind:
    """Raises UnknownFigure."""
    if name not in KINDS:
        known = ", ".join(KINDS)
        raise UnknownFigure(
            f"name: there is no figure {name!r}; expected one of {known}.",
            details={"field": "name", "value": name, "expected": list(KINDS)},
        )
    return KINDS[name]
