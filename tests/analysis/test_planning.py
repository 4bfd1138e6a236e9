"""The power planner: its power is that of studies simulated another way, its deals are fair, it says what is wrong."""

from __future__ import annotations

import json
import math
from collections import Counter
from random import Random

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from ratings.analysis.pairs import compare_pairs
from ratings.analysis.planning import BadPlan, Plan, Power, deal, power_curve, power_of, thresholds
from ratings.analysis.table import rating_table
from ratings.analysis.types import JudgedTriple

PLAN = Plan(
    questions=40, ratings_per_triple=4, raters=16, win_rate=0.62, ties=0.15, sd_question=0.6, sd_rater=0.5
)


def simulated_study(plan: Plan, random: Random, cuts: tuple[float, float]) -> list[JudgedTriple]:
    """Another way to the same world: every rater takes the next question that needs ratings most, one by one, in plain
    Python; then the product's whole analysis of the two sources."""
    lower, upper = cuts
    needs = dict.fromkeys(range(plan.questions), plan.ratings_per_triple)
    seen: dict[int, set[int]] = {rater: set() for rater in range(plan.raters)}
    of_question = [random.gauss(0, plan.sd_question) for _ in range(plan.questions)]
    of_rater = [random.gauss(0, plan.sd_rater) for _ in range(plan.raters)]
    ratings = []
    while any(needs.values()):
        for rater in random.sample(range(plan.raters), plan.raters):
            usable = [question for question, left in needs.items() if left and question not in seen[rater]]
            if not usable:
                continue
            question = max(usable, key=lambda one: (needs[one], random.random()))
            needs[question] -= 1
            seen[rater].add(question)
            uniform = random.random()
            liked = of_question[question] + of_rater[rater] + math.log(uniform / (1 - uniform))
            ranking = ((0,), (1,)) if liked > upper else ((1,), (0,)) if liked < lower else ((0, 1),)
            ratings.append(JudgedTriple(f"r{rater}", f"q{question}", ranking, all_bad=False, shown=None))
    return ratings


def found_share(plan: Plan, *, studies: int, seed: int) -> tuple[float, float]:
    """(share that finds a difference, mean win rate) of independent simulated studies."""
    random, cuts = Random(seed), thresholds(plan)
    found, rates = 0, []
    for _ in range(studies):
        table = rating_table(simulated_study(plan, random, cuts), source_count=2)
        [pair] = compare_pairs(table)
        assert pair.clustered.p_two_sided is not None and pair.clustered.mean is not None
        found += pair.clustered.p_two_sided < plan.alpha
        rates.append(pair.clustered.mean)
    return found / studies, float(np.mean(rates))


def agrees(plan: Plan, *, studies: int, seed: int) -> None:
    """Within Monte Carlo error: three standard errors of the difference."""
    planned = power_of(plan)
    share, rate = found_share(plan, studies=studies, seed=seed)
    error = math.hypot(planned.standard_error, math.sqrt(share * (1 - share) / studies))
    assert abs(planned.power - share) < 3 * error, (planned, share, error)
    assert rate == pytest.approx(plan.win_rate, abs=0.015)


def test_power_agrees_with_simulated_studies():
    agrees(PLAN, studies=60, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "plan",
    [
        PLAN,
        Plan(
            questions=50, ratings_per_triple=4, raters=20, win_rate=0.6, ties=0.0, sd_question=0, sd_rater=0
        ),
        Plan(
            questions=30,
            ratings_per_triple=6,
            raters=12,
            win_rate=0.58,
            ties=0.3,
            sd_question=1,
            sd_rater=0.3,
        ),
        Plan(questions=50, ratings_per_triple=4, raters=20, win_rate=0.5, sd_question=0.8, sd_rater=0.8),
    ],
)
def test_power_agrees_with_500_simulated_studies_within_monte_carlo_error(plan):
    agrees(plan, studies=500, seed=2)


def test_more_of_everything_helps_and_clustering_hurts():
    def power(**changes: float) -> float:
        return power_of(Plan(**{**{"questions": 30, "simulations": 200}, **changes})).power  # type: ignore[arg-type]

    assert power(win_rate=0.7) > power(win_rate=0.6) > power(win_rate=0.5)
    assert power(questions=120) > power(questions=30) + 0.2
    assert power(sd_question=0, sd_rater=0) > power(sd_question=2, sd_rater=2) + 0.15


