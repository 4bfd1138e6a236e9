"""What the choices of a form that may not be finished will cost, in time, money and power."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from ratings.analysis.planning import BadPlan, Plan, Power, power_of
from ratings.console.study_form import NewStudyForm
from ratings.studies.estimate import SECONDS_PER_RATING, Estimate, estimate
from ratings.studies.pay import BadPay, Pay, read_pay

#: A guess while somebody types; the planner's page does it thoroughly.
QUICK_SIMULATIONS = 200
#: More ratings than this would keep the page waiting.
QUICK_RATINGS = 3_000


@dataclass(frozen=True, slots=True)
class StudyEstimate:
    """power: for a win rate of `win_rate`, None where that takes too long. query: the same for the planner's page."""

    costs: Estimate
    power: Power | None
    win_rate: float
    query: str

    @property
    def precision(self) -> int:
        """Twice the Monte Carlo error of the power, in points."""
        return 0 if self.power is None else round(200 * self.power.standard_error)


def estimate_of(form: NewStudyForm) -> StudyEstimate | None:
    """None until questions and ratings per triple are numbers."""
    questions = _whole(form["questions"].value(), most=10_000_000)
    overlap = _whole(form["ratings_per_triple"].value(), most=1_000)
    if questions is None or overlap is None:
        return None
    items = [_whole(form[f"quality_{name}"].value(), most=20) for name in ("checks", "degraded", "repeats")]
    costs = estimate(
        questions=questions,
        ratings_per_triple=overlap,
        per_rater=_whole(form["per_rater"].value(), most=1_000_000),
        extra=sum(filter(None, items)),
        pay=_pay(form),
        raters=_whole(form["raters"].value(), most=100_000),
        seconds_per_rating=_seconds(form["seconds_per_rating"].value()),
    )
    plan = Plan(
        questions=questions,
        ratings_per_triple=overlap,
        raters=max(2, costs.raters),
        simulations=QUICK_SIMULATIONS,
    )
    query = urlencode({"questions": questions, "ratings_per_triple": overlap, "raters": costs.raters})
    return StudyEstimate(costs, _power(plan), plan.win_rate, query)


def _power(plan: Plan) -> Power | None:
    try:
        return power_of(plan) if plan.ratings <= QUICK_RATINGS else None
    except BadPlan:
        return None


def _whole(value: Any, *, most: int) -> int | None:
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if 1 <= number <= most else None


def _seconds(value: Any) -> float:
    try:
        seconds = float(str(value))
    except ValueError:
        return SECONDS_PER_RATING
    return seconds if 1 <= seconds <= 3600 else SECONDS_PER_RATING


def _pay(form: NewStudyForm) -> Pay:
    """What is said so far; nothing while it can not be read."""
    said: dict[str, Any] = {"currency": str(form["pay_currency"].value() or "").strip()}
    for name in ("per_rater", "per_rating", "hourly_floor"):
        value = str(form[f"pay_{name}"].value() or "").strip()
        try:
            if value and Decimal(value).is_finite():
                said[name] = value
        except InvalidOperation:
            continue
    try:
        return read_pay(said)
    except BadPay:
        return Pay()
