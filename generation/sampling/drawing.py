"""Choosing the next token: greedy, or drawn by a row's own random numbers.

Numbers are drawn for a row before its batch is known, and its token is where its number falls in the cumulated
probabilities (inverse transform). So a row's tokens depend on its prompt, its seed and the settings, and not on what
stands beside it, up to rounding: sums in another order differ in their last bits, and a draw that lies within those
bits of a boundary may fall on either side.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from generation.sampling.types import SamplingSettings


def uniforms(seeds: Sequence[int], count: int) -> Tensor:
    """`count` numbers in [0, 1) for each seed, float32, (B, count); more of them begin with the same ones.

    From raw bits of PCG64: numpy keeps that stream the same in all its versions, and all 64 bits of a seed count, of
    which torch's CPU generator uses 32.
    """
    bits = [np.random.PCG64(seed).random_raw(count) >> np.uint64(40) for seed in seeds]
    return torch.from_numpy(np.stack(bits).astype(np.float32) * np.float32(2.0**-24))


def choose(logits_BV: Tensor, settings: SamplingSettings, uniforms_B: Tensor) -> tuple[Tensor, Tensor]:
    """The next token of each row, and its ln p under the model itself (temperature 1, all tokens): both (B,)."""
    chosen = (
        logits_BV.argmax(-1)
        if settings.temperature == 0
        else _draw(_probabilities(logits_BV, settings.temperature), settings.top_p, uniforms_B)
    )
    logprobs = logits_BV.gather(1, chosen[:, None])[:, 0] - logits_BV.logsumexp(-1)
    return chosen, logprobs


def _probabilities(logits_BV: Tensor, temperature: float) -> Tensor:
    # The largest becomes 0 first: divided by a tiny temperature it would overflow.
    return ((logits_BV - logits_BV.amax(-1, keepdim=True)) / temperature).softmax(-1)


def _draw(probabilities_BV: Tensor, top_p: float, uniforms_B: Tensor) -> Tensor:
    if top_p == 1:
        return _invert(probabilities_BV.cumsum(-1), uniforms_B)
    # Likeliest first, equal ones in the vocabulary's order; kept is every token before which top_p is not yet reached.
    ordered, tokens = probabilities_BV.sort(dim=-1, descending=True, stable=True)
    before = ordered.cumsum(-1) - ordered
    place = _invert(ordered.masked_fill(before >= top_p, 0).cumsum(-1), uniforms_B)
    return tokens.gather(1, place[:, None])[:, 0]


def _invert(cumulated_BV: Tensor, uniforms_B: Tensor) -> Tensor:
    """The first index whose cumulated probability exceeds u times the whole; never one of probability 0."""
    total = cumulated_BV[:, -1:].contiguous()
    place = torch.searchsorted(cumulated_BV, uniforms_B[:, None] * total, right=True)
    # u times the whole may round up to the whole: then it is the last index that adds to it. Where all is NaN it is an
    # index like any other, whose log-probability is NaN too: the row ends as an error.
    last = torch.searchsorted(cumulated_BV, total).clamp(max=cumulated_BV.shape[1] - 1)
    return torch.minimum(place, last)[:, 0]
