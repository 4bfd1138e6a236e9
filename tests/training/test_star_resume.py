"""STaR killed at any write, or in its training, and called again: the same end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.training.reversal import Scripted, questions
from tests.training.starring import (
    DyingInTraining,
    DyingStore,
    Killed,
    by_difficulty,
    run,
)
from tests.training.tiny import same, weights
from training.schedule import StepLadder
from training.star_types import StarResult
from training.stores import MemoryStore

LONG: dict[str, Any] = {
    "ladder": StepLadder("linear", 6, 2),
    "batch_questions": 2,
    "save_every": 2,
    "iterations": 2,
}


def outcome(store: MemoryStore, result: StarResult) -> tuple[Any, ...]:
    return store.batches, result, {name: weights(loaded.model) for name, loaded in store.models.items()}


def assert_same_outcome(first: tuple[Any, ...], second: tuple[Any, ...]) -> None:
    assert first[:2] == second[:2]
    assert first[2].keys() == second[2].keys()
    assert all(same(first[2][name], second[2][name]) for name in first[2])


@pytest.fixture(scope="module")
def uninterrupted() -> tuple[Any, ...]:
    result, store, _ = run(validation=questions([60]), **LONG)
    return outcome(store, result)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("last", [1, 2, 4, 6, 7, 9, 12])
def test_killed_at_any_write_it_goes_on_to_the_same_end(tmp_path, uninterrupted, last, after):
    store, sampler = DyingStore(tmp_path, last, after=after), Scripted(by_difficulty)
    with pytest.raises(Killed):
        run(store=store, sampler=sampler, validation=questions([60]), **LONG)
    result, _, _ = run(store=store, sampler=sampler, validation=questions([60]), **LONG)
    assert_same_outcome(outcome(store, result), uninterrupted)
    # Five questions plainly, three with a hint, in both iterations; what was stored is not sampled again.
    repeated = sum(prompt != "60>" for prompt in sampler.prompts) - 16
    assert repeated == (0 if after or last in (6, 12) else min(2, repeated))


@pytest.mark.parametrize("last", [3, 6, 11])
def test_killed_in_training_it_goes_on_from_the_last_saved_step(tmp_path, uninterrupted, last):
    store = MemoryStore(tmp_path)
    with pytest.raises(Killed):
        run(store=store, validation=questions([60]), watch=DyingInTraining(last), **LONG)
    watch = DyingInTraining(1000)
    result, _, _ = run(store=store, validation=questions([60]), watch=watch, **LONG)
    assert_same_outcome(outcome(store, result), uninterrupted)
    # Steps are numbered over all iterations; a state is saved every two.
    assert watch.steps == list(range((last - 1) // 2 * 2 + 1, 15))


def test_called_again_after_its_end_it_samples_and_trains_nothing():
    result, store, _ = run()
    silent = Scripted(lambda prompt, seed: pytest.fail("sampled again"))
    again, _, _ = run(store=store, sampler=silent)
    assert again == result
