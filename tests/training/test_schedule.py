"""Learning rates and the steps of STaR's iterations."""

from __future__ import annotations

import pytest

from training.schedule import Schedule, StepLadder


def rates(schedule: Schedule, steps: int) -> list[float]:
    return [schedule.at(step, steps=steps) for step in range(1, steps + 1)]


def test_warm_up_rises_in_equal_steps_to_the_peak():
    assert rates(Schedule(0.4, warmup_steps=4), 6) == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.4, 0.4])


def test_linear_falls_to_its_share_at_the_last_step():
    assert rates(Schedule(1.0, warmup_steps=1, shape="linear", final_share=0.2), 5) == pytest.approx(
        [1.0, 0.8, 0.6, 0.4, 0.2]
    )


def test_cosine_is_half_way_down_in_the_middle():
    values = rates(Schedule(1.0, shape="cosine", final_share=0.1), 10)
    assert values[4] == pytest.approx(0.55)
    assert values[-1] == pytest.approx(0.1)
    assert values == sorted(values, reverse=True)


def test_hold_keeps_the_peak_for_its_share_of_the_steps():
    # Constant for half, then linear to 10 %: the spike's schedule for DPO.
    values = rates(Schedule(1.0, shape="linear", final_share=0.1, hold=0.5), 10)
    assert values == pytest.approx([1, 1, 1, 1, 1, 0.82, 0.64, 0.46, 0.28, 0.1])


def test_a_training_shorter_than_its_warm_up_never_leaves_it():
    assert max(rates(Schedule(1e-6, warmup_steps=100), 40)) == pytest.approx(0.4e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        {"peak": 0},
        {"peak": float("nan")},
        {"warmup_steps": -1},
        {"shape": "step"},
        {"final_share": 2},
        {"hold": 1},
    ],
)
def test_impossible_schedules_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        Schedule(**{"peak": 1.0, **wrong})


def test_the_papers_ladder():
    # papers.md 1.2: 40 x 1.2^(i-1), cut to whole steps; iteration 30 has 7,912.
    ladder = StepLadder()
    assert [ladder.steps(i, steps_per_epoch=9) for i in range(1, 21)] == [
        40, 48, 57, 69, 82, 99, 119, 143, 171, 206, 247, 297, 356, 427, 513, 616, 739, 887, 1064, 1277,
    ]  # fmt: skip
    assert ladder.steps(30, steps_per_epoch=9) == 7912
    assert StepLadder(cap=7912).steps(31, steps_per_epoch=9) == 7912


def test_the_linear_and_the_epoch_ladder():
    linear = StepLadder("linear", first=300, growth=20)
    assert [linear.steps(i, steps_per_epoch=9) for i in (1, 2, 3)] == [300, 320, 340]
    epochs = StepLadder("epochs", first=1.0, growth=0.2)
    assert [epochs.steps(i, steps_per_epoch=50) for i in (1, 2, 3)] == [50, 60, 70]
    assert StepLadder("epochs", first=0.1).steps(1, steps_per_epoch=1) == 1


@pytest.mark.parametrize("wrong", [{"kind": "square"}, {"first": 0}, {"growth": -1}, {"cap": 0}])
def test_impossible_ladders_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        StepLadder(**wrong)
