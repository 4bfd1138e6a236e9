"""Draws fall as the probabilities say, whatever is asked of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import stats

from generation.sampling.drawing import choose, uniforms
from generation.sampling.types import SamplingSettings

LOGITS = torch.tensor([2.0, 1.0, 0.5, 0.0, -1.0, -30.0, float("-inf")])


def settings(**given: float) -> SamplingSettings:
    return SamplingSettings(max_new_tokens=1, **given)  # type: ignore[arg-type]


def expected(temperature: float, top_p: float) -> np.ndarray:
    """The distribution by its definition, in float64."""
    weights = np.exp(LOGITS.numpy().astype(float) / temperature)
    probabilities = weights / weights.sum()
    kept, total = np.zeros_like(probabilities), 0.0
    for token in np.argsort(-probabilities, kind="stable"):
        if total < top_p:
            kept[token] = probabilities[token]
        total += probabilities[token]
    return kept / kept.sum()


@pytest.mark.parametrize(
    ("temperature", "top_p"), [(1.0, 1.0), (0.5, 1.0), (2.0, 1.0), (1.0, 0.8), (0.7, 0.95), (1.5, 0.3)]
)
def test_draws_follow_the_distribution(temperature: float, top_p: float) -> None:
    count = 20_000
    numbers = uniforms(range(count), 1)[:, 0]
    chosen, _ = choose(LOGITS.expand(count, -1), settings(temperature=temperature, top_p=top_p), numbers)
    seen = np.bincount(chosen.numpy(), minlength=len(LOGITS))
    wanted = expected(temperature, top_p) * count
    assert seen[wanted == 0].sum() == 0
    likely = wanted >= 5
    if likely.sum() > 1:
        scale = seen[likely].sum() / wanted[likely].sum()
        assert stats.chisquare(seen[likely], wanted[likely] * scale).pvalue > 1e-3
    assert seen[~likely].sum() <= 10


def test_the_log_probability_is_the_models_own_whatever_the_temperature() -> None:
    own = torch.log_softmax(LOGITS, 0)
    for given in (settings(), settings(temperature=0.1), settings(temperature=3.0, top_p=0.5)):
        chosen, logprobs = choose(LOGITS.expand(50, -1), given, uniforms(range(50), 1)[:, 0])
        assert torch.allclose(logprobs, own[chosen])


def test_greedy_takes_the_likeliest_and_the_first_of_equals() -> None:
    logits = torch.tensor([[0.0, 3.0, 3.0], [1.0, 0.0, -1.0]])
    assert choose(logits, settings(), torch.zeros(2))[0].tolist() == [1, 0]


@pytest.mark.parametrize("top_p", [1.0, 0.9])
@pytest.mark.parametrize("temperature", [1e-30, 1e-3, 1.0, 100.0])
def test_the_ends_of_the_scale_never_draw_what_is_impossible(temperature: float, top_p: float) -> None:
    numbers = torch.tensor([0.0, 0.5, 1 - 2.0**-24, 1.0])
    chosen, logprobs = choose(LOGITS.expand(4, -1), settings(temperature=temperature, top_p=top_p), numbers)
    assert chosen.max() < 6 and torch.isfinite(logprobs).all()
    if temperature < 1e-2:
        assert chosen.tolist() == [0, 0, 0, 0]


def test_random_numbers_are_fixed_for_ever_and_their_beginning_does_not_depend_on_their_count() -> None:
    # Worked out from numpy's documented PCG64: random_raw() >> 40, over 2**24.
    raw = [np.random.PCG64(5).random_raw() >> 40 for _ in range(1)]
    assert uniforms([5], 1).tolist() == [[raw[0] / 2**24]]
    assert torch.equal(uniforms([5, 6], 9)[:, :4], uniforms([5, 6], 4))
    assert uniforms([0, 2**63 - 1], 2).shape == (2, 2)


def test_seeds_that_differ_in_their_upper_half_draw_differently() -> None:
    drawn = uniforms([7, 7 + 2**32, 7 + 2**62], 8).tolist()
    assert all(a != b for a, b in pairwise(drawn))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"max_new_tokens": 0}, "max_new_tokens: 0"),
        ({"max_new_tokens": 1, "temperature": -1.0}, "temperature: -1.0"),
        ({"max_new_tokens": 1, "temperature": float("nan")}, "temperature: nan"),
        ({"max_new_tokens": 1, "top_p": 0.0}, "top_p: 0.0"),
        ({"max_new_tokens": 1, "top_p": 1.1}, "top_p: 1.1"),
        ({"max_new_tokens": 1, "stop": ("",)}, "stop: "),
        ({"max_new_tokens": 1, "stop": "\n"}, "stop: "),
    ],
)
def test_impossible_settings_are_refused_by_name(given: dict, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        SamplingSettings(**given)
