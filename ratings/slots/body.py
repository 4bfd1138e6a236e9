"""A submitted rating: from what a page or program sent to what is stored. Pure but for the names of cards."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ratings.slots.cards import card_names, step_names
from ratings.slots.errors import InvalidField, NotARanking, UnknownCard, UnknownStep
from ratings.slots.signals import read_signals
from ratings.studies.form import BEST, BEST_WORST, DOUBTS, PAIRWISE, RatingForm
from ratings.studies.orders import ORDERS

MAX_COMMENT_CHARACTERS = 5_000
MAX_REASONS_PER_CARD = 20
#: Thirty years: more is not a measurement.
MAX_SECONDS = 1e9
#: A code, not prose: prose goes into the comment.
REASON_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


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
    body: Mapping[str, Any], *, token: str, order: int, step_counts: list[int], form: RatingForm
) -> Judgement:
    """Checks a body against the assignment that it answers.

    order: the order that was shown. step_counts: number of steps of each card, by source index.
    form: what the study asks for. What it does not offer is refused where it would change the ranking's meaning, and
    taken where it only says more (reasons, a first wrong step, a confidence: programs may always send them).
    Raises NotARanking, UnknownCard, UnknownStep or InvalidField, each naming field, value and what was expected.
    """
    sources = dict(zip(card_names(token)[: form.shown], ORDERS[order], strict=False))
    all_bad = _flag(body, "all_bad")
    if all_bad and not form.all_bad:
        raise InvalidField(
            "all_bad: this study does not offer it.", details=_details("all_bad", True, "false or nothing")
        )
    ranking = _ranking(body.get("ranking"), sources=sources, may_be_empty=all_bad)
    return Judgement(
        ranking=fitted(ranking, form, shown=list(sources.values()), may_be_empty=all_bad),
        all_bad=all_bad,
        first_wrong_step=_first_wrong_step(
            body.get("first_wrong_step"), sources=sources, token=token, step_counts=step_counts
        ),
        reasons=_reasons(body.get("reasons"), sources=sources),
        confidence=_confidence(body.get("confidence")),
        doubts=_doubts(body.get("doubts")),
        comment=_comment(body.get("comment")),
        active_seconds=_active_seconds(body.get("active_seconds")),
        signals=read_signals(body.get("signals")),
        digest=body_digest(body),
    )


def _ranking(value: Any, *, sources: Mapping[str, int], may_be_empty: bool) -> list[list[int]]:
    if value is None and may_be_empty:
        return []
    expected = "a list of groups of cards, best first, each card at most once"
    if not isinstance(value, list) or not all(isinstance(group, list) and group for group in value):
        raise NotARanking(f"ranking: expected {expected}.", details=_details("ranking", value, expected))
    named = [card for group in value for card in group]
    for card in named:
        if not isinstance(card, str) or card not in sources:
            raise UnknownCard(
                "ranking: a card that is not on this assignment.",
                details=_details("ranking", card, "one of this assignment's cards"),
            )
    if len(set(named)) != len(named) or (not named and not may_be_empty):
        raise NotARanking(f"ranking: expected {expected}.", details=_details("ranking", value, expected))
    return [sorted(sources[card] for card in group) for group in value]


def fitted(
    ranking: list[list[int]], form: RatingForm, *, shown: list[int], may_be_empty: bool
) -> list[list[int]]:
    """The ranking as this form means it; raises NotARanking when it is none of this form.

    Best and worst: the one between them is known too, and is put there; of a pair, the one that was not named is the
    worse. Best only: as said, see `left_out_lose`.
    """
    if not form.ties and any(len(group) > 1 for group in ranking):
        _refuse_ranking(ranking, "no ties: this study asks for an order")
    if not ranking and may_be_empty:
        return ranking
    named = [source for group in ranking for source in group]
    if form.kind == BEST and (len(ranking) != 1 or len(named) == len(shown)):
        _refuse_ranking(ranking, "one group: the best (with ties where the study allows them)")
    if form.kind == BEST_WORST:
        return _with_the_middle(ranking, shown)
    if form.kind == PAIRWISE and len(named) == 1:
        return [named, [source for source in shown if source not in named]]
    if form.kind != BEST and not form.partial and len(named) < len(shown):
        _refuse_ranking(ranking, "a place for every card: this study takes no partial rankings")
    return ranking


def _with_the_middle(ranking: list[list[int]], shown: list[int]) -> list[list[int]]:
    """Two groups, the best and the worst; or the full ranking that follows from them, for whoever sends that."""
    left = [source for source in shown if not any(source in group for group in ranking)]
    if len(ranking) == 2 and len(left) <= 1:
        return [ranking[0], *([left] if left else []), ranking[1]]
    if len(ranking) != 3:
        _refuse_ranking(ranking, "two groups: the best and the worst")
    return ranking


def _refuse_ranking(ranking: list[list[int]], expected: str) -> NoReturn:
    # Numbers of groups and cards, no names: inside, cards are sources already.
    sizes = [len(group) for group in ranking]
    raise NotARanking(
        f"ranking: expected {expected}.",
        details={"field": "ranking", "value": f"groups of {sizes}", "expected": expected},
    )


def _doubts(value: Any) -> list[str]:
    if value is None:
        return []
    expected = f"a list of {', '.join(DOUBTS)}"
    if not isinstance(value, list) or not all(isinstance(code, str) and code in DOUBTS for code in value):
        raise InvalidField(f"doubts: expected {expected}.", details=_details("doubts", value, expected))
    return sorted(set(value))


def _by_card(value: Any, field: str, *, sources: Mapping[str, int]) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidField(
            f"{field}: expected an object by card.", details=_details(field, value, "an object")
        )
    for card in value:
        if card not in sources:
            raise UnknownCard(
                f"{field}: a card that is not on this assignment.",
                details=_details(field, card, "one of this assignment's cards"),
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
                details=_details("first_wrong_step", step, "one of the card's steps"),
            )
        marked[str(sources[card])] = names.index(step)
    return marked


def _reasons(value: Any, *, sources: Mapping[str, int]) -> dict[str, list[str]]:
    given: dict[str, list[str]] = {}
    expected = f"a list of at most {MAX_REASONS_PER_CARD} codes of lower-case letters, digits, - and _"
    for card, codes in _by_card(value, "reasons", sources=sources).items():
        fits = isinstance(codes, list) and len(codes) <= MAX_REASONS_PER_CARD
        if not fits or not all(isinstance(code, str) and REASON_CODE.fullmatch(code) for code in codes):
            raise InvalidField(f"reasons: expected {expected}.", details=_details("reasons", codes, expected))
        if codes:
            given[str(sources[card])] = sorted(set(codes))
    return given


def _flag(body: Mapping[str, Any], field: str) -> bool:
    value = body.get(field)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise InvalidField(
            f"{field}: expected true or false.", details=_details(field, value, "true or false")
        )
    return value


def _confidence(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 3:
        raise InvalidField(
            "confidence: expected 1, 2 or 3.", details=_details("confidence", value, "1, 2 or 3")
        )
    return value


def _comment(value: Any) -> str:
    if value is None:
        return ""
    expected = f"text of at most {MAX_COMMENT_CHARACTERS} characters without NUL"
    if not isinstance(value, str) or len(value) > MAX_COMMENT_CHARACTERS or not is_storable(value):
        raise InvalidField(f"comment: expected {expected}.", details=_details("comment", value, expected))
    return value


def _active_seconds(value: Any) -> float | None:
    if value is None:
        return None
    if not is_duration(value):
        raise InvalidField(
            "active_seconds: expected a number of seconds.",
            details=_details("active_seconds", value, "seconds, 0 or more"),
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


def _details(field: str, value: Any, expected: str) -> dict[str, Any]:
    return {"field": field, "value": json.dumps(value, default=str)[:200], "expected": expected}
