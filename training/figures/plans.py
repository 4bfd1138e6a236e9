"""Plans: TOML files that say how a figure comes about, from the questions on, so that one command makes it.

    about comment             what is seen, and how long it takes
    figure = "methods"        which figure is made at the end
    seeds = [0, 1, 2]         every run is done with each of them
    base_shots = [0, 3]       the base is evaluated behind so many worked examples (`methods` only)
    evaluate = true           every run's model is evaluated on the test questions
    [[data]]                  make = "word_problems" or "addition", and the keys of that command
    [[base]]                  name, recipe (a file of `training/base`, without its ending), and under `set` what is
                              otherwise than the file has it, as in `"addition.answer_order" = "reversed"`; `seed = 0`
                              where one base serves all seeds
    [[run]]                   name, algorithm, recipe, and under `set` what is otherwise than the recipe has it;
                              `draw = false` for a run that others only start from

Bases come first, then runs in their order. Each is labelled PLAN-NAME-sSEED, a base with a seed of its own PLAN-NAME,
and `{seed}` in a text under a run's `set` is its seed: so a run names as its base one that the plan trains. Everything
is refused before anything is made.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.figures.errors import BadPlan, UnknownFigure, refuse_plan
from training.figures.planned_bases import PlannedBase, read_base, require_used
from training.recipes.reader import ReadRecipe, read_recipe

FOLDER = Path(__file__).with_name("plans")
MAX_BYTES = 100_000

_NAME = re.compile(r"[a-z0-9-]{1,40}")
_KEYS = {"figure", "seeds", "base_shots", "evaluate", "data", "base", "run"}
#: What each maker takes beside `make` and `dataset`; True: it must be there.
_MAKERS: dict[str, dict[str, bool]] = {
    "word_problems": {"count": True, "seed": True},
    "addition": {"count": True, "seed": True, "digits": True, "answer_order": False},
}
#: Of what type these are; what they may be is for who makes the questions.
_TYPES: dict[str, tuple[type, str]] = {
    "count": (int, "a whole number"),
    "seed": (int, "a whole number"),
    "digits": (list, "a list of whole numbers"),
    "answer_order": (str, "a text"),
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
    bases: tuple[PlannedBase, ...]
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

    Raises BadPlan for what is no plan, RecipeError for what its recipes refuse.
    """
    path = FOLDER / f"{plan}.toml" if plan in plan_names() else Path(plan)
    table = _load(plan, path)
    if unknown := sorted(table.keys() - _KEYS):
        refuse_plan(plan, unknown[0], table[unknown[0]], f"one of {', '.join(sorted(_KEYS))}")
    name = path.stem
    if not _NAME.fullmatch(name):
        refuse_plan(plan, "recipe", name, "a file name of at most 40 small letters, digits and -")
    chosen = tuple(seeds) or tuple(_whole_numbers(plan, table, "seeds"))
    if not chosen:
        refuse_plan(plan, "seeds", [], "at least one whole number from 0")
    if len(set(chosen)) < len(chosen):
        refuse_plan(plan, "seeds", list(chosen), "each seed once")
    entries, trained = _entries(plan, table, "run"), _entries(plan, table, "base")
    _check_names(plan, {"base": trained, "run": entries})
    _check_overrides(plan, entries, overrides or {})
    runs = tuple(_run(plan, name, entry, seed, overrides or {}) for entry in entries for seed in chosen)
    if not runs:
        refuse_plan(plan, "run", [], "at least one [[run]]")
    planned = [read_base(plan, name, entry, seed) for entry in trained for seed in chosen]
    bases = tuple({base.label: base for base in planned}.values())
    require_used(plan, bases, [run.recipe.values.base for run in runs])
    return Plan(
        name=name,
        figure=_text(plan, table, "figure", default=name),
        seeds=chosen,
        data=tuple(_data(plan, entry) for entry in _entries(plan, table, "data")),
        bases=bases,
        runs=runs,
        base_shots=tuple(_whole_numbers(plan, table, "base_shots")),
        evaluate=_flag(plan, table, "evaluate", default=False),
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
        raise BadPlan(
            f"recipe: {plan!r} is no readable plan of a figure ({error}); expected a TOML file, or one of {known}.",
            details={"field": "recipe", "value": plan, "expected": plan_names()},
        ) from error


def _entries(plan: str, table: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    entries = table.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        refuse_plan(plan, key, entries, f"tables, each headed [[{key}]]")
    return [dict(entry) for entry in entries]


def _whole_numbers(plan: str, table: Mapping[str, Any], key: str) -> list[int]:
    values = table.get(key, [])
    if not isinstance(values, list) or not all(type(value) is int and value >= 0 for value in values):
        refuse_plan(plan, key, values, "a list of whole numbers from 0")
    if len(set(values)) < len(values):
        refuse_plan(plan, key, values, "each number once")
    return list(values)


def _text(plan: str, table: Mapping[str, Any], key: str, *, default: str) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        refuse_plan(plan, key, value, "a text")
    return value


def _flag(plan: str, table: Mapping[str, Any], key: str, *, default: bool) -> bool:
    value = table.get(key, default)
    if not isinstance(value, bool):
        refuse_plan(plan, key, value, "true or false")
    return bool(value)


def _data(plan: str, entry: dict[str, Any]) -> MadeData:
    make, dataset = entry.pop("make", None), entry.pop("dataset", None)
    if make not in _MAKERS:
        refuse_plan(plan, "data.make", make, f"one of {', '.join(_MAKERS)}")
    if not isinstance(dataset, str):
        refuse_plan(plan, "data.dataset", dataset, "the name of a dataset")
    takes = _MAKERS[make]
    for key in entry.keys() - takes.keys():
        refuse_plan(plan, f"data.{key}", entry[key], f"no such key for {make}")
    for key in (key for key, needed in takes.items() if needed and key not in entry):
        refuse_plan(plan, f"data.{key}", None, f"a value, which {make} needs")
    for key, value in entry.items():
        kind, words = _TYPES[key]
        entries = value if isinstance(value, list) else []
        if (
            not isinstance(value, kind)
            or isinstance(value, bool)
            or any(type(one) is not int for one in entries)
        ):
            refuse_plan(plan, f"data.{key}", value, words)
    return MadeData(make, dataset, entry)


def _check_names(plan: str, entries: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Refuse what would give two models one label, or one that is no slug."""
    seen: set[str] = set()
    for key, tables in entries.items():
        for table in tables:
            name = table.get("name")
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                refuse_plan(plan, f"{key}.name", name, "at most 40 small letters, digits and -")
            if name in seen:
                refuse_plan(plan, f"{key}.name", name, "each name of a base or run once")
            seen.add(name)


def _check_overrides(plan: str, entries: Sequence[dict[str, Any]], overrides: Mapping[str, Any]) -> None:
    """Refuse what would make the runs of a plan something else than their names say."""
    if "seed" in overrides:
        refuse_plan(plan, "seed", overrides["seed"], "--seeds")
    for key in overrides:
        if len({repr(_set_of(plan, entry).get(key)) for entry in entries}) > 1:
            refuse_plan(plan, key, overrides[key], "no value: the plan's runs differ in it")


def _run(plan: str, name: str, entry: dict[str, Any], seed: int, overrides: Mapping[str, Any]) -> PlannedRun:
    for key in ("algorithm", "recipe"):
        if not isinstance(entry.get(key), str) or not entry[key]:
            refuse_plan(plan, f"run.{key}", entry.get(key), "a text")
    if unknown := sorted(entry.keys() - {"name", "algorithm", "recipe", "set", "draw"}):
        refuse_plan(plan, f"run.{unknown[0]}", entry[unknown[0]], "one of name, algorithm, recipe, set, draw")
    own = {
        key: value.replace("{seed}", str(seed)) if isinstance(value, str) else value
        for key, value in _set_of(plan, entry).items()
    }
    values = {**own, **overrides, "seed": seed}
    recipe = read_recipe(entry["algorithm"], entry["recipe"], values)
    return PlannedRun(f"{name}-{entry['name']}-s{seed}", recipe, _flag(plan, entry, "draw", default=True))


def _set_of(plan: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What a run's recipe has otherwise."""
    own = entry.get("set", {})
    if not isinstance(own, dict):
        refuse_plan(plan, "run.set", own, "a table of keys of the recipe")
    return dict(own)
