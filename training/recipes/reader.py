"""From a name or a file to a recipe: defaults of the algorithm, then the recipe's keys, then overrides, then checks.

    star.toml                 every key of the algorithm, its default and its explanation
    star_addition.toml        `algorithm = "star"`, and the keys that differ
    --set temperature=0.7     the last word

Every key of the result is checked against the algorithm's dataclass, so that a misspelt key, a wrong type and an
impossible value are refused before anything is made.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from training.recipes.comments import ALGORITHM, Comments, read_comments
from training.recipes.errors import (
    bad_override,
    bad_value,
    given_twice,
    other_algorithm,
    unknown_algorithm,
    unknown_key,
    unknown_recipe,
    unreadable_recipe,
)
from training.recipes.fields import Kind, as_toml_value, kinds_of
from training.recipes.schema import ALGORITHMS, PLANNED, Recipe

FOLDER = Path(__file__).parent
#: A recipe is a page of text.
MAX_BYTES = 100_000

_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_OVERRIDE = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ReadRecipe:
    """A recipe, checked. name: as it was asked for."""

    algorithm: str
    name: str
    values: Recipe

    def as_json(self) -> dict[str, Any]:
        """Every key with its value, as it is stored and can be read again."""
        return {key: as_toml_value(value) for key, value in asdict(self.values).items()}

    @property
    def sha256(self) -> str:
        content = json.dumps([self.algorithm, self.as_json()], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class KeyAbout:
    """One key for a form or a page. default: this recipe's."""

    name: str
    kind: Kind
    default: Any
    words: str


@dataclass(frozen=True, slots=True)
class RecipeAbout:
    """A named recipe for a page: what it is for, and its keys in their groups."""

    name: str
    algorithm: str
    about: str
    groups: tuple[tuple[str, tuple[KeyAbout, ...]], ...]

    @property
    def keys(self) -> list[KeyAbout]:
        return [key for _, keys in self.groups for key in keys]


def read_recipe(algorithm: str, recipe: str, overrides: Mapping[str, Any] | None = None) -> ReadRecipe:
    """The recipe of that name, or in that file, for the algorithm; overrides are TOML values by key.

    Raises RecipeError.
    """
    check_algorithm(algorithm)
    own = _load(recipe)
    stated = own.pop(ALGORITHM, recipe if recipe in ALGORITHMS else algorithm)
    if stated != algorithm:
        check_algorithm(str(stated))
        raise other_algorithm(recipe, wants=str(stated), asked=algorithm)
    values = _defaults(algorithm) | own | dict(overrides or {})
    return ReadRecipe(algorithm, recipe, check_values(algorithm, values))


def from_stored(algorithm: str, name: str, values: Mapping[str, Any]) -> ReadRecipe:
    """A recipe as `as_json` wrote it; a key that came later has its usual value. Raises RecipeError."""
    check_algorithm(algorithm)
    return ReadRecipe(algorithm, name, check_values(algorithm, _defaults(algorithm) | dict(values)))


def check_algorithm(name: str) -> None:
    """Raises InvalidInput, with the names that there are, for one that is not built."""
    if name not in ALGORITHMS:
        raise unknown_algorithm(name, known=list(ALGORITHMS), planned=list(PLANNED))


def check_values(algorithm: str, values: Mapping[str, Any]) -> Recipe:
    """Raises RecipeError, naming the key, for the first thing that is wrong."""
    schema = ALGORITHMS[algorithm]
    kinds = kinds_of(schema)
    for key in values:
        if key not in kinds:
            raise unknown_key(key, nearest=_nearest(key, kinds), known=list(kinds))
    missing = next((key for key in kinds if key not in values), None)
    if missing is not None:
        raise bad_value(missing, None, kinds[missing].expected)
    recipe = schema(**{key: kind.read(key, values[key]) for key, kind in kinds.items()})
    recipe.check_shared()
    recipe.check()
    return recipe


def usual_value(recipe: Recipe, key: str) -> Any:
    """What the algorithm's own recipe has for the key, as its dataclass holds it."""
    algorithm = next(name for name, schema in ALGORITHMS.items() if type(recipe) is schema)
    return kinds_of(type(recipe))[key].read(key, _defaults(algorithm)[key])


def parse_overrides(pairs: Iterable[str]) -> dict[str, Any]:
    """`key=value` each, the value in TOML's words; what is no TOML is taken as a text. Raises InvalidInput.

    Both `base="tiny-base"` and, as a shell leaves it, `base=tiny-base` name the model. A key stands once: of two values
    nobody can tell which was meant.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        matched = _OVERRIDE.fullmatch(pair)
        if matched is None:
            raise bad_override(pair)
        key, value = matched[1], matched[2].strip()
        if key in found:
            raise given_twice(key, value)
        found[key] = _toml_value(value)
    return found


def recipe_names() -> list[str]:
    """The recipes that come with the program: the algorithms' own first."""
    names = sorted(path.stem for path in FOLDER.glob("*.toml"))
    return sorted(names, key=lambda name: (name not in ALGORITHMS, name))


def describe(name: str) -> RecipeAbout:
    """A named recipe with its keys, groups and explanations. Raises RecipeError."""
    if name not in recipe_names():
        raise unknown_recipe(name, recipe_names())
    own = _load(name)
    algorithm = str(own.pop(ALGORITHM, name))
    base, mine = _comments(algorithm), _comments(name)
    values = _defaults(algorithm) | own
    kinds = kinds_of(ALGORITHMS[algorithm])
    groups = tuple(
        (
            heading,
            tuple(
                KeyAbout(key, kinds[key], values[key], mine.keys.get(key) or base.keys[key]) for key in keys
            ),
        )
        for heading, keys in base.groups
    )
    return RecipeAbout(name, algorithm, mine.about, groups)


def describe_all() -> list[RecipeAbout]:
    return [describe(name) for name in recipe_names()]


def _load(recipe: str) -> dict[str, Any]:
    """The keys of a named recipe, or of a file."""
    try:
        return tomllib.loads(_text_of(recipe))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise unreadable_recipe(recipe, f"it is no TOML ({error})") from error


def _text_of(recipe: str) -> str:
    named = FOLDER / f"{recipe}.toml"
    path = named if _NAME.fullmatch(recipe) and named.is_file() else Path(recipe)
    try:
        if not path.is_file():
            raise unknown_recipe(recipe, recipe_names())
        if path.stat().st_size > MAX_BYTES:
            raise unreadable_recipe(recipe, f"it is larger than {MAX_BYTES:,} bytes")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise unreadable_recipe(recipe, error.strerror or str(error)) from error
    except ValueError as error:  # no UTF-8, a NUL in the path
        raise unreadable_recipe(recipe, str(error)) from error


def _defaults(algorithm: str) -> dict[str, Any]:
    return _load(algorithm)


def _comments(name: str) -> Comments:
    return read_comments(_text_of(name))


def _nearest(key: str, known: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(key, list(known), n=1, cutoff=0.6)), None)


def _toml_value(value: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {value}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return value
    return parsed["value"] if len(parsed) == 1 else value
