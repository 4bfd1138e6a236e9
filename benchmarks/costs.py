"""What a GPT-J must do at least: bytes that a decoding step reads, floating-point operations of a training step.

Lower bounds by arithmetic, to be set against what a device can do. W width, the MLP's is 4 W; L layers; V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    layers: int
    width: int
    heads: int
    rotary: int
    vocabulary: int
    context: int

    @property
    def products(self) -> int:
        """Parameters that every token is multiplied by: the blocks' matrices and the head's."""
        return 12 * self.layers * self.width**2 + self.vocabulary * self.width

    @property
    def parameters(self) -> int:
        """All: also the embedding, the biases (5 W of an MLP, V of the head), and two for each norm's dimension."""
        vectors = self.layers * 7 * self.width + 2 * self.width + self.vocabulary
        return self.products + self.vocabulary * self.width + vectors


#: GPT-J 6B; two that train whole on 80 GB; one for a processor; the committed base.
SIZES = {
    "6b": Size(28, 4096, 16, 64, 50400, 2048),
    "1.3b": Size(24, 2048, 16, 64, 50400, 2048),
    "350m": Size(24, 1024, 16, 32, 50400, 2048),
    "small": Size(8, 512, 8, 32, 4096, 512),
    "tiny": Size(4, 64, 4, 16, 1024, 512),
}

#: Bytes a second and bf16 operations a second (dense) by the maker's data sheets; by a part of the device's name.
DATA_SHEETS = {
    "H200": (4.8e12, 989e12),
    "H100 PCIe": (2.0e12, 756e12),
    "H100 NVL": (3.9e12, 835e12),
    "H100": (3.35e12, 989e12),
}


def step_bytes(size: Size, held: Sequence[int], *, prefix: int, value_bytes: int) -> int:
    """Bytes that one decoding step moves at least.

    held: tokens in each row's cache before the step. prefix: tokens that all rows share, read once. value_bytes: of a
    weight, and of a value in the cache. Weights are read once, of the embedding only the rows' own tokens; the caches'
    keys and values are read, and those of the new tokens written. Activations and logits are left out.
    """
    rows = len(held)
    weights = size.parameters - size.vocabulary * size.width + rows * size.width
    cached = 2 * size.layers * size.width * (prefix + sum(held) + rows)
    return (weights + cached) * value_bytes


def training_flops(size: Size, *, rows: int, length: int, rank: int = 0) -> int:
    """Floating-point operations of one step, forward and backward, over rows of `length` tokens each.

    6 N D for products (Kaplan et al. 2020) and, for causal attention, each token with those before it and itself. rank:
    of LoRA's adapters on all matrices of the blocks, where the frozen ones get no gradient: 4 N D, and 6 for adapters.
    What checkpointing computes a second time does not count.
    """
    tokens = rows * length
    # Scores and weighted values: 2 W each for a pair of tokens, (length + 1) / 2 pairs a token; three times as much
    # with the backward pass.
    attention = 3 * size.layers * tokens * 2 * size.width * (length + 1)
    if not rank:
        return 6 * size.products * tokens + attention
    # A (rank, in) and B (out, rank) beside four of W x W and the MLP's two.
    adapters = size.layers * rank * (4 * 2 + 2 * 5) * size.width
    return (4 * size.products + 6 * adapters) * tokens + attention
