"""A study's protocol: the one comparison that it is made for, said before anybody rates. Pure.

Three sources give three pairs, two directions and many ways to leave ratings out; who chooses among them after seeing
the data finds something. So one contrast is named first, with its test and its exclusions, and frozen with a hash when
the study opens. What is done otherwise later is a deviation: allowed, logged, and shown beside the result.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from problems.text import not_usable

#: The clustered test of ratings.analysis is the only one offered: the naive one is too sure of itself.
CLUSTERED = "clustered"
TESTS = {CLUSTERED: "Win rate against one half, clustered by rater and question, t on the logit scale"}

TWO_SIDED, A_BETTER, B_BETTER = "two_sided", "a_better", "b_better"
DIRECTIONS = {
    TWO_SIDED: "Either may be better",
    A_BETTER: "The first is better",
    B_BETTER: "The second is better",
}

MAX_TEXT = 5_000

DEVIATIONS = {
    "lint_override": "Opened in spite of the lint",
    "overlap_raised": "More ratings of each triple than planned",
    "thresholds_changed": "Thresholds of quality control changed",
    "unblinded_early": "Un-blinded before the study was closed",
    "closed_early": "Closed before every planned rating was in",
    "rater_excluded": "A rater excluded by hand",
    "other": "Other",
}

_NAMES = ("a", "b", "direction", "test", "alpha", "planned_ratings", "exclusions", "hypothesis")


class BadProtocol(ValueError):
    """A protocol that no study can have. `field`, `value` and `expected` say why."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(not_usable(field, value, expected))
        self.field, self.value, self.expected = field, value, expected


@dataclass(frozen=True, slots=True)
class Contrast:
    """The primary contrast: source `a` against source `b`, by label.

    planned_ratings: how many ratings that compare the two were planned; None: all of the plan's. exclusions: which
    ratings will be left out, in words (thresholds of quality control stand in the study's quality mix).
    """

    a: str
    b: str
    direction: str = TWO_SIDED
    test: str = CLUSTERED
    alpha: float = 0.05
    planned_ratings: int | None = None
    exclusions: str = ""
    hypothesis: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def p_value(self, win_rate: float | None, p_two_sided: float | None) -> float | None:
        """The p of this contrast, from the win rate of `a` and its two-sided p; None where there is none."""
        if win_rate is None or p_two_sided is None or self.direction == TWO_SIDED:
            return p_two_sided
        as_said = (win_rate > 0.5) == (self.direction == A_BETTER) or win_rate == 0.5
        return p_two_sided / 2 if as_said else 1 - p_two_sided / 2


def read_protocol(value: Mapping[str, Any], *, sources: Sequence[str]) -> Contrast | None:
    """A stored or submitted primary contrast, None where none is said. Raises BadProtocol."""
    if not isinstance(value, Mapping):
        raise BadProtocol("protocol", value, "an object")
    if not value:
        return None
    for name in value:
        if name not in _NAMES:
            raise BadProtocol(name, value[name], f"one of {', '.join(_NAMES)}")
    for name in ("a", "b"):
        if value.get(name) not in sources:
            raise BadProtocol(name, value.get(name), f"one of the study's sources, {', '.join(sources)}")
    if value["a"] == value["b"]:
        raise BadProtocol("b", value["b"], "another source than the first")
    for name, allowed in (("direction", DIRECTIONS), ("test", TESTS)):
        if name in value and not (isinstance(value[name], str) and value[name] in allowed):
            raise BadProtocol(name, value[name], f"one of {', '.join(allowed)}")
    _check_numbers(value)
    for name in ("exclusions", "hypothesis"):
        text = value.get(name, "")
        if not isinstance(text, str) or len(text) > MAX_TEXT or "\0" in text:
            raise BadProtocol(name, repr(text)[:200], f"text of at most {MAX_TEXT} characters")
    return Contrast(**value)


def _check_numbers(value: Mapping[str, Any]) -> None:
    alpha = value.get("alpha", 0.05)
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0.0001 <= alpha <= 0.5:
        raise BadProtocol("alpha", alpha, "a number from 0.0001 to 0.5")
    planned = value.get("planned_ratings")
    if planned is not None and (
        isinstance(planned, bool) or not isinstance(planned, int) or not 1 <= planned <= 10**9
    ):
        raise BadProtocol("planned_ratings", planned, "a whole number from 1 to 1000000000, or nothing")


def canonical_json(content: Mapping[str, Any]) -> str:
    """The one way of writing it that is hashed: sorted keys, no spaces, UTF-8 as it is."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def hash_of(content: Mapping[str, Any]) -> str:
    """SHA-256 hex of the canonical JSON."""
    return hashlib.sha256(canonical_json(content).encode("utf-8", "surrogatepass")).hexdigest()
