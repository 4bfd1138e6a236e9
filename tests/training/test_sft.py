"""Supervised fine-tuning of a tiny model."""

from __future__ import annotations

import pytest

from generation.registry.loading import LoadedModel
from generation.sampling.local import LocalSampler
from generation.sampling.types import PromptRequest, SamplingSettings
from tests.training.tiny import EIGHT, loaded_tiny
from training.batching import Example
from training.errors import NothingToLearn
from training.loop import Optimisation
from training.schedule import Schedule
from training.scoring import score_examples
from training.sft import sft, steps_per_epoch

HOW = Optimisation(Schedule(1e-2, warmup_steps=10, shape="cosine"), batch_size=8)


def answers(loaded: LoadedModel, prompts: list[str]) -> list[str]:
    settings = SamplingSettings(max_new_tokens=12)
    return [c.text for c in LocalSampler(loaded).sample([PromptRequest(p, 0) for p in prompts], settings)]


def test_it_learns_eight_examples_by_heart():
    loaded = loaded_tiny()
    result = sft(loaded, EIGHT, HOW, steps=100)
    assert result.trained.final_loss < 0.02
    assert answers(loaded, [example.prompt for example in EIGHT]) == [example.completion for example in EIGHT]
    # The end of text was learned as well, so that each answer stops by itself.
    assert min(score_examples(loaded, EIGHT)) > -0.3


def test_the_prompt_is_not_learned():
    loaded = loaded_tiny()
    before = prompt_score(loaded)
    sft(loaded, EIGHT, HOW, steps=30)
    # Learned, the eight prompts would be about eight times likelier than one of a hundred characters.
    assert prompt_score(loaded) < before + 1


def prompt_score(loaded: LoadedModel) -> float:
    return sum(score_examples(loaded, [Example("", example.prompt) for example in EIGHT])) / len(EIGHT)


def test_what_does_not_fit_is_named_and_the_rest_is_learned():
    loaded = loaded_tiny()
    long = Example("x" * 200, "y")
    result = sft(loaded, [EIGHT[0], long, EIGHT[1]], HOW, steps=2)
    assert (result.examples, result.too_long) == (2, [1])
    with pytest.raises(NothingToLearn, match="None of 1 examples fits into the model's 160 tokens"):
        sft(loaded, [long], HOW, steps=2)
    with pytest.raises(NothingToLearn, match="no example"):
        sft(loaded, [], HOW, steps=2)


def test_steps_of_an_epoch_count_the_last_smaller_batch():
    assert steps_per_epoch(9, Optimisation(Schedule(1), batch_size=4)) == 3
    assert steps_per_epoch(9, Optimisation(Schedule(1), batch_size=4, accumulate=2)) == 2
