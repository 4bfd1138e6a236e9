"""What can be wrong with a figure that somebody asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from accounts.errors import Conflict, InvalidInput, NotFound


class UnknownFigure(InvalidInput):
    """There is no figure of that name, or no plan that makes it."""

    code = "unknown_figure"
    blames_arguments = True


class BadPlan(InvalidInput):
    """A plan is not there, or not what one may be; details name its key."""

    code = "bad_plan"
    blames_arguments = True


class FigureNotFound(NotFound):
    code = "unknown_figure"


class RunNotFinished(Conflict):
    """A run that the figure needs has not finished; details name it and its state."""

    code = "run_not_finished"


class NothingToDraw(Conflict):
    """The runs are finished, but do not hold what this figure shows; `message` says what is missing."""

    code = "nothing_to_draw"


def refuse_plan(plan: str, key: str, value: object, expected: str) -> NoReturn:
    """Raises BadPlan: what `key` of a plan holds is of no use."""
    shown = "a table" if isinstance(value, Mapping) else str(value)[:200]
    told = shown if shown == "a table" or value is None else repr(value)
    raise BadPlan(
        f"{key}: {told} in plan {plan!r} is not usable, expected {expected}.",
        details={"field": key, "value": shown, "expected": expected, "plan": plan},
    )
