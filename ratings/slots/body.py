"""A submitted rating: from what a page or program sent to what is stored. Pure but for the names of cards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ratings.slots.cards import card_names, step_names
from ratings.slots.errors import InvalidField, UnknownCard, UnknownStep
from ratings.slots.ranking import details_of, fitted, read_ranking
from ratings.slots.signals import read_signals
from ratings.studies.form import DOUBTS, RatingForm
from ratings.studies.orders import ORDERS

MAX_COMMENT_CHARACTERS = 5_000
MAX_REASONS_PER_CARD = 20
#: Thirty years: more is not a measurement.
MAX_SECONDS = 1e9


@dataclass(frozen=True, slots=True)
class Judgement:
    """A checked rating in terms of source indices."""

    ranking: list[list[int]]
    all_bad: bool
    first_wrong_step: dict[str, int]
    reasons: dict[str, list[str]]
    confidence: int | None
    doubts: list[str]
    comment: str
    active_seconds: float | None
    signals: dict[str, int]
    digest: str


#: What a page measures while a rater rates: it differs between repeats of one submission.
_MEASURED = ("active_seconds", "signals")


def body_digest(body: Mapping[str, Any]) -> str:
    """SHA-256 hex of a body without what was measured beside it."""
    kept = {key: value for key, value in body.items() if key not in _MEASURED}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def read_body(
    body: Mapping[str, Any],
    *,
    token: str,
    order: int,
    step_counts: list[int],
    form: RatingForm,
    said_before: Collection[str] = (),
) -> Judgement:
    """Checks a body against the assignment that it answers.

    order: the order that was shown. step_counts: number of steps of each card, by source index. said_before: reason
    codes of the rating that this one revises; they may stay, also where they are none of the study's any more.
    form: what the study asks for. What it does not offer is refused where it would change the ranking's meaning, and
    taken where it only says more (reasons, a first wrong step, a confidence: programs may always send them).
    Raises NotARanking, UnknownCard, UnknownStep or InvalidField, each naming field, value and what was expected.
    """
    sources = dict(zip(card_names(token)[: form.shown], ORDERS[order], strict=False))
    all_bad = _flag(body, "all_bad")
    if all_bad and not form.all_bad:
        raise InvalidField(
            "all_bad: this study does not offer it.", details=details_of("all_bad", True, "false or nothing")
        )
    ranking = read_ranking(body.get("ranking"), sources=sources, may_be_empty=all_bad)
    return Judgement(
        ranking=fitted(ranking, form, shown=list(sources.values()), may_be_empty=all_bad),
        all_bad=all_bad,
        first_wrong_step=_first_wrong_step(
            body.get("first_wrong_step"), sources=sources, token=token, step_counts=step_counts
        ),
        reasons=_reasons(
            body.get("reasons"), sources=sources, known=form.known_reasons, said_before=said_before
        ),
        confidence=_confidence(body.get("confidence")),
        doubts=_doubts(body.get("doubts")),
        comment=_comment(body.get("comment")),
        active_seconds=_active_seconds(body.get("active_seconds")),
        signals=read_signals(body.get("signals")),
        digest=body_digest(body),
    )


def _doubts(value: Any) -> list[str]:
    if value is None:
        return []
    expected = f"a list of {', '.join(DOUBTS)}"
    if not isinstance(value, list) or not all(isinstance(code, str) and code in DOUBTS for code in value):
        raise InvalidField(f"doubts: expected {expected}.", details=details_of("doubts", value, expected))
    return sorted(set(value))


def _by_card(value: Any, field: str, *, sources: Mapping[str, int]) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidField(
            f"{field}: expected an object by card.", details=details_of(field, value, "an object")
        )
    for card in value:
        if card not in sources:
            raise UnknownCard(
                f"{field}: a card that is not on this assignment.",
                details=details_of(field, card, "one of this assignment's cards"),
            )
    return value


def _first_wrong_step(
    value: Any, *, sources: Mapping[str, int], token: str, step_counts: list[int]
) -> dict[str, int]:
    marked: dict[str, int] = {}
    positions = {card: position for position, card in enumerate(card_names(token))}
    for card, step in _by_card(value, "first_wrong_step", sources=sources).items():
        names = step_names(token, position=positions[card], count=step_counts[sources[card]])
        if step not in names:
            raise UnknownStep(
                "first_wrong_step: a step that is not on that card.",
                details=details_of("first_wrong_step", step, "one of the card's steps"),
            )
        marked[str(sources[card])] = names.index(step)
    return marked


def _reasons(
    value: Any, *, sources: Mapping[str, int], known: Collection[str], said_before: Collection[str]
) -> dict[str, list[str]]:
    given: dict[str, list[str]] = {}
    for card, codes in _by_card(value, "reasons", sources=sources).items():
        if not isinstance(codes, list) or len(codes) > MAX_REASONS_PER_CARD:
            expected = f"a list of at most {MAX_REASONS_PER_CARD} of {', '.join(known)}"
            raise InvalidField(
                f"reasons: expected {expected}.", details=details_of("reasons", codes, expected)
            )
        for code in codes:
            if code not in known and code not in said_before:
                expected = f"one of {', '.join(known)}"
                raise InvalidField(
                    f"reasons: not a code of this study, expected {expected}.",
                    details=details_of("reasons", code, expected),
                )
        if codes:
            given[str(sources[card])] = sorted(set(codes))
    return given


def _flag(body: Mapping[str, Any], field: str) -> bool:
    value = body.get(field)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise InvalidField(
            f"{field}: expected true or false.", details=details_of(field, value, "true or false")
        )
    return value


def _confidence(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 3:
        raise InvalidField(
            "confidence: expected 1, 2 or 3.", details=details_of("confidence", value, "1, 2 or 3")
        )
    return value


def _comment(value: Any) -> str:
    if value is None:
        return ""
    expected = f"text of at most {MAX_COMMENT_CHARACTERS} characters without NUL"
    if not isinstance(value, str) or len(value) > MAX_COMMENT_CHARACTERS or not is_storable(value):
        raise InvalidField(f"comment: expected {expected}.", details=details_of("comment", value, expected))
    return value


def _active_seconds(value: Any) -> float | None:
    if value is None:
        return None
    if not is_duration(value):
        raise InvalidField(
            "active_seconds: expected a number of seconds.",
            details=details_of("active_seconds", value, "seconds, 0 or more"),
        )
    return float(value)


def is_duration(value: Any) -> bool:
    """Whether a JSON value is a number of seconds. JSON's integers have no end, and floats may be NaN or infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value < MAX_SECONDS


def is_storable(text: str) -> bool:
    """Whether a database can keep this text: no NUL, no lone surrogate (JSON can carry both)."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
