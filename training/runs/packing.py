"""From a recipe's keys to how examples share rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from training.recipes.schema import TextRecipe

if TYPE_CHECKING:
    from training.packing import Attention, Packing


def packing_of(recipe: TextRecipe) -> Packing:
    from training.packing import Packing

    return Packing(recipe.pack_tokens, cast("Attention", recipe.packed_attention))
