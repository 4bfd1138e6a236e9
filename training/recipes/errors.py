"""What can be wrong with a recipe."""

from __future__ import annotations

from accounts.errors import InvalidInput


class RecipeError(InvalidInput):
    """One thing is wrong. details: key (also as field), value and expected, as far as they apply.

    A command exits with 2, whether the recipe itself is at fault or what --set puts in its place.
    """

    code = "bad_recipe"
    blames_arguments = True


def unknown_recipe(name: str, known: list[str]) -> RecipeError:
    return RecipeError(
        f"There is no recipe {name!r}, neither by name nor as a file; named ones are {', '.join(known)}.",
        code="unknown_recipe",
        details={"recipe": name, "field": "recipe", "value": name[:200], "expected": known},
    )


def unreadable_recipe(name: str, reason: str) -> RecipeError:
    return RecipeError(
        f"Recipe {name!r} can not be read: {reason}.",
        code="unreadable_recipe",
        details={
            "recipe": name,
            "field": "recipe",
            "value": name[:200],
            "expected": "a TOML file, or the name of a recipe",
            "reason": reason,
        },
    )


def unknown_algorithm(name: str, *, known: list[str], planned: list[str]) -> InvalidInput:
    """No recipe's fault: what was asked for is not there."""
    words = "is not built yet" if name in planned else "is no algorithm"
    return InvalidInput(
        f"{name!r} {words}; expected one of {', '.join(known)}.",
        code="unknown_algorithm",
        details={
            "algorithm": name,
            "field": "algorithm",
            "value": name[:200],
            "expected": known,
            "planned": planned,
        },
    )


def other_algorithm(recipe: str, *, wants: str, asked: str) -> RecipeError:
    return RecipeError(
        f"Recipe {recipe!r} is of algorithm {wants!r}, not {asked!r}.",
        code="other_algorithm",
        details={
            "recipe": recipe,
            "field": "algorithm",
            "value": asked,
            "algorithm": asked,
            "expected": wants,
        },
    )


def bad_override(pair: str) -> InvalidInput:
    return InvalidInput(
        f"--set: {pair[:200]!r} is not KEY=VALUE.",
        code="bad_override",
        details={"field": "set", "value": pair[:200], "expected": "KEY=VALUE"},
    )


def given_twice(key: str, value: str) -> InvalidInput:
    return InvalidInput(
        f"--set: {key} is given twice, the second time as {value[:200]!r}; expected each key once.",
        code="bad_override",
        details={"field": key, "value": value[:200], "expected": "each key once"},
    )


def unknown_key(key: str, *, nearest: str | None, known: list[str]) -> RecipeError:
    meant = f"did you mean {nearest!r}?" if nearest else f"expected one of {', '.join(known)}"
    return RecipeError(
        f"{key}: no key of this recipe; {meant}",
        code="unknown_key",
        details={"key": key, "field": key, "value": key, "nearest": nearest, "expected": known},
    )


def bad_value(key: str, value: object, expected: str) -> RecipeError:
    shown = repr(value)
    shown = shown if len(shown) <= 200 else shown[:197] + "..."
    return RecipeError(
        f"{key}: {shown} is not usable, expected {expected}.",
        code="bad_value",
        details={"key": key, "field": key, "value": _told(value, shown), "expected": expected},
    )


def _told(value: object, shown: str) -> object:
    """The value itself, as JSON has it; of what is long or of another type the words."""
    if isinstance(value, str):
        return value[:200]
    plain = value is None or isinstance(value, bool | int | float | list)
    return value if plain and len(shown) < 200 else shown
