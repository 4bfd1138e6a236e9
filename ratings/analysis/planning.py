"""Power of a study by simulation, with the very test that the study will be analysed by. Pure.

A simulated study deals its questions to raters as the product does (nobody rates a triple twice, everybody about as
many), and lets each rating compare two sources: preference = shift + question effect + rater effect + logistic noise,
a tie where it is close to 0. Question and rater effects are normal, in units of the logistic noise (log odds), so that
0 is no clustering and 0.5 to 1 is common among people. Shift and tie width are solved for the wanted win rate and share
of ties, which are those of the population: clustering changes how sure a study is, not what it finds.
Power is the share of simulated studies whose two-sided clustered p (ratings.analysis.intervals) is below alpha.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy

from problems.seeds import SEEDS, is_seed
from problems.text import not_usable
from ratings.analysis.clustering import Clusters
from ratings.analysis.intervals import mean_interval
from ratings.analysis.table import FloatArray, IntArray

MAX_RATINGS = 200_000
MAX_SIMULATIONS = 10_000
#: Ratings over all simulated studies of one plan: a minute at most.
MAX_WORK = 20_000_000
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(61)


class BadPlan(ValueError):
    """A plan that can not be simulated. `field`, `value` and `expected` say why."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(not_usable(field, value, expected))
        self.field, self.value, self.expected = field, value, expected


@dataclass(frozen=True, slots=True)
class Plan:
    """win_rate: of the better source in the population, ties counting half. ties: share of ratings that tie the two.

    sd_question, sd_rater: standard deviations of the effects, in log odds.
    """

    questions: int = 50
    ratings_per_triple: int = 4
    raters: int = 20
    win_rate: float = 0.6
    ties: float = 0.1
    sd_question: float = 0.5
    sd_rater: float = 0.5
    alpha: float = 0.05
    simulations: int = 500
    seed: int = 0

    @property
    def ratings(self) -> int:
        return self.questions * self.ratings_per_triple

    @property
    def per_rater(self) -> int:
        """The most triples that one rater gets."""
        return math.ceil(self.ratings / self.raters)


@dataclass(frozen=True, slots=True)
class Power:
    """found of `simulations` simulated studies; asked: how many were wanted, more where that is too much work."""

    found: int
    simulations: int
    asked: int

    @property
    def power(self) -> float:
        return self.found / self.simulations

    @property
    def standard_error(self) -> float:
        """Monte Carlo, of the share with a success and a failure added: that of a hundred of a hundred is not 0."""
        share = (self.found + 1) / (self.simulations + 2)
        return math.sqrt(share * (1 - share) / self.simulations)

    @property
    def interval(self) -> tuple[float, float]:
        """95%, by Wilson's score."""
        n, z = self.simulations, 1.959964
        middle = (self.found + z * z / 2) / (n + z * z)
        half = z * math.sqrt(self.power * (1 - self.power) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - half), min(1.0, middle + half)

    def as_json(self) -> dict[str, Any]:
        low, high = self.interval
        return {
            "power": self.power,
            "standard_error": self.standard_error,
            "low": low,
            "high": high,
            "simulations": self.simulations,
            "asked": self.asked,
        }


def check_plan(plan: Plan) -> None:
    """Raises BadPlan."""
    _within("questions", plan.questions, 2, MAX_RATINGS)
    _within("ratings_per_triple", plan.ratings_per_triple, 1, 1_000)
    _within("raters", plan.raters, 2, 100_000)
    _within("ties", plan.ties, 0, 0.95)
    # Half of the ties are wins, so a win rate can not be nearer to 1 than that.
    most = 1 - plan.ties / 2
    if not 0.5 <= plan.win_rate < most:
        raise BadPlan(
            "win_rate", plan.win_rate, f"from 0.5 to below {most:g}, as {plan.ties:g} of all are ties"
        )
    _within("sd_question", plan.sd_question, 0, 10)
    _within("sd_rater", plan.sd_rater, 0, 10)
    _within("alpha", plan.alpha, 0.0001, 0.5)
    _within("simulations", plan.simulations, 20, MAX_SIMULATIONS)
    if not is_seed(plan.seed):
        raise BadPlan("seed", plan.seed, SEEDS)
    if plan.ratings_per_triple > plan.raters:
        raise BadPlan(
            "raters", plan.raters, f"at least {plan.ratings_per_triple}: nobody rates a triple twice"
        )
    if plan.ratings > MAX_RATINGS:
        raise BadPlan("questions", plan.questions, f"at most {MAX_RATINGS:,} ratings in all")


