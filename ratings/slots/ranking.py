"""A submitted ranking: from groups of cards to groups of sources, as the study's form means them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from ratings.slots.errors import NotARanking, UnknownCard
from ratings.studies.form import BEST, BEST_WORST, PAIRWISE, RatingForm


def read_ranking(value: Any, *, sources: Mapping[str, int], may_be_empty: bool) -> list[list[int]]:
    """Groups of source indices, best first. sources: index by card. Raises NotARanking or UnknownCard."""
    if value is None and may_be_empty:
        return []
    expected = "a list of groups of cards, best first, each card at most once"
    if not isinstance(value, list) or not all(isinstance(group, list) and group for group in value):
        raise NotARanking(f"ranking: expected {expected}.", details=details_of("ranking", value, expected))
    named = [card for group in value for card in group]
    for card in named:
        if not isinstance(card, str) or card not in sources:
            raise UnknownCard(
                "ranking: a card that is not on this assignment.",
                details=details_of("ranking", card, "one of this assignment's cards"),
            )
    if len(set(named)) != len(named) or (not named and not may_be_empty):
        raise NotARanking(f"ranking: expected {expected}.", details=details_of("ranking", value, expected))
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


def details_of(field: str, value: Any, expected: str) -> dict[str, Any]:
    """Of a refusal: the field, its value as JSON and not at length, and what was expected."""
    return {"field": field, "value": json.dumps(value, default=str)[:200], "expected": expected}
