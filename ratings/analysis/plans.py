"""A plan's power with what it costs: what command, call and page answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from accounts.errors import InvalidInput
from problems.text import not_usable
from ratings.analysis.planning import BadPlan, Plan, check_plan, power_curve, power_of
from ratings.studies.estimate import SECONDS_PER_RATING, estimate
from ratings.studies.pay import BadPay, read_pay


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """extra: items beside the plan for each rater. curve: whether to try fewer and more questions too."""

    plan: Plan
    pay: Mapping[str, Any] = field(default_factory=dict)
    extra: int = 0
    seconds_per_rating: float = SECONDS_PER_RATING
    curve: bool = False


def plan_study(request: PlanRequest) -> dict[str, Any]:
    """{"plan", "power": {"power", "standard_error", "simulations"}, "estimate", "curve"?}. Raises InvalidInput."""
    plan = request.plan
    try:
        check_plan(plan)
        pay = read_pay(request.pay)
    except (BadPlan, BadPay) as error:
        raise InvalidInput(
            str(error), details={"field": error.field, "value": error.value, "expected": error.expected}
        ) from None
    if not 0 <= request.extra <= 200:
        _refuse("extra", request.extra, "from 0 to 200 items")
    if not 1 <= request.seconds_per_rating <= 3600:
        _refuse("seconds_per_rating", request.seconds_per_rating, "from 1 to 3600 seconds")
    answer: dict[str, Any] = {
        "plan": asdict(plan),
        "power": power_of(plan).as_json(),
        "estimate": estimate(
            questions=plan.questions,
            ratings_per_triple=plan.ratings_per_triple,
            per_rater=plan.per_rater,
            extra=request.extra,
            pay=pay,
            raters=plan.raters,
            seconds_per_rating=request.seconds_per_rating,
        ).as_json(),
    }
    if request.curve:
        answer["curve"] = power_curve(plan)
    return answer


def _refuse(name: str, value: object, expected: str) -> None:
    raise InvalidInput(
        not_usable(name, value, expected),
        details={"field": name, "value": value, "expected": expected},
    )