def _within(field: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise BadPlan(field, value, f"a number from {low:g} to {high:g}")


def power_of(plan: Plan) -> Power:
    """Simulates the plan's studies; large ones fewer times, so that the work stays within MAX_WORK. Raises BadPlan."""
    check_plan(plan)
    simulations = max(20, min(plan.simulations, MAX_WORK // plan.ratings))
    generator = np.random.default_rng(plan.seed)
    cuts = thresholds(plan)
    found = sum(_simulate(plan, cuts, generator) for _ in range(simulations))
    return Power(found, simulations, asked=plan.simulations)


def power_curve(
    plan: Plan, *, factors: tuple[float, ...] = (0.5, 1.0, 1.5, 2.0, 3.0)
) -> list[dict[str, Any]]:
    """Power of the same plan with fewer and more questions, everybody rating as many more: [{"questions", …}]."""
    rows = []
    for factor in factors:
        questions = max(2, round(plan.questions * factor))
        scaled = replace(plan, questions=questions)
        if scaled.ratings <= MAX_RATINGS:
            rows.append({"questions": questions, "ratings": scaled.ratings, **power_of(scaled).as_json()})
    return rows


def thresholds(plan: Plan) -> tuple[float, float]:
    """(lower, upper) cuts of a preference without shift: a win above `upper`, a loss below `lower`, else a tie."""
    win = plan.win_rate - plan.ties / 2
    loss = 1 - plan.ties - win
    spread = math.hypot(plan.sd_question, plan.sd_rater)
    return _quantile(loss, spread), _quantile(1 - win, spread)


def _quantile(share: float, spread: float) -> float:
    """Of normal effects plus logistic noise, by Gauss-Hermite quadrature: the value below which `share` lies."""

    def excess(value: float) -> float:
        below = scipy.special.expit(value - spread * _NODES) @ _WEIGHTS / _WEIGHTS.sum()
        return float(below) - share

    reach = 40 + 10 * spread
    return float(scipy.optimize.brentq(excess, -reach, reach))


def deal(plan: Plan, generator: np.random.Generator) -> tuple[IntArray, IntArray]:
    """(question, rater) of each rating: shuffled questions go round shuffled raters, so that nobody gets one twice."""
    seats = np.arange(plan.ratings)
    questions = generator.permutation(plan.questions)[seats // plan.ratings_per_triple]
    # Each round of all raters has its own order; one question's ratings may reach into the next round, where a rater
    # who has it already changes places within the round.
    raters = np.concatenate(
        [generator.permutation(plan.raters) for _ in range(-(-plan.ratings // plan.raters))]
    )[: plan.ratings]
    _part_twins(questions, raters, plan.raters)
    return questions.astype(np.int64), raters.astype(np.int64)


def _part_twins(questions: IntArray, raters: IntArray, round_size: int) -> None:
    """Swaps raters within a round until nobody has a question twice. Only the seats at a round's border can clash."""
    overlap = int((questions == questions[0]).sum())
    for border in range(round_size, len(raters), round_size):
        seat = border
        end = min(border + round_size, len(raters))
        first = border - border % overlap
        last = min(first + overlap, end)
        before = set(raters[first:border].tolist())
        if not before or last <= border:
            continue
        # Those who have not had the shared question come first in the round.
        tail = raters[border:end]
        fresh = [rater for rater in tail.tolist() if rater not in before]
        had = [rater for rater in tail.tolist() if rater in before]
        wanted = last - border
        if len(fresh) < wanted:
            # The study's last, short round: take in those who have no seat in it.
            absent = [r for r in range(round_size) if r not in before and r not in fresh]
            fresh, had = fresh + absent[: wanted - len(fresh)], had[: len(tail) - wanted]
        raters[seat:end] = np.array((fresh + had)[: len(tail)])


def _simulate(plan: Plan, cuts: tuple[float, float], generator: np.random.Generator) -> bool:
    """Whether one simulated study finds a difference."""
    questions, raters = deal(plan, generator)
    preference = (
        plan.sd_question * generator.standard_normal(plan.questions)[questions]
        + plan.sd_rater * generator.standard_normal(plan.raters)[raters]
        + generator.logistic(size=plan.ratings)
    )
    outcomes = _judged(preference, cuts)
    p = mean_interval(outcomes, Clusters(raters=raters, questions=questions)).p_two_sided
    return p is not None and p < plan.alpha


def _judged(preference: FloatArray, cuts: tuple[float, float]) -> FloatArray:
    lower, upper = cuts
    outcomes: FloatArray = np.where(preference > upper, 1.0, np.where(preference < lower, 0.0, 0.5))
    return outcomes
