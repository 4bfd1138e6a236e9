"""What a recipe may ask for and is seldom meant, in words: for the form, the API and the command before a launch."""

from __future__ import annotations

from training.recipes.schema import Recipe


def overlooked(recipe: Recipe, *, cores: int, on_gpu: bool) -> list[str]:
    """cores: of the machine that trains, or its GPUs. on_gpu: whether it computes on these."""
    found = []
    if recipe.processes > cores > 0:
        what = "GPU" if on_gpu else "core"
        found.append(
            f"processes: {recipe.processes} share {cores} {what}{'s' if cores > 1 else ''}. More than {cores} save no"
            " time, and each holds the model and its libraries in memory."
        )
    if recipe.precision == "bf16" and not on_gpu:
        found.append(
            'precision: "bf16" is slower than "fp32" on a processor, several times where it has no instructions for it;'
            ' "auto" never chooses it there. The estimate is of "fp32".'
        )
    return found
