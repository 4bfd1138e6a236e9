"""What a design will cost in time and money, before anybody rates. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ratings.studies.pay import Pay

#: One act of ranking three short rationales. The product's own soak measures it anew for each study once it runs.
SECONDS_PER_RATING = 40.0
#: Consent, instructions and the way back; practice and checks are counted as ratings.
SECONDS_AROUND = 120.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """ratings: normal ones of the plan. raters: how many it takes. extra: items beside the plan for each rater.

    per_rater: the most triples that one of them rates. Hours are of people, not of waiting. cost: None without a pay.
    """

    ratings: int
    raters: int
    per_rater: int
    extra: int
    minutes_per_rater: float
    hours: float
    cost: Decimal | None
    currency: str
    hourly: Decimal | None
    is_unfair: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "ratings": self.ratings,
            "raters": self.raters,
            "per_rater": self.per_rater,
            "extra_items": self.extra,
            "minutes_per_rater": round(self.minutes_per_rater, 1),
            "hours": round(self.hours, 2),
            "cost": None if self.cost is None else str(self.cost),
            "currency": self.currency or None,
            "hourly": None if self.hourly is None else str(self.hourly),
            "below_floor": self.is_unfair,
        }


def estimate(
    *,
    questions: int,
    ratings_per_triple: int,
    per_rater: int | None,
    extra: int = 0,
    pay: Pay,
    raters: int | None = None,
    seconds_per_rating: float = SECONDS_PER_RATING,
) -> Estimate:
    """raters: how many will come, None for the fewest that the plan needs. extra: personal items of each rater.

    Nobody rates a triple twice, so that at least `ratings_per_triple` raters are needed.
    """
    ratings = questions * ratings_per_triple
    quota = min(per_rater or questions, questions)
    fewest = max(ratings_per_triple, math.ceil(ratings / quota))
    number = max(raters or 0, fewest)
    each = math.ceil(ratings / number)
    seconds = (each + extra) * seconds_per_rating + SECONDS_AROUND
    cost = number * pay.earned(each + extra) if pay.is_said else None
    hourly = pay.hourly(each + extra, seconds)
    return Estimate(
        ratings=ratings,
        raters=number,
        per_rater=each,
        extra=extra,
        minutes_per_rater=seconds / 60,
        hours=number * seconds / 3600,
        cost=None if cost is None else cost.quantize(Decimal("0.01")),
        currency=pay.currency,
        hourly=hourly,
        is_unfair=pay.is_unfair(hourly),
    )
