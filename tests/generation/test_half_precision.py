"""In bf16 the decoders are as exact as the library is, and choose other tokens only between near equals.

bf16 keeps eight bits: two programs that add up in another order differ in the last of them, and an untrained model's
likeliest tokens are often closer than that. So tokens are not compared as they come (after the first such choice two
texts have nothing to do with each other), but behind the same tokens, step by step, against the model in float32.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from generation.sampling import gptj as fast
from generation.sampling.decoders import CacheDecoder, Decoder, share
from generation.sampling.gptj import GptjDecoder
from generation.sampling.standing import StandingDecoder
from tests.generation.models import gptj, tokenizer
from tests.generation.test_local import prompts

STEPS = 24


@cache
def rough() -> Any:
    return copy.deepcopy(gptj(seed=2).model).to(torch.bfloat16)


@cache
def asked() -> tuple[tuple[int, ...], ...]:
    texts = ["Q: Tom has 12" + text for text in prompts(24)]
    return tuple(sorted({tuple(tokenizer()(text)["input_ids"]) for text in texts}))


def forced(decoder: Decoder, tokens: Tensor) -> Tensor:
    """Logits (S, B, V) behind the prompts and each of these tokens, (S - 1, B)."""
    with torch.inference_mode():
        found = [decoder.start(share(asked()), STEPS).clone()]
        return torch.stack(found + [decoder.step(chosen).clone() for chosen in tokens])


@cache
def by_library() -> tuple[Tensor, Tensor, Tensor]:
    """Tokens that the library chooses in bf16, its logits, and the same weights' logits in float32."""
    tokens: list[Tensor] = []
    with torch.inference_mode():
        decoder = CacheDecoder(rough())
        logits = decoder.start(share(asked()), STEPS)
        for _ in range(STEPS - 1):
            tokens.append(logits.argmax(-1))
            logits = decoder.step(tokens[-1])
    chosen = torch.stack(tokens)
    return (
        chosen,
        forced(CacheDecoder(rough()), chosen),
        forced(CacheDecoder(copy.deepcopy(rough()).float()), chosen),
    )


@pytest.mark.parametrize("joined", [True, False])
@pytest.mark.parametrize("make", [GptjDecoder, StandingDecoder])
def test_bf16_is_as_exact_as_the_librarys_and_chooses_otherwise_only_between_near_equals(
    make: Callable[[Any], Decoder], joined: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast, "_JOIN_BELOW", 10**9 if joined else 0)
    tokens, library, exact = by_library()
    ours = forced(make(rough()), tokens)
    worst = (library - exact).abs().max()
    assert (ours - exact).pow(2).mean() <= 1.3 * (library - exact).pow(2).mean()
    assert (ours - exact).abs().max() <= 1.5 * worst
    chosen, theirs = ours.argmax(-1), library.argmax(-1)
    lost = exact.amax(-1) - exact.gather(-1, chosen[..., None])[..., 0]
    # Whoever chooses wrongly was wrong about two tokens.
    assert lost.max() <= 2 * 1.5 * worst
    assert (chosen == theirs).float().mean() > 0.9
    # As often right as the library is, give or take.
    right = [(one == exact.argmax(-1)).float().mean() for one in (chosen, theirs)]
    assert right[0] > right[1] - 0.02
