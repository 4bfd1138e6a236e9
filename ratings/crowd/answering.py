"""How one simulated rater answers one assignment: attentive raters read what they see, careless ones do not.

Both see a token and cards, as raters do. What stands behind a card is looked up here, as only a simulation may.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ratings.crowd.choice import draw_ranking
from ratings.crowd.taste import explicit_steps
from ratings.slots.cards import card_names
from ratings.slots.models import Assignment
from ratings.studies.form import BEST, BEST_WORST, RatingForm
from ratings.studies.models import TripleCard
from ratings.studies.orders import ORDERS

Ranking = list[list[int]]


@dataclass(slots=True)
class Answering:
    """One rater. careless: ranks at random, fast, and reads no question, so that checks and damage pass unseen.

    An attentive one does what a check says, takes `degraded_penalty` off the utility of a card that was made worse, and
    says about a repeat what was said before, but for the share of 1 - `consistency`.
    """

    generator: np.random.Generator
    strengths: Sequence[float]
    form: RatingForm
    left_bias: float
    tie_width: float
    explicit_taste: float = 0.0
    careless: bool = False
    degraded_penalty: float = 3.0
    consistency: float = 0.9
    #: By triple, what was said about it.
    said: dict[int, Ranking] = field(default_factory=dict)

    def body(self, token: str) -> dict[str, Any]:
        """The body that this rater submits for the assignment behind a token."""
        triple, order, kind, expected = Assignment.objects.values_list(
            "triple_id", "order", "kind", "slot__item__expected"
        ).get(token=token)
        assert order is not None
        shown = ORDERS[order][: self.form.shown]
        if self.careless:
            ranking: Ranking = [[int(source)] for source in self.generator.permutation(shown)]
        elif kind == "check" and expected.get("all_bad"):
            return {"ranking": [], "all_bad": True, "active_seconds": self._seconds()}
        elif kind == "check":
            ranking = _as_told(expected, shown)
        elif kind == "repeat" and triple in self.said and self.generator.random() < self.consistency:
            ranking = self.said[triple]
        else:
            ranking = self._judged(triple, shown, degraded=expected["source"] if kind == "degraded" else None)
        if kind == "normal":
            self.said[triple] = ranking
        names = dict(zip(ORDERS[order], card_names(token), strict=True))
        taken = as_form_takes(ranking, self.form)
        return {
            "ranking": [[names[source] for source in group] for group in taken],
            "active_seconds": self._seconds(),
        }

    def _judged(self, triple: int, shown: Sequence[int], *, degraded: int | None) -> Ranking:
        strengths = list(self.strengths)
        if self.explicit_taste:
            liked = _explicit_steps(triple)
            strengths = [
                own + self.explicit_taste * steps for own, steps in zip(strengths, liked, strict=True)
            ]
        if degraded is not None:
            strengths[degraded] -= self.degraded_penalty
        return draw_ranking(
            self.generator,
            strengths=strengths,
            shown=shown,
            left_bias=self.left_bias,
            tie_width=self.tie_width,
        )

    def _seconds(self) -> float:
        """Around 24 for who reads, around 1.5 for who does not."""
        drawn = self.generator.gamma(3.0, 0.5) if self.careless else self.generator.gamma(4.0, 6.0)
        return round(float(drawn), 1)


def _as_told(expected: dict[str, int], shown: Sequence[int]) -> Ranking:
    first, last = expected["first"], expected.get("last")
    between = [source for source in shown if source not in (first, last)]
    return [[first], *([source] for source in between), *([] if last is None else [[last]])]


def as_form_takes(ranking: Ranking, form: RatingForm) -> Ranking:
    """A full ranking as this form wants it; ties that it does not take are broken as they were drawn."""
    if not form.ties or (form.kind in (BEST, BEST_WORST) and len(ranking) == 1):
        ranking = [[source] for group in ranking for source in group]
    if form.kind == BEST:
        return ranking[:1]
    return [ranking[0], ranking[-1]] if form.kind == BEST_WORST else ranking


def _explicit_steps(triple: int) -> list[int]:
    """By source index, how many explicit steps a triple's texts have, as raters see them."""
    texts = TripleCard.objects.filter(triple_id=triple).order_by("source_index")
    return [explicit_steps(text) for text in texts.values_list("rationale__normalised", flat=True)]
