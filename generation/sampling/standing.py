"""GPT-J's decoding step with tensors that stand still, so that a GPU can record it once and replay it.

The function of `gptj.GptjDecoder`, whose every step is launched kernel by kernel: for a large model and few rows a GPU
waits for the processor that launches. Here a step reads and writes buffers that stay where they are and has one of a
few shapes: rows and cache places are rounded up to buckets, tokens and lengths are copied into place before it, the
logits are found in place behind it, and nothing in between is asked of the host. `graphs.CudaGraphs` records such a
step; without it the same step runs kernel by kernel, on a CPU too, where the tests hold it to the other decoders.

What a bucket adds is computed and thrown away: rows behind the last one write to their cache's first place, which no
newcomer reads before it has written there itself.

Letters of shapes: B rows of the bucket, T cache places of the bucket.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from generation.sampling.block import (
    At,
    Sizes,
    Weights,
    activation_of,
    compiled_block,
    decode_block,
    turning_table,
)
from generation.sampling.decoders import Prompts
from generation.sampling.gptj import GptjDecoder
from generation.sampling.graphs import Capture, Steps

#: Cache places come in multiples of this: few shapes, and little that is read in vain.
PLACES = 64


class StandingDecoder(GptjDecoder):
    """`decoders.Decoder` for GPT-J.

    capture: makes a step that can be replayed out of one that ran; None runs each one. compiled: torch.compile fuses
    what stands between the matrix products of a layer; the first steps take it a minute.
    """

    def __init__(self, model: Any, capture: Capture | None = None, *, compiled: bool = False) -> None:
        super().__init__(model)
        blocks = model.transformer.h
        self._sizes = Sizes(self._heads, self._size, self._rotary, blocks[0].ln_1.eps)
        self._weights = [
            Weights.of(block, layer.inner_weight, layer.inner_bias)
            for block, layer in zip(blocks, self._layers, strict=True)
        ]
        self._table = turning_table(model.config.n_positions, self._rotary, model.device)
        activation = activation_of(blocks[0].mlp.act)
        self._block: Any = compiled_block(activation) if compiled else partial(decode_block, activation)
        self._steps = Steps(capture)

    def start(self, prompts: Prompts, room: int) -> Tensor:
        rows, device = len(prompts.owner), self._model.device
        self._steps.forget()
        self._tokens = torch.zeros(rows, dtype=torch.long, device=device)
        self._ends = torch.zeros(rows, dtype=torch.long, device=device)
        self._out = torch.zeros(rows, self._model.config.vocab_size, dtype=torch.float32, device=device)
        return super().start(prompts, room)

    def step(self, tokens_B: Tensor) -> Tensor:
        """The logits are overwritten by the next step's."""
        count = len(tokens_B)
        self._make_room(self._used)
        self._used += 1
        self._tokens[:count] = tokens_B
        self._ends[:count] = self._lengths
        rows, places = _row_bucket(count, self._capacity), _place_bucket(self._used)
        self._steps.run((rows, places), partial(self._forward, rows, places))
        self._lengths = self._lengths + 1
        return self._out[:count]

    def keep(self, rows: Tensor) -> None:
        capacity = self._capacity
        super().keep(rows)
        # The buffers are as long as they were, whoever comes in again or not.
        self._capacity = capacity
        self._used = int(self._lengths.max()) if len(rows) else 0
        self._ends[len(rows) :] = 0

    def _make_room(self, used: int) -> None:
        """Caches for all that the rows may grow by, at once: moved caches would make recorded steps worthless."""
        self._used = max(self._used, used)
        if self._used < self._places:
            return
        before, self._places = self._places, _place_bucket(self._used + self._room)
        self._steps.forget()
        self._numbers = torch.arange(max(self._places, self._capacity), device=self._model.device)
        # 0 at the prefix and at a row's own places, its new token's included: a place is empty if it comes behind.
        self._where = torch.arange(-self._shared, self._places, device=self._model.device)
        for number, (keys, values) in enumerate(zip(self._keys, self._values, strict=True)):
            shape = (self._capacity, self._heads, self._places, self._size)
            # Both with a token's dimensions side by side, as a GPU reads and writes them; the base looks at keys from
            # the other side.
            self._keys[number] = self._zeros(*shape).mT
            self._keys[number][..., :before] = keys
            self._values[number] = self._zeros(*shape)
            self._values[number][:, :, :before] = values

    def _forward(self, rows: int, places: int) -> None:
        """One step of a bucket: from `_tokens` and `_ends` to `_out` and the caches."""
        transformer = self._model.transformer
        lengths_B = self._ends[:rows]
        where = self._where[: self._shared + places]
        mask_BT = torch.zeros(rows, 1, len(where), device=where.device)
        mask_BT.masked_fill_((where > lengths_B[:, None])[:, None], float("-inf"))
        at = At(self._numbers[:rows], lengths_B, self._table[self._shared + lengths_B], mask_BT)
        hidden = functional.embedding(self._tokens[:rows], transformer.wte.weight)
        for number, weights in enumerate(self._weights):
            prefix = self._prefixes[number] if self._shared else None
            keys, values = self._keys[number][:rows, ..., :places], self._values[number][:rows, :, :places]
            hidden = self._block(self._sizes, weights, hidden, keys, values, prefix, at)
        self._out[:rows] = self._model.lm_head(transformer.ln_f(hidden))


def _row_bucket(count: int, capacity: int) -> int:
    """The next power of two, or all."""
    return min(1 << max(0, count - 1).bit_length(), capacity)


def _place_bucket(places: int) -> int:
    return -(-places // PLACES) * PLACES
