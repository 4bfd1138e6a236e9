"""Newton's method for a concave log-likelihood, which ends at its maximum or raises."""

from collections.abc import Callable

import numpy as np

from ratings.analysis.table import FloatArray

MAXIMUM_STEPS = 200
MAXIMUM_HALVINGS = 60


class DidNotConverge(RuntimeError):
    """A likelihood was not maximised within the steps allowed."""


def maximise(
    value: Callable[[FloatArray], float],
    gradient: Callable[[FloatArray], FloatArray],
    step: Callable[[FloatArray, FloatArray], FloatArray],
    *,
    start: FloatArray,
    tolerance: float,
) -> FloatArray:
    """The point, shape (k,), where no entry of the gradient is above `tolerance` in size.

    step: the Newton step at (point, gradient); it is halved while the value would fall. Raises
    DidNotConverge.
    """
    point = start
    for _ in range(MAXIMUM_STEPS):
        slope = gradient(point)
        if np.abs(slope).max() <= tolerance:
            return point
        point = _climbed(value, point, step(point, slope))
    raise DidNotConverge(
        f"no maximum within {MAXIMUM_STEPS} Newton steps; the last point was {point.tolist()}"
    )


def _climbed(value: Callable[[FloatArray], float], point: FloatArray, step: FloatArray) -> FloatArray:
    reached = value(point)
    # Near the maximum the value moves by rounding alone.
    least = reached - 1e-12 * abs(reached)
    for _ in range(MAXIMUM_HALVINGS):
        if value(point + step) >= least:
            return point + step
        step = step / 2
    raise DidNotConverge(f"no step uphill from {point.tolist()}")
