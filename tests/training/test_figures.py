"""The figures from dataclasses alone: means and intervals by hand, and what each panel shows."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from training.evaluation.step_agreement import Steps
from training.figures.curves import AccuracyRun, IterationAccuracy, points_of
from training.figures.drawing import picture_spec
from training.figures.errors import NothingToDraw
from training.figures.kinds import addition, digits_later, methods, reversed_digits, step_counts
from training.figures.kinds.methods import MethodResult
from training.figures.kinds.step_counts import SolutionSteps
from training.figures.rendering import render
from training.figures.saving import as_csv
from training.figures.spread import Spread, spread_of
from training.figures.types import RunFacts


def test_mean_deviation_and_interval_by_hand() -> None:
    # t of 2 degrees of freedom at 97.5 % is 4.30265 in every table; .1 / sqrt(3) is the standard error.
    found = spread_of([0.5, 0.6, 0.7])
    assert (found.mean, found.deviation, found.seeds) == pytest.approx((0.6, 0.1, 3))
    half = 4.30265 * 0.1 / math.sqrt(3)
    assert (found.low, found.high) == pytest.approx((0.6 - half, 0.6 + half), abs=1e-6)


def test_one_seed_has_no_interval_and_an_interval_of_shares_stays_within_them() -> None:
    assert (spread_of([0.5]).deviation, spread_of([0.5]).low) == (None, None)
    assert (spread_of([0.9, 0.8, 1.0]).high, spread_of([0.0, 0.1, 0.2]).low) == (1.0, 0.0)


def test_too_few_seeds_and_seeds_that_agree_feign_no_certainty() -> None:
    assert spread_of([0.5, 0.75]) == Spread(0.625, None, None, None, 2)
    assert spread_of([11 / 15] * 3) == Spread(11 / 15, 0.0, None, None, 3)


def test_what_is_no_share_has_no_spread() -> None:
    for wrong in ([], [1.2], [float("nan")]):
        with pytest.raises(ValueError, match="values"):
            spread_of(wrong)


def run(
    arm: str, seed: int, *, gain: float = 0.1, later: tuple[int, tuple[str, ...]] = (0, ())
) -> AccuracyRun:
    """Two iterations after the base; one and two digits."""
    iterations = tuple(
        IterationAccuracy(n, 0.4 + gain * n, {"1": 0.5 + gain * n, "2": 0.3 + gain * n}) for n in range(3)
    )
    facts = RunFacts(seed, f"{arm}-{seed}", arm, seed)
    return AccuracyRun(facts, iterations, *later)


def test_addition_has_a_panel_for_each_arm_with_means_over_its_seeds() -> None:
    gains = (0.1, 0.15, 0.2)
    runs = [run("with rationalization", seed, gain=gain) for seed, gain in enumerate(gains)]
    runs.append(run("without", 0))
    figure = addition.build(runs)
    assert [panel.title for panel in figure.panels] == ["With rationalization", "Without"]
    first = figure.panels[0]
    assert first.head == ["iteration", "1, % ± SD", "2, % ± SD", "all, % ± SD"]
    # Two digits after iteration 2: .5, .6 and .7 have the mean .6 and the deviation .1.
    assert first.rows[0][0] == "base" and first.rows[2] == [2, "80.0 ± 10.0", "60.0 ± 10.0", "70.0 ± 10.0"]
    assert first.summary.startswith(
        "With rationalization, percent right after iteration 2 (mean ± SD over seeds): "
    )
    assert figure.panels[1].head == ["iteration", "1, %", "2, %", "all, %"]
    assert figure.panels[1].rows[2] == [2, "70.0", "50.0", "60.0"]
    assert figure.seeds == [0, 1, 2]
    # Every seed's own value is a number of the figure, and so is every mean.
    singles = [row for row in figure.numbers if row["seed"] is not None]
    assert len(singles) == 4 * 3 * 3 and len(figure.numbers) - len(singles) == 2 * 3 * 3
    assert {frozenset(row) for row in figure.numbers} == {frozenset(figure.numbers[0])}


def test_a_run_that_stopped_earlier_takes_part_as_far_as_it_went() -> None:
    short = AccuracyRun(RunFacts(9, "short", "a", 9), run("a", 9).iterations[:2])
    points = {(p.group, p.iteration): p.spread.seeds for p in points_of([run("a", 0), short])}
    assert points["all", 1] == 2 and points["all", 2] == 1


def test_digits_that_join_late_are_marked_where_they_join() -> None:
    later = (2, ("2",))
    figure = digits_later.build([run("with", 0, later=later), run("with", 1, later=later)])
    (panel,) = figure.panels
    rules = [layer for layer in panel.spec["layer"] if layer["mark"].get("type") == "rule"]
    assert [rule["data"]["values"] for rule in rules] == [[{"iteration": 2}]]
    assert panel.title == "2 digits from iteration 2 on" and panel.head == ["iteration", "1, %", "2, %"]
    with pytest.raises(NothingToDraw, match="with-1 \\(none\\)"):
        digits_later.build([run("with", 0, later=later), run("with", 1)])


def test_reversed_digits_are_drawn_against_written_ones_and_not_alone() -> None:
    backward = [run("reversed", seed, gain=gain) for seed, gain in enumerate((0.1, 0.15, 0.2))]
    figure = reversed_digits.build([run("as written", 0), *backward])
    overall, lengths, written, backwards = figure.panels
    assert overall.head == ["iteration", "as written, %", "reversed, % ± SD"]
    assert lengths.head == ["digits", "as written, %", "reversed, % ± SD"]
    assert lengths.rows == [["1", "70.0", "80.0 ± 10.0"], ["2", "50.0", "60.0 ± 10.0"]]
    assert (written.title, backwards.title) == ("As written", "Reversed")
    # One digit after iteration 2: .7, .8 and .9 have the mean .8 and the deviation .1.
    assert backwards.head == ["iteration", "1, % ± SD", "2, % ± SD"]
    assert backwards.rows[2] == [2, "80.0 ± 10.0", "60.0 ± 10.0"]
    # One legend for each panel: none twice, and none above all of them.
    drawn = render(picture_spec(figure), "svg").decode()
    assert drawn.count(">as written</text>") == drawn.count(">reversed</text>") == 2
    with pytest.raises(NothingToDraw, match="reversed digits only"):
        reversed_digits.build([run("reversed", 0)])


def solved(arm: str, seed: int, iteration: int, *pairs: tuple[int, int]) -> SolutionSteps:
    steps = tuple(Steps(f"q{place}", model, human) for place, (model, human) in enumerate(pairs))
    return SolutionSteps(arm, iteration, steps, RunFacts(seed, f"{arm}-{seed}", arm, seed))


def test_steps_agree_by_iteration_and_the_last_one_is_crossed_with_its_seeds_pooled() -> None:
    figure = step_counts.build(
        [
            solved("with", 0, 1, (2, 2), (1, 2)),
            solved("with", 0, 2, (2, 2), (3, 3)),
            solved("with", 1, 2, (2, 2), (1, 3)),
            replace(solved("with", 0, 2, (2, 2)), right=True),
        ]
    )
    agreement, crossed = figure.panels
    assert agreement.head == ["iteration", "with", "with, right"]
    assert agreement.rows == [[1, "50.0", None], [2, "100.0 / 50.0", "100.0"]]
    assert crossed.title == "with, iteration 2"
    assert crossed.head == ["human steps", "1", "2", "3"] and crossed.rows == [[2, 0, 2, 0], [3, 1, 0, 1]]
    assert [row["agreement"] for row in figure.numbers] == [0.5, 1.0, 0.5, 1.0] and figure.seeds == [0, 1]


def test_steps_of_sources_are_a_row_each_with_an_interval() -> None:
    steps = tuple(Steps(str(place), place % 3, 1) for place in range(30))
    figure = step_counts.build([SolutionSteps("a", 0, steps), SolutionSteps("b", 0, steps[:6])])
    rows = figure.panels[0].rows
    assert [row[:2] for row in rows] == [["a", 30], ["b", 6]]
    assert rows[0][2].startswith("33.3 [") and rows[0][3:] == ["33.3", "33.3", "1.00", "1.00"]
    assert [panel.title for panel in figure.panels[1:]] == ["a", "b"] and figure.seeds == []


def test_the_table_has_the_papers_order_and_says_the_share_of_train() -> None:
    facts = [RunFacts(n, f"with-{n}", methods.WITH, n) for n in range(3)]
    results = [
        MethodResult(methods.WITH, n, accuracy, 100, 0.6, 0.1, facts[n])
        for n, accuracy in enumerate((0.7, 0.8, 0.9))
    ]
    results += [
        MethodResult(methods.DIRECT, 0, 0.3, 100, 1.0),
        MethodResult(methods.few_shot(6), 0, 0.2, 100),
    ]
    (panel,) = methods.build(results, dataset="stories").panels
    assert panel.title == "stories: 100 test questions"
    assert [row[0] for row in panel.rows] == ["few-shot, 6 examples", methods.DIRECT, methods.WITH]
    assert panel.rows[0][1:] == ["20.0", None, 1, "0.0"] and panel.rows[1][4] == "100.0"
    # 4.30265 x .1 / sqrt 3 = .2484
    assert panel.rows[2][1:4] == ["80.0 ± 10.0", "55.2 to 100.0", 3]
    assert panel.rows[2][4] == "70.0 = 60.0 generated + 10.0 rationalized"


def test_both_arms_stand_in_one_picture_with_the_seeds_below_its_title() -> None:
    figure = addition.build([run("with rationalization", n) for n in range(3)] + [run("without", 0)])
    drawn = ET.fromstring(render(picture_spec(figure), "svg"))  # noqa: S314  our own picture
    # A title of several lines is one text of several spans.
    words = [one for text in drawn.iter("{http://www.w3.org/2000/svg}text") for one in text.itertext()]
    assert "Bands: 95 % intervals for the mean (Student's t)" in " ".join(words)
    assert {addition.TITLE, "seeds 0, 1, 2", "With rationalization", "Without", "iteration"} <= set(words)
    assert as_csv(figure).decode().splitlines()[0] == (
        "arm,group,iteration,seed,run,accuracy,deviation,low,high,seeds"
    )
