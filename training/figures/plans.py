"""Plans: TOML files that say how a figure comes about, from the questions on, so that one command makes it.

    about comment             what is seen, and how long it takes
    figure = "methods"        which figure is made at the end
    seeds = [0, 1, 2]         every run is done with each of them
    base_shots = [0, 3]       the base is evaluated behind so many worked examples (`methods` only)
    evaluate = true           every run's model is evaluated on the test questions
    [[data]]                  make = "word_problems" or "addition", and the keys of that command
    [[run]]                   name, algorithm, recipe, and under `set` what is otherwise than the recipe has it;
                              `draw = false` for a run that others only start from

Runs are done in their order. One is labelled PLAN-NAME-sSEED, and `{seed}` in a text under `set` is its seed: so a run
names the model of another as its base. Everything is refused before anything is made.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from training.figures.errors import UnknownFigure
from training.recipes.reader import ReadRecipe, read_recipe

FOLDER = Path(__file__).with_name("plans")
MAX_BYTES = 100_000

_NAME = re.compile(r"[a-z0-9-]{1,40}")
_KEYS = {"figure", "seeds", "base_shots", "evaluate", "data", "run"}
#: What each maker takes beside `make` and `dataset`; True: it must be there.
_MAKERS: dict[str, dict[str, bool]] = {
    "word_problems": {"count": True, "seed": True},
    "addition": {"count": True, "seed": True, "digits": True, "answer_order": False},
}


@dataclass(frozen=True, slots=True)
class MadeData:
    """A dataset to be made: `make_addition` or `make_word_problems` with these options."""

    make: str
    dataset: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run under one seed. drawn: whether the figure shows it."""

    label: str
    recipe: ReadRecipe
    drawn: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    name: str
    figure: str
    seeds: tuple[int, ...]
    data: tuple[MadeData, ...]
    runs: tuple[PlannedRun, ...]
    base_shots: tuple[int, ...] = ()
    evaluate: bool = False


def plan_names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def plan_of(figure: str) -> str:
    """The plan of that figure: its namesake, or the first that names it. Raises UnknownFigure where there is none."""
    if figure in plan_names():
        return figure
    for name in plan_names():
        if _load(name, FOLDER / f"{name}.toml").get("figure") == figure:
            return name
    raise UnknownFigure(
        f"recipe: no plan makes figure {figure!r}.",
        details={"field": "recipe", "value": figure, "expected": plan_names()},
    )


def read_plan(plan: str, *, seeds: Sequence[int] = (), overrides: Mapping[str, Any] | None = None) -> Plan:
    """The plan of that name, or in that file. seeds: instead of the plan's. overrides: of every run's recipe.

    Raises UnknownFigure for what is no plan, RecipeError for what its recipes refuse.
    """
    path = FOLDER / f"{plan}.toml" if plan in plan_names() else Path(plan)
    table = _load(plan, path)
    if unknown := sorted(table.keys() - _KEYS):
        _refuse(plan, unknown[0], table[unknown[0]], f"one of {', '.join(sorted(_KEYS))}")
    name = path.stem
    if not _NAME.fullmatch(name):
        _refuse(plan, "recipe", name, "a file name of at most 40 small letters, digits and -")
    chosen = tuple(seeds) or tuple(_whole_numbers(plan, table, "seeds"))
    if not chosen:
        _refuse(plan, "seeds", [], "at least one whole number from 0")
    if len(set(chosen)) < len(chosen):
        _refuse(plan, "seeds", list(chosen), "each seed once")
    entries = _entries(plan, table, "run")
    _check_overrides(plan, entries, overrides or {})
    runs = tuple(_run(plan, name, entry, seed, overrides or {}) for entry in entries for seed in chosen)
    if not runs:
        _refuse(plan, "run", [], "at least one [[run]]")
    return Plan(
        name=name,
        figure=str(table.get("figure", name)),
        seeds=chosen,
        data=tuple(_data(plan, entry) for entry in _entries(plan, table, "data")),
        runs=runs,
        base_shots=tuple(_whole_numbers(plan, table, "base_shots")),
        evaluate=bool(table.get("evaluate", False)),
    )


def _load(plan: str, path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes")
        return tomllib.loads(content.decode())
    except (OSError, ValueError) as error:
        known = ", ".join(plan_names())
        raise UnknownFigure(
            f"recipe: {plan!r} is no readable plan of a figure ({error}); expected a TOML file, or one of {known}.",
            details={"field": "recipe", "value": plan, "expected": plan_names()},
        ) from error


def _entries(plan: str, table: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    entries = table.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        _refuse(plan, key, entries, f"tables, each headed [[{key}]]")
    return [dict(entry) for entry in entries]


def _whole_numbers(plan: str, table: Mapping[str, Any], key: str) -> list[int]:
    values = table.get(key, [])
    if not isinstance(values, list) or not all(type(value) is int and value >= 0 for value in values):
        _refuse(plan, key, values, "a list of whole numbers from 0")
    return list(dict.fromkeys(values))


def _data(plan: str, entry: dict[str, Any]) -> MadeData:
    make, dataset = entry.pop("make", None), entry.pop("dataset", None)
    if make not in _MAKERS:
        _refuse(plan, "data.make", make, f"one of {', '.join(_MAKERS)}")
    if not isinstance(dataset, str):
        _refuse(plan, "data.dataset", dataset, "the name of a dataset")
    takes = _MAKERS[make]
    for key in entry.keys() - takes.keys():
        _refuse(plan, f"data.{key}", entry[key], f"no such key for {make}")
    for key in (key for key, needed in takes.items() if needed and key not in entry):
        _refuse(plan, f"data.{key}", None, f"a value, which {make} needs")
    return MadeData(make, dataset, entry)


def _check_overrides(plan: str, entries: Sequence[dict[str, Any]], overrides: Mapping[str, Any]) -> None:
    """Refuse what would make the runs of a plan something else than their names say."""
    if "seed" in overrides:
        _refuse(plan, "seed", overrides["seed"], "--seeds")
    for key in overrides:
        if len({repr(entry.get("set", {}).get(key)) for entry in entries}) > 1:
            _refuse(plan, key, overrides[key], "no value: the plan's runs differ in it")


def _run(plan: str, name: str, entry: dict[str, Any], seed: int, overrides: Mapping[str, Any]) -> PlannedRun:
    for key in ("name", "algorithm", "recipe"):
        if not isinstance(entry.get(key), str) or not entry[key]:
            _refuse(plan, f"run.{key}", entry.get(key), "a text")
    if not _NAME.fullmatch(entry["name"]):
        _refuse(plan, "run.name", entry["name"], "at most 40 small letters, digits and -")
    if unknown := sorted(entry.keys() - {"name", "algorithm", "recipe", "set", "draw"}):
        _refuse(plan, f"run.{unknown[0]}", entry[unknown[0]], "one of name, algorithm, recipe, set, draw")
    own = {
        key: value.replace("{seed}", str(seed)) if isinstance(value, str) else value
        for key, value in entry.get("set", {}).items()
    }
    values = {**own, **overrides, "seed": seed}
    recipe = read_recipe(entry["algorithm"], entry["recipe"], values)
    return PlannedRun(f"{name}-{entry['name']}-s{seed}", recipe, bool(entry.get("draw", True)))


def _refuse(plan: str, key: str, value: object, expected: str) -> NoReturn:
    raise UnknownFigure(
        f"{key}: {value!r} in plan {plan!r} is not usable, expected {expected}.",
        details={"field": key, "value": str(value)[:200], "expected": expected, "plan": plan},
    )
