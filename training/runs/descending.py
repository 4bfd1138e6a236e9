"""From a recipe's keys to how the trainer descends."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from training.recipes.schema import Recipe

if TYPE_CHECKING:
    from training.adapters import Lora
    from training.loop import Optimisation
    from training.precision import Precision
    from training.schedule import Shape


def optimisation_of(
    recipe: Recipe, *, seed: int, learning_rate: float | None = None, batch_size: int | None = None
) -> Optimisation:
    """seed: of the order of the batches. learning_rate, batch_size: instead of the recipe's."""
    from training.loop import Optimisation
    from training.schedule import Schedule

    schedule = Schedule(
        peak=learning_rate or recipe.learning_rate,
        warmup_steps=recipe.warmup_steps,
        shape=cast("Shape", recipe.schedule),
        final_share=recipe.final_share,
        hold=recipe.hold,
    )
    return Optimisation(
        schedule=schedule,
        batch_size=batch_size or recipe.batch_size,
        accumulate=recipe.accumulate,
        clip=recipe.clip,
        betas=(0.9, recipe.adam_beta2),
        weight_decay=recipe.weight_decay,
        seed=seed,
        precision=cast("Precision", recipe.precision),
        processes=recipe.processes,
        checkpointing=recipe.gradient_checkpointing,
        lora=lora_of(recipe),
    )


def lora_of(recipe: Recipe) -> Lora | None:
    """The recipe's adapters; None without."""
    from training.adapters import Lora

    if not recipe.lora_rank:
        return None
    return Lora(recipe.lora_rank, recipe.lora_alpha, recipe.lora_targets, recipe.lora_dropout)