@pytest.mark.parametrize(("win_rate", "ties"), [(0.5, 0.0), (0.6, 0.1), (0.9, 0.15), (0.55, 0.8)])
def test_the_cuts_give_the_wanted_win_rate_and_ties(win_rate, ties):
    plan = Plan(win_rate=win_rate, ties=ties, sd_question=1.2, sd_rater=0.7)
    lower, upper = thresholds(plan)
    generator = np.random.default_rng(3)
    liked = generator.normal(0, math.hypot(1.2, 0.7), 400_000) + generator.logistic(size=400_000)
    assert np.mean((liked >= lower) & (liked <= upper)) == pytest.approx(ties, abs=0.004)
    assert np.mean(liked > upper) + ties / 2 == pytest.approx(win_rate, abs=0.004)


@pytest.mark.parametrize(
    ("questions", "overlap", "raters"),
    [(50, 4, 20), (10, 3, 3), (11, 3, 4), (50, 5, 7), (7, 6, 8), (9, 9, 9), (5, 1, 9)],
)
def test_a_deal_gives_nobody_a_question_twice_and_everybody_about_as_many(questions, overlap, raters):
    plan = Plan(questions=questions, ratings_per_triple=overlap, raters=raters)
    for seed in range(20):
        dealt = list(zip(*(each.tolist() for each in deal(plan, np.random.default_rng(seed))), strict=True))
        assert len(set(dealt)) == questions * overlap
        assert set(Counter(question for question, _ in dealt).values()) == {overlap}
        shares = Counter(rater for _, rater in dealt)
        assert max(shares.values()) <= plan.per_rater + 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"questions": 1}, "questions"),
        ({"raters": 3}, "raters"),
        ({"win_rate": 0.4}, "win_rate"),
        ({"win_rate": 0.96, "ties": 0.1}, "win_rate"),
        ({"win_rate": float("nan")}, "win_rate"),
        ({"ties": 1.0}, "ties"),
        ({"sd_rater": -1}, "sd_rater"),
        ({"sd_question": float("inf")}, "sd_question"),
        ({"alpha": 0}, "alpha"),
        ({"simulations": 1}, "simulations"),
        ({"questions": 200_000}, "questions"),
    ],
)
def test_a_plan_that_can_not_be_says_which_field_and_what_is_expected(change, field):
    with pytest.raises(BadPlan) as refused:
        power_of(Plan(**change))
    assert refused.value.field == field and refused.value.expected


def test_a_curve_has_fewer_and_more_questions():
    rows = power_curve(Plan(simulations=50))
    assert [row["questions"] for row in rows] == [25, 50, 75, 100, 150]
    assert rows[0]["power"] < rows[-1]["power"]


def test_the_command_answers_with_power_time_and_cost(capsys):
    call_command(
        "plan_study", simulations=50, pay_per_rater="6", currency="GBP", hourly_floor="60", as_json=True
    )
    answer = json.loads(capsys.readouterr().out)
    assert 0 < answer["power"]["power"] < 1 and answer["power"]["simulations"] == 50
    assert answer["power"]["standard_error"] > 0
    assert answer["estimate"]["cost"] == "120.00" and answer["estimate"]["below_floor"] is True
    assert answer["estimate"]["ratings"] == 200 and answer["estimate"]["raters"] == 20
    with pytest.raises(CommandError, match="win_rate"):
        call_command("plan_study", win_rate=1.5)
    with pytest.raises(CommandError, match="currency"):
        call_command("plan_study", pay_per_rater="6")


def test_a_power_of_all_or_none_is_not_said_to_be_exact(monkeypatch):
    # Wilson's bound for n of n is n / (n + z^2).
    everything = Power(found=100, simulations=100, asked=500)
    assert everything.interval[0] == pytest.approx(100 / (100 + 1.959964**2))
    assert everything.interval[1] == pytest.approx(1.0)
    assert everything.standard_error == pytest.approx(math.sqrt(101 / 102 / 102 / 100))
    assert Power(found=0, simulations=20, asked=20).interval[1] > 0.1
    # Large studies are simulated fewer times, and say so.
    monkeypatch.setattr("ratings.analysis.planning.MAX_WORK", 200 * 30)
    assert power_of(Plan(simulations=50)).as_json().items() >= {"simulations": 30, "asked": 50}.items()
