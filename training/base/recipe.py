"""`recipe.toml`: what the base is trained on, how large it is and how long it learns. One file, every key needed.

A base that is not trained on word problems has no table `word_problems`. One that goes on from another names its folder
below `training/base` as `start`, and has no table `model`: model and tokenizer are that one's (`addition.toml`).
One file serves for bases that differ in few keys: `read_recipe` takes these as changes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from problems.addition import ANSWER_ORDERS, WRITTEN_ORDER
from problems.word_problems import Style, Theme
from training.loop import Optimisation
from training.schedule import Schedule

RECIPE = Path(__file__).with_name("recipe.toml")

_KEYS = {"seed", "start", "model", "word_problems", "addition", "steps", "optimisation"}


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

    def __post_init__(self) -> None:
        if type(self.steps) is not int or self.steps < 1:
            raise ValueError(f"steps: {self.steps!r}; expected a whole number from 1")


def read_recipe(path: Path = RECIPE, changes: Mapping[str, Any] | None = None) -> Recipe:
    """changes: values instead of the file's; a key in a table is written `addition.answer_order`.

    Raises ValueError for a key that is missing, misspelt or of no use, and what the parts raise for their values.
    """
    text = path.read_text(encoding="utf-8")
    table = tomllib.loads(text)
    try:
        for key, value in (changes or {}).items():
            _change(table, key, value)
        return _read(table, text)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.name}: {error}; expected the keys of {RECIPE}") from error


def _change(table: dict[str, Any], key: str, value: Any) -> None:
    """Raises KeyError where there is no such table, TypeError for a value of another type than the file's."""
    *names, last = key.split(".")
    inner = table
    for name in names:
        if not isinstance(inner.get(name), dict):
            raise KeyError(f"{key}: there is no table {name}")
        inner = inner[name]
    old = inner.get(last, value)
    if type(value) is not type(old) and not (isinstance(old, float) and type(value) is int):
        raise TypeError(f"{key}: {value!r} instead of {old!r}")
    inner[last] = value


def _read(table: dict[str, Any], text: str) -> Recipe:
    if unknown := sorted(table.keys() - _KEYS):
        raise KeyError(f"{unknown[0]} is no key")
    addition, descent = (dict(table[name]) for name in ("addition", "optimisation"))
    if ("start" in table) == ("model" in table):
        raise KeyError("exactly one of start and model")
    schedule = Schedule(**descent.pop("schedule"))
    return Recipe(
        seed=table["seed"],
        start=_start(table["start"]) if "start" in table else "",
        model=ModelSize(**table["model"]) if "model" in table else None,
        word_problems=_words(dict(table["word_problems"])) if "word_problems" in table else None,
        addition=AdditionShares(
            questions=_by_digits(addition.pop("questions")),
            hinted_only=_by_digits(addition.pop("hinted_only")),
            **addition,
        ),
        steps=table["steps"],
        optimisation=Optimisation(
            schedule=schedule,
            seed=table["seed"],
            betas=tuple(descent.pop("betas")),
            **descent,
        ),
        text=text,
        table=table,
    )


def _start(folder: str) -> str:
    if not (RECIPE.parent / folder / "config.json").is_file() or Path(folder).name != folder:
        raise KeyError(f"start: {folder!r} is no base below {RECIPE.parent.name}")
    return folder


def _words(table: dict[str, Any]) -> WordShares:
    styles = {
        Theme(theme): {Style(style): float(weight) for style, weight in weights.items()}
        for theme, weights in table.pop("styles").items()
    }
    if missing := set(Theme) - styles.keys():
        raise KeyError(f"word_problems.styles.{min(missing)} is missing")
    return WordShares(styles=styles, **table)


def with_seed(recipe: Recipe, seed: int) -> Recipe:
    """The same recipe for another base."""
    table = {**recipe.table, "seed": seed}
    return replace(recipe, seed=seed, optimisation=replace(recipe.optimisation, seed=seed), table=table)


def _by_digits(counts: Mapping[str, int]) -> dict[int, int]:
    return {int(digits): int(count) for digits, count in counts.items()}
