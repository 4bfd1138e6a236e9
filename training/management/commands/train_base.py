"""Trains the tiny base from scratch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from accounts.arguments import folder_to_fill
from accounts.commands import JsonCommand
from accounts.errors import InvalidInput
from generation.registry.manifest import MANIFEST
from ratings.library.options import check_seed, refuse

MAX_THREADS = 1_024
#: Without these a folder is none that this command made.
_OF_A_BASE = (MANIFEST, "model.safetensors")


class Command(JsonCommand):
    help = (
        "Train the tiny base model from scratch on addition and word problems, as training/base/recipe.toml says (or "
        "the base of the figure on addition, as addition.toml beside it does), and "
        "store it in a folder (weights, tokenizer, manifest with what it can do). Tens of minutes on one core. "
        "Interrupted, the same command goes on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--out", required=True, help="the folder to be made; a base that is there is replaced"
        )
        parser.add_argument("--seed", type=int, help="another base; by default the recipe's")
        parser.add_argument("--recipe", help="another recipe file")
        parser.add_argument("--threads", type=int, default=1, help="threads to compute on")

    def run(self, *, out: str, seed: int | None, recipe: str | None, threads: int) -> dict[str, Any]:
        if not 1 <= threads <= MAX_THREADS:
            refuse("threads", threads, f"a whole number from 1 to {MAX_THREADS}")
        if seed is not None:
            check_seed(seed)
        folder = _replaceable(out)
        # torch is imported by the work alone: every other command starts without it.
        from training.base.bar import Bar
        from training.base.building import train_base
        from training.base.recipe import RECIPE, read_recipe, with_seed

        path = RECIPE if recipe is None else Path(recipe)
        try:
            read = read_recipe(path)
        # No file, or no TOML: what is wrong in one names its key itself.
        except (OSError, ValueError) as error:
            raise InvalidInput(
                f"recipe: {str(path)!r} is not usable: {error}",
                details={
                    "field": "recipe",
                    "value": str(path),
                    "expected": "a file like training/base/recipe.toml",
                },
            ) from error
        if seed is not None:
            read = with_seed(read, seed)
        with Bar(read.steps, "steps") as bar:
            manifest = train_base(read, folder, watch=bar, threads=threads)
        files = manifest["files"]
        return {
            "path": str(folder),
            "bytes": sum(file["bytes"] for file in files.values()),
            "sha256": files["model.safetensors"]["sha256"],
            **{key: manifest[key] for key in ("parameters", "loss", "measured", "seconds")},
        }


def _replaceable(out: str) -> Path:
    """Where the base goes: what stands there is replaced, so it must be a base, or nothing. Raises InvalidInput."""
    folder = folder_to_fill(out).absolute()
    if (
        folder.is_dir()
        and any(folder.iterdir())
        and not all((folder / name).is_file() for name in _OF_A_BASE)
    ):
        refuse("out", out, "a new or empty folder, or one with a base: what is in it is replaced")
    return folder
