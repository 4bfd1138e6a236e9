"""What STaR refuses, and what it advises where nothing is right."""

from __future__ import annotations

from typing import Any

import pytest

from generation.prompts.types import Asked
from problems.types import Family
from tests.training.reversal import Scripted, question
from tests.training.starring import (
    ALL,
    by_difficulty,
    run,
)
from training.advice import Circumstances, nothing_right
from training.errors import NothingRight, NothingToLearn
from training.records import Question


def test_nothing_right_stops_with_advice():
    with pytest.raises(
        NothingRight, match=r"Iteration 1: not one of 10 .*worked examples.*no answer or were cut off"
    ) as caught:
        run(sampler=Scripted(lambda prompt, seed: "no idea"))
    assert caught.value.details["fates"] == {"unparsable": 10}
    with pytest.raises(NothingRight, match="turn rationalization on"):
        run(sampler=Scripted(lambda prompt, seed: "=1"), rationalize=False)


def test_a_model_that_lost_what_it_could_do_is_told_to_look_at_its_training():
    asked: list[str] = []

    def once(prompt: str, seed: int) -> str:
        asked.append(prompt)
        return by_difficulty(prompt, seed) if len(asked) <= len(ALL) else "no idea"

    with pytest.raises(
        NothingRight, match=r"^Iteration 2: .*The training of iteration 1 took .*learning_rate"
    ):
        run(sampler=Scripted(once), rationalize=False)


def advised(**found: Any) -> str:
    return nothing_right([], Circumstances(**found)).message


def test_the_training_is_blamed_only_where_it_made_the_model_worse():
    drawn: dict[str, Any] = {"asked": 1, "of": 140}
    few = advised(iteration=2, accuracies=[0.2, 0.6], **drawn)
    assert "Only 1 of 140 questions was drawn, and the model solves 60.0%" in few
    assert "raise questions_per_iteration" in few and "The training" not in few
    # Worse than the base: both, since one question says little.
    worse = advised(iteration=2, accuracies=[0.6, 0.2], **drawn)
    assert "raise questions_per_iteration" in worse and "The training of iteration 1 took" in worse
    assert "Only" not in advised(iteration=2, accuracies=[0.6, 0.0], **drawn)
    # None of so many would be no chance: (1 - 0.6)^10 is one in ten thousand.
    assert "60.0% of the validation questions, but none of these" in advised(
        iteration=2, accuracies=[0.2, 0.6], asked=10, of=140
    )
    unknown = advised(iteration=2, accuracies=[None, None], **drawn)
    assert "Only 1 of 140" in unknown and "The training of iteration 1 took" in unknown
    assert "Give it other worked examples" in advised(iteration=1, asked=9, of=9, shots=True)


def test_questions_that_were_left_out_come_first_where_they_are_the_most():
    error = nothing_right([], Circumstances(iteration=1, asked=3, of=3, shots=True))
    error.add_left_out({"questions": 29, "of": 32, "room": 100, "context": 512})
    assert "could be kept. 29 of 32 questions were left out before" in error.message
    assert error.message.index("a lower max_new_tokens") < error.message.index("easier questions")
    assert error.details["left_out"] == {"questions": 29, "of": 32} and str(error) == error.message


def test_questions_without_a_gold_answer_are_refused():
    with pytest.raises(NothingToLearn, match="no question"):
        run(asked=[])
    with pytest.raises(NothingToLearn, match="1 of 2 questions have no gold answer"):
        run(asked=[question("12"), Question("x", Family.OPEN, Asked("Why?"))])
