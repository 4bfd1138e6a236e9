"""A training that came to a bad end is told by its losses; numbers worked out by hand."""

from __future__ import annotations

import math

import pytest

from training.evaluation.endings import Ending, ending_of_pairs, ending_of_tokens, last_steps


@pytest.mark.parametrize(
    ("start", "last", "vocabulary", "bad"),
    [
        (3.0, [2.0, 2.2], 1024, None),
        (0.69, [4.0] * 3, 1024, "diverged"),  # above 1.5 x 0.69 = 1.04 and 0.69 + 0.5 = 1.19
        (0.1, [0.4, 0.4], 1024, None),  # four times as much, but only 0.3 more
        (4.0, [5.0], 1024, None),  # a nat more, but only a quarter
        (4.0, [6.01], 1024, "diverged"),
        (50.0, [50.0], 1024, "worse_than_guessing"),  # ln 1,024 = 6.93
        (3.0, [6.9], 0, "diverged"),
        (6.93, [7.02], 1024, None),  # a model from scratch, as it begins
        (6.93, [7.04], 1024, "worse_than_guessing"),
        (50.0, [50.0], 0, None),  # nobody knows the vocabulary
    ],
)
def test_losses_of_tokens(start: float, last: list[float], vocabulary: int, bad: str | None) -> None:
    found = ending_of_tokens(start, last, vocabulary=vocabulary)
    assert (found and found.bad) == bad
    if found and found.bad == "worse_than_guessing":
        assert found.bound == pytest.approx(math.log(vocabulary))


@pytest.mark.parametrize(
    ("last", "bad"),
    [([0.7], None), ([0.70, 0.78], None), ([0.74, 0.76], "worse_than_chance"), ([0.2], None)],
)
def test_losses_of_pairs(last: list[float], bad: str | None) -> None:
    found = ending_of_pairs(math.log(2), last)
    assert (found and found.bad) == bad
    if found:
        assert found == Ending("worse_than_chance", math.log(2), 0.75, math.log(2))


def test_the_end_of_a_loss_is_the_mean_of_its_last_steps() -> None:
    assert [last_steps(count) for count in (1, 2, 3, 8, 40, 4_000)] == [1, 1, 2, 4, 10, 10]
    with pytest.raises(ValueError, match="last: empty"):
        ending_of_tokens(1.0, [])
