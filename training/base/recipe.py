"""`recipe.toml`: what the base is trained on, how large it is and how long it learns. One file, every key needed.

A base that is not trained on word problems has no table `word_problems`. One that goes on from another names its folder
below `training/base` as `start`, and has no table `model`: model and tokenizer are that one's (`addition.toml`).
One file serves for bases that differ in few keys: `read_recipe` takes these as changes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from problems.addition import ANSWER_ORDERS, WRITTEN_ORDER
from problems.seeds import LARGEST_SEED
from problems.word_problems import Style, Theme
from training.base.recipe_keys import Table, check_tables, in_table, set_value, table_of
from training.loop import Optimisation
from training.recipes.errors import bad_value
from training.recipes.fields import Kind, OneOf, Text, Whole
from training.schedule import Schedule

RECIPE = Path(__file__).with_name("recipe.toml")


@dataclass(frozen=True, slots=True)
class ModelSize:
    """The GPT-J to be made (`generation.registry.tiny`)."""

    layers: int
    width: int
    heads: int
    rotary: int
    context: int
    vocabulary: int


@dataclass(frozen=True, slots=True)
class WordShares:
    """Word problems of the corpus.

    hinted: share with the answer given. hinted_explicit: share of these whose rationale is explicit; the others are
    terse. few_shot: share behind worked examples. styles: weights of the styles by theme. wrong: share of wrong
    rationales by style; terse has one for two steps and one for more.
    """

    questions: int
    hinted: float
    hinted_explicit: float
    few_shot: float
    styles: Mapping[Theme, Mapping[Style, float]]
    wrong_explicit: float
    wrong_terse: float
    wrong_terse_long: float
    wrong_circular: float

    def wrong_share(self, style: Style, *, steps: int) -> float:
        if style is Style.TERSE:
            return self.wrong_terse if steps <= 2 else self.wrong_terse_long
        return self.wrong_explicit if style is Style.EXPLICIT else self.wrong_circular


@dataclass(frozen=True, slots=True)
class AdditionShares:
    """Sums of the corpus.

    questions: how many of each number of digits. hinted: share that comes hinted, too. hinted_only: more sums of each
    number of digits, which come with a hint alone. repeats: how often all of them come in one pass over the corpus.
    answer_order: `written`, or `reversed`: the sum's last digit comes first.
    """

    questions: Mapping[int, int]
    hinted_only: Mapping[int, int]
    hinted: float
    few_shot: float
    repeats: int
    answer_order: str = WRITTEN_ORDER

    def __post_init__(self) -> None:
        if self.answer_order not in ANSWER_ORDERS:
            raise ValueError(f"answer_order: {self.answer_order!r}; expected {' or '.join(ANSWER_ORDERS)}")


@dataclass(frozen=True, slots=True)
class Recipe:
    """model: to be made; None where `start` names a base to go on from. word_problems: None for sums alone.

    steps: optimiser steps. text: the file. table: what was read, with its changes; stored with the model.
    """

    seed: int
    start: str
    model: ModelSize | None
    word_problems: WordShares | None
    addition: AdditionShares
    steps: int
    optimisation: Optimisation
    text: str
    table: Mapping[str, Any]


_WHOLE: dict[str, Kind | None] = {
    "seed": Whole(0, LARGEST_SEED),
    "start": Text("a base to go on from"),
    "steps": Whole(1),
    "model": None,
    "word_problems": None,
    "addition": None,
    "optimisation": None,
}
_TABLES = {
    "": Table(_WHOLE, frozenset({"seed", "steps", "addition", "optimisation"})),
    "model": table_of(ModelSize),
    "word_problems": table_of(WordShares),
    "addition": table_of(AdditionShares),
    "optimisation": table_of(Optimisation, needed=("betas",), apart_from=("seed", "lora")),
    "optimisation.schedule": table_of(Schedule),
}


def read_recipe(path: Path = RECIPE, changes: Mapping[str, Any] | None = None) -> Recipe:
    """changes: values instead of the file's; a key in a table is written `addition.answer_order`.

    Raises RecipeError for a key that is missing, misspelt or of no use, and for its value; ValueError for a file
    that is no TOML.
    """
    text = path.read_text(encoding="utf-8")
    table = tomllib.loads(text)
    for key, value in (changes or {}).items():
        set_value(table, key, value)
    _check(table)
    return _read(table, text)


def _check(table: Mapping[str, Any]) -> None:
    check_tables(table, _TABLES)
    if ("start" in table) == ("model" in table):
        raise bad_value("start", table.get("start"), "a base to go on from or a table `model`, one of both")


def _read(table: dict[str, Any], text: str) -> Recipe:
    addition, descent = (dict(table[name]) for name in ("addition", "optimisation"))
    with in_table("optimisation.schedule", table["optimisation"]["schedule"]):
        schedule = Schedule(**descent.pop("schedule"))
    with in_table("optimisation", table["optimisation"]):
        betas = tuple(descent.pop("betas"))
        optimisation = Optimisation(schedule=schedule, seed=table["seed"], betas=betas, **descent)
    with in_table("addition", table["addition"]):
        sums = AdditionShares(
            questions=_by_digits("questions", addition.pop("questions")),
            hinted_only=_by_digits("hinted_only", addition.pop("hinted_only")),
            **addition,
        )
    return Recipe(
        seed=table["seed"],
        start=_start(table["start"]) if "start" in table else "",
        model=ModelSize(**table["model"]) if "model" in table else None,
        word_problems=_words(dict(table["word_problems"])) if "word_problems" in table else None,
        addition=sums,
        steps=table["steps"],
        optimisation=optimisation,
        text=text,
        table=table,
    )


def _start(folder: str) -> str:
    known = sorted(path.parent.name for path in RECIPE.parent.glob("*/config.json"))
    return OneOf(tuple(known)).read("start", folder)


def _words(table: dict[str, Any]) -> WordShares:
    styles = table.pop("styles")
    _require_names("word_problems.styles", styles, Theme)
    if missing := set(Theme) - styles.keys():
        raise bad_value(f"word_problems.styles.{min(missing)}", None, "weights of styles")
    read: dict[Theme, dict[Style, float]] = {}
    for theme, weights in styles.items():
        key = f"word_problems.styles.{theme}"
        if not isinstance(weights, dict):
            raise bad_value(key, weights, "weights of styles")
        _require_names(key, weights, Style)
        for style, weight in weights.items():
            if type(weight) not in (int, float):
                raise bad_value(f"{key}.{style}", weight, "a number")
        read[Theme(theme)] = {Style(style): float(weight) for style, weight in weights.items()}
    return WordShares(styles=read, **table)


def _require_names(key: str, table: Mapping[str, Any], names: type[StrEnum]) -> None:
    for name in table:
        if name not in list(names):
            raise bad_value(f"{key}.{name}", table[name], f"one of {', '.join(names)}")


def with_seed(recipe: Recipe, seed: int) -> Recipe:
    """The same recipe for another base."""
    table = {**recipe.table, "seed": seed}
    return replace(recipe, seed=seed, optimisation=replace(recipe.optimisation, seed=seed), table=table)


def _by_digits(name: str, counts: Mapping[str, Any]) -> dict[int, int]:
    for digits, count in counts.items():
        if not (digits.isascii() and digits.isdigit() and type(count) is int and count >= 0):
            expected = "how many sums, from 0, of a number of digits"
            raise bad_value(f"addition.{name}.{digits}", count, expected)
    return {int(digits): count for digits, count in counts.items()}
