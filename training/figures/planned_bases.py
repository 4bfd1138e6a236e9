"""`[[base]]` in a plan: a base trained for the figure's runs, one for each seed, from a recipe of `training/base`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problems.seeds import SEEDS, is_seed
from training.figures.errors import refuse_plan
from training.recipes.errors import RecipeError

if TYPE_CHECKING:  # its module imports torch, which no command needs to say what is wrong with its arguments
    from training.base.recipe import Recipe

RECIPES = Path(__file__).parents[1] / "base"

_KEYS = {"name", "recipe", "seed", "set"}


@dataclass(frozen=True, slots=True)
class PlannedBase:
    """One base under one seed."""

    label: str
    recipe: Recipe


def read_base(plan: str, prefix: str, entry: Mapping[str, Any], seed: int) -> PlannedBase:
    """prefix: of the label. seed: of the corpus, the first weights and the order of the examples, unless the entry has
    one: then this base is one for all seeds of the plan, and its label names none.

    Raises BadPlan for a key or value that is of no use, with what the recipe says of it.
    """
    from training.base.recipe import read_recipe, with_seed

    if unknown := sorted(entry.keys() - _KEYS):
        refuse_plan(plan, f"base.{unknown[0]}", entry[unknown[0]], f"one of {', '.join(sorted(_KEYS))}")
    changes = entry.get("set", {})
    if not isinstance(changes, dict):
        refuse_plan(plan, "base.set", changes, "a table of the recipe's keys")
    if "seed" in changes:
        refuse_plan(
            plan,
            "base.set.seed",
            changes["seed"],
            "no seed: the plan's seeds are the base's, or `seed` beside `set`",
        )
    own = entry.get("seed")
    if own is not None and not is_seed(own):
        refuse_plan(plan, "base.seed", own, SEEDS)
    named = entry.get("recipe")
    known = sorted(path.stem for path in RECIPES.glob("*.toml"))
    if named not in known:
        refuse_plan(plan, "base.recipe", named, f"one of {', '.join(known)}")
    try:
        recipe = with_seed(read_recipe(RECIPES / f"{named}.toml", changes), seed if own is None else own)
    except RecipeError as error:
        refuse_plan(
            plan, f"base.set.{error.details['key']}", error.details["value"], error.details["expected"]
        )
    label = f"{prefix}-{entry['name']}"
    return PlannedBase(label if own is not None else f"{label}-s{seed}", recipe)


def require_used(plan: str, bases: Sequence[PlannedBase], wanted: Sequence[str]) -> None:
    """wanted: labels of the runs' bases. Raises BadPlan for a base that no run starts from."""
    for one in bases:
        if one.label not in wanted:
            refuse_plan(
                plan, "base.name", one.label, f"the base of a run; these start from {', '.join(wanted)}"
            )
