"""The first act of a run: whether its base can write, hold and learn what the recipe asks, before anything is sampled.

The launch has looked at all that it could read (training.runs.fitness); a hub's files only the worker has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generation.registry.opening import files_of
from generation.runs.vocabulary import questions_as_asked, require_layout, unknown_in, writer_for_work
from training.recipes.schema import Recipe
from training.runs.conditions import note
from training.runs.fitness import check_files
from training.runs.models import TrainingRun

if TYPE_CHECKING:
    from jobs.context import JobContext


def check_base(context: JobContext, run: TrainingRun, recipe: Recipe) -> None:
    """Raises what check_fitness raises, and TrainingError (no_checkpointing); notes characters that are not known."""
    writer = writer_for_work(run.base)
    require_layout(writer, run.base, run.dataset, field="base")
    check_files(recipe, run.dataset, run.base, files_of(run.base), writer)
    _check_modules(run, recipe)
    unknown = unknown_in(writer, questions_as_asked(run.dataset))
    if unknown is not None:
        note(context, unknown_characters=unknown.as_json())
        context.log(unknown.words)


def _check_modules(run: TrainingRun, recipe: Recipe) -> None:
    """By the model itself, built without its weights: what their names could only suggest."""
    from generation.registry.loading import load_skeleton
    from training.adapters import require_targets
    from training.preparing import require_checkpointing

    if not recipe.gradient_checkpointing and not (recipe.lora_rank and recipe.lora_targets):
        return
    skeleton = load_skeleton(files_of(run.base))
    if recipe.lora_rank:
        require_targets(skeleton, recipe.lora_targets)
    if recipe.gradient_checkpointing:
        require_checkpointing(skeleton)
