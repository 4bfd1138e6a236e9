"""One row of a Ratings file, checked against a study. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ratings.slots.body import is_duration

_RATER_NAME = re.compile(r"[-A-Za-z0-9_.@ ]{1,100}")


class RowError(Exception):
    """A row that is not usable: the field, its value, and a sentence with what was expected."""

    def __init__(self, field: str, value: Any, message: str) -> None:
        super().__init__(message)
        self.field = field
        #: Text as it came, anything else as JSON; None where the field is missing.
        self.value = None if value is None else _shown(value)
        self.message = message

    def as_json(self, row: int) -> dict[str, Any]:
        return {"row": row, "field": self.field, "value": self.value, "message": self.message}


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text[:200]


@dataclass(frozen=True, slots=True)
class RatingRow:
    """What one rater said about one question, in source indices."""

    rater: str
    question: str
    ranking: list[list[int]]
    all_bad: bool
    first_wrong_step: dict[str, int]
    reasons: dict[str, list[str]]
    seconds: float | None

    @property
    def digest(self) -> str:
        """SHA-256 hex of what was said: the same again is `unchanged`."""
        said = [self.ranking, self.all_bad, self.first_wrong_step, self.reasons, self.seconds]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def read_row(row: Any, *, sources: Mapping[str, int], known_reasons: Collection[str]) -> RatingRow:
    """Raises RowError. sources: index by label. known_reasons: the codes that the study's ratings may hold."""
    if not isinstance(row, dict):
        raise RowError("", row, "expected a JSON object")
    all_bad = row.get("all_bad")
    if not (all_bad is None or isinstance(all_bad, bool)):
        raise RowError("all_bad", all_bad, "expected true or false")
    return RatingRow(
        rater=_rater(row.get("rater")),
        question=_question(row.get("question")),
        ranking=_ranking(row.get("ranking"), sources, may_be_empty=bool(all_bad)),
        all_bad=bool(all_bad),
        first_wrong_step=_steps(row.get("first_wrong_step"), sources),
        reasons=_reasons(row.get("reasons"), sources, known_reasons),
        seconds=_seconds(row.get("seconds")),
    )


def _rater(value: Any) -> str:
    if not isinstance(value, str) or not _RATER_NAME.fullmatch(value):
        raise RowError("rater", value, "expected a name of 1 to 100 letters, digits, spaces, - _ . @")
    return value


def _question(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise RowError("question", value, "expected a question's id or its exact text")
    return value


def _source(field: str, label: Any, sources: Mapping[str, int]) -> int:
    if not isinstance(label, str) or label not in sources:
        raise RowError(field, label, f"expected one of the study's sources: {', '.join(sources)}")
    return sources[label]


def _ranking(value: Any, sources: Mapping[str, int], *, may_be_empty: bool) -> list[list[int]]:
    expected = "expected groups of sources, best first, each source at most once"
    if value is None and may_be_empty:
        return []
    if not isinstance(value, list) or not all(isinstance(group, list) and group for group in value):
        raise RowError("ranking", value, expected)
    ranking = [sorted(_source("ranking", label, sources) for label in group) for group in value]
    named = [index for group in ranking for index in group]
    if len(set(named)) != len(named) or (not named and not may_be_empty):
        raise RowError("ranking", value, expected)
    return ranking


def _by_source(field: str, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RowError(field, value, "expected an object by source")
    return value


def _steps(value: Any, sources: Mapping[str, int]) -> dict[str, int]:
    steps = {}
    for label, step in _by_source("first_wrong_step", value).items():
        if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step < 10_000:
            raise RowError("first_wrong_step", step, "expected a step's index, counted from 0")
        steps[str(_source("first_wrong_step", label, sources))] = step
    return steps


def _reasons(value: Any, sources: Mapping[str, int], known: Collection[str]) -> dict[str, list[str]]:
    expected = f"expected {', '.join(known)}"
    reasons = {}
    for label, codes in _by_source("reasons", value).items():
        if not isinstance(codes, list):
            raise RowError("reasons", codes, f"{expected}, in a list")
        for code in codes:
            if code not in known:
                raise RowError("reasons", code, f"{expected} (a study can name reasons of its own)")
        reasons[str(_source("reasons", label, sources))] = sorted(set(codes))
    return reasons


def _seconds(value: Any) -> float | None:
    if value is None:
        return None
    if not is_duration(value):
        raise RowError("seconds", value, "expected a number of seconds, 0 or more")
    return float(value)
