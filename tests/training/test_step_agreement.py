"""Steps against the human ones: by hand, by law, and on 2,800 real solutions with counting code of this file's own."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest

from problems.calculations import count_calculations
from tests.problems.real_data import needs_real_data, rows_of
from training.evaluation.step_agreement import StepAgreement, Steps, crossing, step_agreement

MODELS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")


def test_shares_and_means_by_hand():
    found = step_agreement([Steps("a", 2, 2), Steps("a", 1, 2), Steps("b", 5, 3), Steps("c", 4, 4)])
    assert (found.agreement, found.fewer, found.more) == (0.5, 0.25, 0.25)
    assert (found.model_steps, found.human_steps) == (3.0, 2.75)
    assert (found.solutions, found.questions) == (4, 3)
    assert found.low is not None and found.high is not None and found.low <= 0.5 <= found.high
    assert crossing([Steps("a", 2, 2), Steps("b", 2, 2), Steps("b", 1, 2)]) == {(2, 1): 1, (2, 2): 2}


def test_nothing_is_no_share_and_one_question_no_interval():
    assert step_agreement([]).agreement is None
    alone = step_agreement([Steps("a", 2, 2), Steps("a", 1, 2)])
    assert (alone.agreement, alone.low, alone.high, alone.questions) == (0.5, None, None, 1)


def test_solutions_of_one_question_count_as_one_when_the_interval_is_drawn():
    """Ten copies of every solution change nothing: not the share, and not what the interval says."""
    once = [Steps(str(i), i % 3, 1) for i in range(60)]
    single, copied = step_agreement(once), step_agreement([one for one in once for _ in range(10)])
    assert copied.agreement == pytest.approx(single.agreement)
    assert (copied.low, copied.high) == pytest.approx((single.low, single.high))
    apart = step_agreement(
        [Steps(f"{one.question}-{i}", one.model, one.human) for one in once for i in range(10)]
    )
    assert _width(apart) < 0.5 * _width(copied)


def _width(found: StepAgreement) -> float:
    assert found.low is not None and found.high is not None
    return found.high - found.low


def _by_hand(text: str) -> int:
    """Another way of counting: pieces between the marks; without marks, equations read off word by word."""
    marks = [piece.split(">>")[0] for piece in text.split("<<")[1:] if ">>" in piece.split("\n")[0]]
    if marks:
        return sum("=" in mark for mark in marks)
    steps = 0
    for line in text.splitlines():
        sides = line.split("=")
        for left, right in zip(sides, sides[1:], strict=False):
            words = left.replace("$", "").replace("%", "").split()
            behind = right.replace("$", "").strip()
            if len(words) >= 3 and words[-2] in "+-*/" and behind[:1].isdigit() | behind.startswith("."):
                steps += all(
                    word.strip("().").replace(".", "", 1).isdigit() or "/" in word for word in words[-1:]
                )
    return steps


@needs_real_data
def test_the_2800_real_solutions_agree_as_often_as_counted_by_other_means():
    rows = rows_of("gsm8k/example_model_solutions.jsonl")
    assert len(rows) * len(MODELS) == 2_800
    for model in MODELS:
        solutions = [(row[model]["solution"], row["ground_truth"]) for row in rows]
        annotated = [(s, h) for s, h in solutions if ">>" in s and ">>" in h]
        assert len(annotated) >= 680
        # Marks alone need no rule for bare equations: there the two ways must agree on every single text.
        for text in (side for pair in annotated for side in pair):
            assert count_calculations(text) == _by_hand(text)
        steps = [
            Steps(str(i), count_calculations(s), count_calculations(h)) for i, (s, h) in enumerate(solutions)
        ]
        found = step_agreement(steps)
        assert found.agreement is not None
        other = [_by_hand(s) == _by_hand(h) for s, h in solutions]
        assert found.agreement == pytest.approx(statistics.mean(other), abs=3.5 / 700)
        assert found.agreement == pytest.approx(PUBLISHED[model], abs=5e-4)
        # The bootstrap over 700 questions is what the binomial's normal approximation says.
        half = 1.96 * math.sqrt(found.agreement * (1 - found.agreement) / 700)
        assert np.array([found.low, found.high]) == pytest.approx(
            [found.agreement - half, found.agreement + half], abs=0.006
        )


#: What docs/papers.md reports.
PUBLISHED = {
    "6b_finetuning": 0.3871,
    "6b_verification": 0.4757,
    "175b_finetuning": 0.4457,
    "175b_verification": 0.5343,
}
