"""Summed log-likelihoods of completions."""

from __future__ import annotations

import math

import pytest
import torch

from generation.registry.tokens import encode_completion
from generation.sampling.local import LocalSampler
from generation.sampling.types import PromptRequest, SamplingSettings
from tests.training.tiny import EIGHT, loaded_tiny, rows_of
from training.batching import Example
from training.loop import Unwatched
from training.losses import summed_logprobs
from training.scoring import score_examples, score_rows


def test_scores_do_not_depend_on_the_batches():
    loaded = loaded_tiny()
    mixed = [*EIGHT, Example("a", "b" * 60), Example("", "x")]
    at_once = score_examples(loaded, mixed)
    assert score_examples(loaded, mixed, batch_tokens=1) == pytest.approx(at_once, rel=1e-5)
    assert score_examples(loaded, mixed[::-1], batch_tokens=100) == pytest.approx(at_once[::-1], rel=1e-5)


def test_a_scored_sample_has_the_log_probability_that_it_was_sampled_with():
    loaded = loaded_tiny()
    settings = SamplingSettings(max_new_tokens=150, temperature=1.0)
    sampled = LocalSampler(loaded).sample([PromptRequest("1? ", seed) for seed in range(40)], settings)
    # An untrained model also samples padding, which no text can say.
    ended = [c for c in sampled if [*c.tokens] == encode_completion(loaded.tokenizer, c.text)]
    assert len(ended) > 5
    scores = score_examples(loaded, [Example("1? ", completion.text) for completion in ended])
    assert scores == pytest.approx([completion.logprob for completion in ended], rel=1e-4)


def test_what_is_longer_than_the_context_is_infinitely_unlikely():
    assert score_examples(loaded_tiny(), [Example("a" * 200, "b"), EIGHT[0]])[0] == -math.inf


def test_scoring_leaves_the_model_in_the_mode_that_it_was_in():
    loaded = loaded_tiny()
    loaded.model.train()
    score_examples(loaded, EIGHT)
    assert loaded.model.training
    assert score_examples(loaded, []) == []


def test_scoring_can_be_stopped():
    class Stopping(Unwatched):
        def check(self) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_examples(loaded_tiny(), EIGHT, watch=Stopping())


def test_a_batch_that_the_memory_does_not_hold_is_scored_in_halves(monkeypatch):
    loaded, rows = loaded_tiny(), rows_of(EIGHT)
    whole, asked = score_rows(loaded, rows), list[int]()

    def cramped(model, ids_BT, learned_BT):
        asked.append(len(ids_BT))
        if len(ids_BT) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return summed_logprobs(model, ids_BT, learned_BT)

    monkeypatch.setattr("training.scoring.summed_logprobs", cramped)
    assert score_rows(loaded, rows) == pytest.approx(whole, rel=1e-5)
    assert asked == [8, 4, 2, 2, 4, 2, 2]
