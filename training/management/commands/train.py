"""Trains a model by a recipe, in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from jobs.models import Job
from training.recipes.reader import parse_overrides, read_recipe, recipe_names
from training.recipes.schema import ALGORITHMS, PLANNED
from training.runs.commanding import answer_again, estimate_here, launched_or_resumed, train_here
from training.runs.freezing import is_comparable
from training.runs.selectors import get_run


class Command(JsonCommand):
    help = (
        "Trains a model: sft, dpo (a verifier from preferences), star or vstar. Recipes: "
        f"{', '.join(recipe_names())}; each of their keys is explained in training/recipes/. "
        "A recipe, or a value of --set, that is not what it may be is a bad argument (exit 2), also NaN and a "
        "misspelt key. The same command again goes on with a run that was interrupted, failed, was cancelled or was "
        "killed, and answers again for one that is finished; another recipe under the label of a run that may go on is "
        "refused, with what differs. In the answer `seconds` are those of the work, over all its attempts, without "
        "each process's start-up, as on the run's page and in --estimate."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "algorithm",
            help=f"one of {', '.join(ALGORITHMS)} (later: {', '.join(PLANNED)})",
        )
        parser.add_argument("--recipe", required=True, help="the name of a recipe, or a TOML file")
        parser.add_argument(
            "--set",
            nargs="+",
            action="extend",
            default=[],
            metavar="KEY=VALUE",
            dest="overrides",
            help="instead of the recipe's value; VALUE as TOML has it, a text may stand without quotes",
        )
        parser.add_argument("--label", required=True, help="what the resulting model is called")
        parser.add_argument(
            "--anew",
            action="store_true",
            help="begin a new run also where one of this label did not finish; that one can not go on then",
        )
        parser.add_argument(
            "--estimate",
            action="store_true",
            help="say what the run would take and launch nothing; measures the base on the dataset first, if need be",
        )

    def run(self, **options: Any) -> dict[str, Any]:
        recipe = read_recipe(
            options["algorithm"], _full_path(options["recipe"]), parse_overrides(options["overrides"])
        )
        if options["estimate"]:
            return estimate_here(recipe, actor=COMMAND)
        job = launched_or_resumed(recipe, label=options["label"], actor=COMMAND, anew=options["anew"])
        if job.state == Job.State.FINISHED and job.result is not None:
            run = get_run(job.result["run"])
            self.stderr.write(f"Run {run.pk} ({run.label!r}) did exactly this already: its answer again.")
            if not is_comparable(run):
                self.stderr.write(
                    "Whether its data are still the same could not be compared: an earlier version of the program"
                    " recorded them otherwise. For a new run take another label."
                )
            return answer_again(run, job.result)
        return train_here(job)


def _full_path(recipe: str) -> str:
    """A file is stored with the run by its full path, a name as it is."""
    return recipe if recipe in recipe_names() else str(Path(recipe).absolute())
