"""What is left of a run, worked by hand."""

from __future__ import annotations

import pytest

from training.estimating.estimate import StageEstimate
from training.estimating.remaining import Gone, kind_of, seconds_left

PLANNED = [
    StageEstimate("starting", 0, 0, 2.0),
    StageEstimate("validating", 0, 10, 1.0),
    StageEstimate("generating", 1, 100, 10.0),
    StageEstimate("training", 1, 50, 25.0),
    StageEstimate("validating", 1, 10, 1.0),
    StageEstimate("generating", 2, 100, 10.0),
    StageEstimate("training", 2, 60, 30.0),
    StageEstimate("validating", 2, 10, 1.0),
]


def test_stages_are_read_as_the_loops_name_them() -> None:
    assert kind_of("iteration 12: rationalizing") == ("rationalizing", 12)
    assert kind_of("generator 0: training") == ("training", 0)
    assert kind_of("verifier: training") == ("training the verifier", None)
    assert kind_of("asking held-out questions") == ("asking held-out questions", None)


def test_before_anything_is_gone_the_estimate_is_what_is_left() -> None:
    left = seconds_left(PLANNED, [], now="iteration 1: generating", left_of_now=None)
    assert left == pytest.approx(10 + 25 + 1 + 10 + 30 + 1)


def test_what_took_longer_than_thought_will_again() -> None:
    # Generating took twice as long as thought; training has no pace of this run yet: twice as long, too.
    gone = [Gone("iteration 1: generating", 100, 20.0)]
    left = seconds_left(PLANNED, gone, now="iteration 1: training", left_of_now=7.0)
    assert left == pytest.approx(7 + 2 * 1 + 20 + 2 * 30 + 2 * 1)


def test_without_an_estimate_a_runs_own_pace_is_used_as_soon_as_it_has_one() -> None:
    bare = [StageEstimate(one.stage, one.iteration, one.units, 0.0) for one in PLANNED]
    gone = [Gone("iteration 0: validating", 10, 2.0), Gone("iteration 1: generating", 100, 20.0)]
    assert seconds_left(bare, gone, now="iteration 1: training", left_of_now=7.0) is None
    gone += [Gone("iteration 1: training", 50, 100.0), Gone("iteration 1: validating", 10, 2.0)]
    left = seconds_left(bare, gone, now="iteration 2: generating", left_of_now=5.0)
    assert left == pytest.approx(5 + 60 * 2 + 2)


def test_a_stage_that_nobody_planned_leaves_the_run_where_it_was() -> None:
    gone = [Gone("iteration 2: training", 60, 30.0)]
    assert seconds_left(PLANNED, gone, now="saving", left_of_now=0.0) == pytest.approx(1.0)
    assert seconds_left([], [], now="training", left_of_now=3.0) is None
