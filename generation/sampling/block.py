"""One block of GPT-J for one new token of each row: a function of tensors, so that it can be compiled or recorded.

Letters of shapes: B rows, T places of the cache, P tokens of the shared prefix, W width, M width of the MLP, H heads, D
dimensions of a head, R rotary ones.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from generation.sampling.graphs import first_line
from generation.sampling.memory import ran_out

_log = logging.getLogger(__name__)


class Sizes(NamedTuple):
    heads: int
    size: int
    rotary: int
    epsilon: float


class At(NamedTuple):
    """Where a step's rows are. each: their numbers. lengths: places that each has filled. turns: `turning_table` at
    their positions, (B, 2, R). mask: added to the scores, (B, 1, P + T), float32.
    """

    each: Tensor
    lengths: Tensor
    turns: Tensor
    mask: Tensor


class Weights(NamedTuple):
    """One block's. joined: weights (W, 3W + M), the queries' scale in them, and biases of the one product that makes
    query, key, value and the MLP's inner layer; None where the model's own are used.
    """

    norm: tuple[Tensor, Tensor]
    query: Tensor
    key: Tensor
    value: Tensor
    widen: tuple[Tensor, Tensor]
    out: Tensor
    narrow: tuple[Tensor, Tensor]
    joined: tuple[Tensor, Tensor] | None

    @classmethod
    def of(cls, block: Any, weight: Tensor | None, bias: Tensor | None) -> Weights:
        attention, mlp = block.attn, block.mlp
        return cls(
            norm=(block.ln_1.weight, block.ln_1.bias),
            query=attention.q_proj.weight,
            key=attention.k_proj.weight,
            value=attention.v_proj.weight,
            widen=(mlp.fc_in.weight, mlp.fc_in.bias),
            out=attention.out_proj.weight,
            narrow=(mlp.fc_out.weight, mlp.fc_out.bias),
            joined=None if weight is None or bias is None else (weight, bias),
        )


def decode_block(
    activate: Callable[[Tensor], Tensor],
    sizes: Sizes,
    weights: Weights,
    hidden_BW: Tensor,
    keys: Tensor,
    values: Tensor,
    prefix: tuple[Tensor, Tensor] | None,
    at: At,
) -> Tensor:
    """One block for one new token of each row, whose key and value are put into the caches. Returns (B, W).

    keys: (B, H, D, T). values: (B, H, T, D). prefix: keys (H, D, P) and values (H, P, D) that all rows see.
    """
    rows, width = hidden_BW.shape
    normed = functional.layer_norm(hidden_BW, (width,), *weights.norm, sizes.epsilon)
    if weights.joined is not None:
        inner = torch.addmm(weights.joined[1], normed, weights.joined[0])
        parts, mlp, scale = inner[:, : 3 * width], inner[:, 3 * width :], 1.0
    else:
        own = (functional.linear(normed, weight) for weight in (weights.query, weights.key, weights.value))
        parts, mlp = torch.cat(list(own), dim=1), functional.linear(normed, *weights.widen)
        scale = sizes.size**-0.5
    parts = parts.view(rows, 3, sizes.heads, sizes.size)
    _turn(parts[:, :2, :, : sizes.rotary], at.turns)
    query, key, value = parts.unbind(1)
    keys[at.each, :, :, at.lengths] = key
    values[at.each, :, at.lengths] = value
    attended = _attend(query, keys, values, prefix, at.mask, scale)
    added = functional.linear(attended.reshape(rows, width), weights.out)
    return added + functional.linear(activate(mlp), *weights.narrow) + hidden_BW


def _attend(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    prefix: tuple[Tensor, Tensor] | None,
    mask: Tensor,
    scale: float,
) -> Tensor:
    """(B, H, D). The softmax in float32, as the library's GPT-J has it."""
    scores = (query.unsqueeze(2) @ keys).squeeze(2)
    if prefix is None:
        weights = torch.add(mask, scores, alpha=scale).softmax(-1).to(values.dtype)
        return (weights.unsqueeze(2) @ values).squeeze(2)
    shared = prefix[0].shape[-1]
    scores = torch.cat([(query.transpose(0, 1) @ prefix[0]).transpose(0, 1), scores], dim=2)
    weights = torch.add(mask, scores, alpha=scale).softmax(-1).to(values.dtype)
    own = (weights[..., shared:].unsqueeze(2) @ values).squeeze(2)
    return own + (weights[..., :shared].transpose(0, 1) @ prefix[1]).transpose(0, 1)


def turning_table(positions: int, dimensions: int, device: torch.device) -> Tensor:
    """Cosines, and sines with the signs that `_turn` wants, each twice in a row: float32, (positions, 2, R)."""
    frequencies = 1.0 / (10000 ** (torch.arange(0, dimensions, 2, dtype=torch.int64) / dimensions))
    angles = torch.arange(positions).float()[:, None] * frequencies
    cosines = torch.stack([angles.cos(), angles.cos()], dim=-1)
    sines = torch.stack([-angles.sin(), angles.sin()], dim=-1)
    return torch.stack([cosines.flatten(1), sines.flatten(1)], dim=1).to(device)


def _turn(rotary: Tensor, turns: Tensor) -> None:
    """Rotate pairs of neighbours in place, in real numbers, which compile. rotary: (B, 2, H, R). turns: (B, 2, R)."""
    cosines, sines = turns[:, 0, None, None], turns[:, 1, None, None]
    exact = rotary.float()
    swapped = exact.view(*exact.shape[:-1], -1, 2).flip(-1).flatten(-2)
    rotary.copy_(torch.addcmul(exact * cosines, swapped, sines))


def activation_of(module: Any) -> Callable[[Tensor], Tensor]:
    """GELU by its tanh formula is one kernel in torch and eight where the library spells it out."""
    if type(module).__name__ in ("NewGELUActivation", "GELUTanh"):
        return _tanh_gelu
    found: Callable[[Tensor], Tensor] = module
    return found


def _tanh_gelu(inner: Tensor) -> Tensor:
    return functional.gelu(inner, approximate="tanh")


class Compiled:
    """`decode_block` through torch.compile; as it is from the first time on that this fails.

    One layer stands for all: they differ in their tensors only. Sizes that change are symbols from the second one on.
    """

    def __init__(self, plain: Callable[..., Tensor]) -> None:
        self._plain = plain
        compiler: Any = torch.compile  # the types of its overloads know less than it does
        # With and without a prefix, one row and many, each dtype: more than the eight that torch allows by itself.
        self._compiled: Callable[..., Tensor] | None = compiler(
            plain, fullgraph=True, recompile_limit=64, isolate_recompiles=True
        )

    def __call__(self, *given: Any) -> Tensor:
        if self._compiled is not None:
            try:
                return self._compiled(*given)
            # The compiler has errors of many types; one of the step's own comes again below.
            except Exception as error:  # noqa: BLE001
                if ran_out(error) or torch.cuda.is_available() and torch.cuda.is_current_stream_capturing():
                    raise
                _log.warning("Decoding goes on without torch.compile: %s", first_line(error))
                self._compiled = None
        # What was begun is done again: a key and value are put where they were put.
        return self._plain(*given)


@lru_cache(maxsize=4)
def compiled_block(activate: Callable[[Tensor], Tensor]) -> Compiled:
    """Kept for all decoders of the process: a compilation takes a minute."""
    return Compiled(partial(decode_block, activate))
