"""`manage.py figure`: one of the paper's figures, from runs that are there or from the questions on."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandParser

from accounts.arguments import BadArguments
from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from training.figures.catalogue import KINDS, kind_named
from training.figures.errors import BadPlan
from training.figures.making import from_stored, made_by, make_figure, make_source_figure, runs_labelled
from training.figures.models import FigureRecord
from training.figures.performing import perform
from training.figures.plans import plan_names, plan_of, read_plan
from training.figures.saving import folder_for, save_figure
from training.recipes.reader import parse_overrides


class Command(JsonCommand):
    help = (
        "Draws a figure of finished runs; saves it as SVG, PNG, JSON (all numbers, runs and seeds) and CSV. Figures: "
        + "; ".join(f"{kind.name} ({kind.needs})" for kind in KINDS.values())
        + ". With --recipe it does all that the figure needs first: questions, runs, evaluations. The same command "
        "again goes on where it was interrupted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help=f"one of {', '.join(KINDS)}")
        parser.add_argument(
            "--run",
            nargs="+",
            action="extend",
            default=[],
            metavar="LABEL",
            dest="runs",
            help="finished runs",
        )
        parser.add_argument("--dataset", help="draw solutions of this dataset instead (step-counts)")
        parser.add_argument(
            "--source",
            nargs="+",
            action="extend",
            default=[],
            metavar="LABEL",
            dest="sources",
            help="whose solutions of that dataset",
        )
        parser.add_argument(
            "--recipe",
            nargs="?",
            const="",
            metavar="PLAN",
            help=f"do all that it needs, by a plan: the figure's own, one of {', '.join(plan_names())}, or a TOML file",
        )
        parser.add_argument("--seeds", nargs="+", type=int, default=[], help="instead of the plan's")
        parser.add_argument(
            "--set",
            nargs="+",
            action="extend",
            default=[],
            metavar="KEY=VALUE",
            dest="overrides",
            help="instead of the value in the recipe of every run of the plan",
        )
        parser.add_argument("--out", required=True, metavar="FOLDER", help="where the four files go")

    def run(self, *, name: str, out: str, **options: Any) -> dict[str, Any]:
        kind_named(name)
        folder = folder_for(name, out)
        made = _made(name, **options)
        figure = from_stored(made)
        files = save_figure(figure, folder, made_by=made_by(made))
        return {
            "figure": name,
            "id": made.pk,
            "title": figure.title,
            "runs": [run.label for run in figure.runs],
            "seeds": made.seeds,
            "numbers": len(figure.numbers),
            "files": files,
        }


def _made(
    name: str,
    *,
    runs: list[str],
    dataset: str | None,
    sources: list[str],
    recipe: str | None,
    seeds: list[int],
    overrides: list[str],
) -> FigureRecord:
    asked = [bool(runs), bool(dataset or sources), recipe is not None]
    if sum(asked) != 1:
        raise BadArguments(
            "one of --run, --dataset with --source, and --recipe is needed, and only one",
            field="run",
            value=runs,
            expected="labels of runs; or --dataset with --source; or --recipe",
        )
    if (seeds or overrides) and recipe is None:
        field = "seeds" if seeds else "set"
        raise BadArguments(
            "--seeds and --set belong to --recipe",
            field=field,
            value=seeds or overrides,
            expected="--recipe beside it",
        )
    if sources and not dataset:
        raise BadArguments(
            "--source belongs to --dataset", field="dataset", value=dataset, expected="the name of a dataset"
        )
    if recipe is not None:
        plan = read_plan(recipe or plan_of(name), seeds=seeds, overrides=parse_overrides(overrides))
        if plan.figure != name:
            raise BadPlan(
                f"recipe: plan {plan.name!r} is of figure {plan.figure!r}, not {name!r}.",
                details={"field": "recipe", "value": recipe, "expected": f"a plan of {name}"},
            )
        return perform(plan, actor=COMMAND, say=lambda words: print(words, file=sys.stderr))  # noqa: T201
    if dataset or sources:
        return make_source_figure(name, dataset or "", sources, actor=COMMAND)
    return make_figure(name, runs_labelled(runs), actor=COMMAND)
