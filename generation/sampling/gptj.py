"""GPT-J's forward pass, rewritten for decoding: for small models several times as fast as the library's.

The same function as `GPTJForCausalLM` (parallel attention and MLP on one layer norm, rotary positions on the first
dimensions of each head), computed differently:

- query, key, value and the MLP's first layer are one matrix product;
- the table of rotary positions is made once, and turns queries and keys in place, as complex numbers;
- every row's tokens start at the cache's first place, wherever those of other rows end, so that what a row computes
  does not depend on its neighbours' lengths; keys lie transposed, as their product with a query wants them;
- the prompts' common beginning is in no row's cache: all queries meet it in one matrix product;
- ended rows are overwritten by the last ones, and others may come in behind these while they are under way.

Letters of shapes: B rows, N different prompts, S tokens of a suffix, P tokens of the shared prefix, T places of the
cache, W width, M width of the MLP, H heads, D dimensions of a head, R rotary ones, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from generation.sampling.decoders import Prompts

#: Prompt tokens read at once: bounds the memory of activations.
_CHUNK_TOKENS = 8192
#: Places by which the cache grows, a multiple of what a vector register holds. Room for all that might come would
#: spread what is there over more memory than a processor's own caches hold.
_GROWTH = 16
#: Parameters above which weights are used where they are: joined copies would fill the memory, and products of wide
#: matrices gain nothing by being joined.
_JOIN_BELOW = 200_000_000
#: Parameters from which a step's time is that of reading the weights, however many rows take part: then rows that ended
#: are replaced. For small models it is the rows that cost, and all of them being short together is worth more.
_REFILL_FROM = 20_000_000


def is_supported(model: Any) -> bool:
    """Whether `GptjDecoder` computes this model's function: it is a plain GPT-J, all of it on one device."""
    return (
        type(model).__name__ == "GPTJForCausalLM"
        and bool(model.config.rotary_dim)
        and not hasattr(model, "hf_device_map")
        # Adapters stand beside the matrices that are read here.
        and not hasattr(model, "peft_config")
    )


def is_refilled(model: Any) -> bool:
    """Whether `GptjDecoder` lets rows in while others are under way."""
    return _parameters(model) >= _REFILL_FROM


def _parameters(model: Any) -> int:
    return sum(weight.numel() for weight in model.parameters())


class GptjDecoder:
    """`decoders.Decoder` for GPT-J. It holds copies of small models' weights: make a new one after a training step."""

    worth_dropping = 0.0

    def __init__(self, model: Any) -> None:
        config = model.config
        self._model = model
        self._heads, self._size, self._width = config.n_head, config.n_embd // config.n_head, config.n_embd
        self._rotary = config.rotary_dim
        self._turns = _rotary_turns(config.n_positions, config.rotary_dim, model.device)
        self.worth_admitting: float | None = 0.125 if is_refilled(model) else None
        joined = _parameters(model) < _JOIN_BELOW
        self._layers = [_Layer.of(block, joined=joined) for block in model.transformer.h]

    def start(self, prompts: Prompts, room: int) -> Tensor:
        self._capacity, self._room, device = len(prompts.owner), room, self._model.device
        self._shared = len(prompts.prefix)
        self._prefixes = self._read_prefix(prompts.prefix) if prompts.prefix else []
        self._lengths = torch.zeros(0, dtype=torch.long, device=device)
        self._numbers = torch.arange(self._capacity, device=device)
        self._used = self._places = 0
        self._keys = [self._zeros(self._capacity, self._heads, self._size, 0) for _ in self._layers]
        self._values = [self._zeros(self._capacity, self._heads, 0, self._size) for _ in self._layers]
        return self.admit(prompts)

    def admit(self, prompts: Prompts) -> Tensor:
        device, before = self._model.device, len(self._lengths)
        self._make_room(prompts.longest)
        lengths = torch.tensor([len(suffix) for suffix in prompts.suffixes], device=device)
        owner = torch.tensor(prompts.owner, device=device)
        self._lengths = torch.cat([self._lengths, lengths[owner]])
        hidden = torch.cat([self._read(*chunk, before=before) for chunk in _chunks(prompts, lengths, owner)])
        return self._logits(hidden[owner])

    def step(self, tokens_B: Tensor) -> Tensor:
        self._make_room(self._used)
        self._used += 1
        hidden = self._model.transformer.wte.weight[tokens_B]
        turns = self._turns[self._shared + self._lengths][:, None, None]
        mask = self._mask()
        for number, layer in enumerate(self._layers):
            inner = layer.inner(layer.norm(hidden))
            self._turn(inner, turns)
            attention = self._attend(number, inner, mask)
            hidden = layer.outer(hidden, inner, attention)
        self._lengths = self._lengths + 1
        return self._logits(hidden)

    def keep(self, rows: Tensor) -> None:
        count = len(rows)
        moved = (rows != self._numbers[:count]).nonzero()[:, 0]
        source = rows[moved]
        for keys, values in zip(self._keys, self._values, strict=True):
            keys[moved], values[moved] = keys[source], values[source]
        self._lengths = self._lengths[rows]
        if self.worth_admitting is None:
            # Nobody comes in again: the caches shrink with the rows when they next grow.
            self._capacity = count
        else:
            self._used = int(self._lengths.max()) if count else 0

    def _make_room(self, used: int) -> None:
        """Caches of at least `used` tokens in each row, and one more."""
        self._used = max(self._used, used)
        if self._used + 1 <= self._places:
            return
        before, self._places = self._places, _rounded_up(self._used + 1)
        if self._places > len(self._numbers):
            count = max(self._capacity, self._places + self._room)
            self._numbers = torch.arange(count, device=self._numbers.device)
        rows = self._capacity
        for number, (keys, values) in enumerate(zip(self._keys, self._values, strict=True)):
            self._keys[number] = self._zeros(rows, self._heads, self._size, self._places)
            self._keys[number][..., :before] = keys[:rows]
            self._values[number] = self._zeros(rows, self._heads, self._places, self._size)
            self._values[number][:, :, :before] = values[:rows]

    def _read_prefix(self, tokens: list[int]) -> list[tuple[Tensor, Tensor]]:
        """Keys (H, D, P) and values (H, P, D) of every layer."""
        device, found = self._model.device, []
        hidden = self._model.transformer.wte.weight[torch.tensor([tokens], device=device)]
        turns = self._turns[: len(tokens), None, None]
        for layer in self._layers:
            query, key, value, inner = self._parts(layer, hidden, turns)
            found.append((key[0].mT.contiguous(), value[0].contiguous()))
            attention = functional.scaled_dot_product_attention(query, key, value, is_causal=True, scale=1.0)
            hidden = layer.outer(hidden, inner, attention.transpose(1, 2).flatten(2))
        return found

    def _read(
        self, tokens_NS: Tensor, last_N: Tensor, owner_B: Tensor, rows: slice, *, before: int
    ) -> Tensor:
        """Read suffixes, padded on the right, into the caches of their rows; the hidden state at each last token.

        rows: of these prompts; before: how many rows of others stand in front.
        """
        count, length = tokens_NS.shape
        rows = slice(before + rows.start, before + rows.stop)
        hidden: Tensor = self._model.transformer.wte.weight[tokens_NS]
        turns = self._turns[self._shared : self._shared + length, None, None]
        # Padding comes after every real token, and so the causal mask hides it.
        ones = torch.ones(length, self._shared + length, dtype=torch.bool, device=hidden.device)
        mask = ones.tril(self._shared) if self._shared else None
        for number, layer in enumerate(self._layers):
            query, key, value, inner = self._parts(layer, hidden, turns)
            own = (key, value) if len(owner_B) == count else (key[owner_B], value[owner_B])
            self._keys[number][rows, :, :, :length] = own[0].mT
            self._values[number][rows, :, :length] = own[1]
            if self._shared:
                prefix_key, prefix_value = self._prefixes[number]
                key = torch.cat([prefix_key.mT.expand(count, -1, -1, -1), key], dim=2)
                value = torch.cat([prefix_value.expand(count, -1, -1, -1), value], dim=2)
            attention = functional.scaled_dot_product_attention(
                query, key, value, attn_mask=mask, is_causal=mask is None, scale=1.0
            )
            hidden = layer.outer(hidden, inner, attention.transpose(1, 2).flatten(2))
        return hidden[torch.arange(count, device=hidden.device), last_N]

    def _parts(
        self, layer: _Layer, hidden_NSW: Tensor, turns: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Query, key and value, each (N, H, S, D), turned by their positions; and all of the layer's inner product."""
        inner = layer.inner(layer.norm(hidden_NSW))
        self._turn(inner, turns)
        query, key, value = self._split(inner, 3).permute(2, 0, 3, 1, 4)
        return query, key, value, inner

    def _split(self, parts: Tensor, count: int) -> Tensor:
        """The first `count` W of the last axis as (…, count, H, D)."""
        own = parts[..., : count * self._width]
        return own.view(*own.shape[:-1], count, self._heads, self._size)

    def _turn(self, inner: Tensor, turns: Tensor) -> None:
        """Rotate queries and keys (the first 2W of the last axis) in place. turns: complex, (…, 1, 1, R / 2)."""
        rotary = self._split(inner, 2)[..., : self._rotary]
        rotary = rotary.view(*rotary.shape[:-1], self._rotary // 2, 2)
        if rotary.dtype == torch.float32:
            torch.view_as_complex(rotary).mul_(turns)
        else:
            turned = torch.view_as_complex(rotary.float().contiguous()) * turns
            rotary.copy_(torch.view_as_real(turned))

    def _attend(self, number: int, inner_BX: Tensor, mask: Tensor) -> Tensor:
        """Put a new key and value into the cache, and attend to all so far. Returns (B, W)."""
        rows = len(inner_BX)
        query, key, value = self._split(inner_BX, 3).unbind(1)
        keys, values = self._keys[number][:rows], self._values[number][:rows]
        each = self._numbers[:rows]
        keys[each, :, :, self._lengths], values[each, :, self._lengths] = key, value
        scores_BHT = (query.unsqueeze(2) @ keys).squeeze(2).add_(mask)
        if not self._shared:
            return (_softmax(scores_BHT).unsqueeze(2) @ values).reshape(rows, self._width)
        prefix_keys, prefix_values = self._prefixes[number]
        scores_HBP = query.transpose(0, 1) @ prefix_keys
        weights = _softmax(torch.cat([scores_HBP.transpose(0, 1), scores_BHT], dim=2))
        own = (weights[..., self._shared :].unsqueeze(2) @ values).squeeze(2)
        prefix = weights[..., : self._shared].transpose(0, 1) @ prefix_values
        return (own + prefix.transpose(0, 1)).reshape(rows, self._width)

    def _mask(self) -> Tensor:
        """0 at the places that a row has filled, its new token's included, -inf behind them: (B, 1, T)."""
        empty = self._numbers[: self._places] > self._lengths[:, None]
        return torch.where(empty, float("-inf"), 0.0)[:, None]

    def _logits(self, hidden_BW: Tensor) -> Tensor:
        model = self._model
        logits: Tensor = model.lm_head(model.transformer.ln_f(hidden_BW))
        return logits.float()

    def _zeros(self, *shape: int) -> Tensor:
        # Not whatever was there: a masked place still takes part in products, where NaN would spread.
        return torch.zeros(shape, dtype=self._model.dtype, device=self._model.device)


@dataclass(frozen=True, slots=True)
class _Layer:
    """The weights of one block. Queries come out divided by the root of D, so that attention need not scale."""

    block: Any
    scale: float
    #: (W, 3W + M) and (3W + M); None for models whose weights are used where they are.
    inner_weight: Tensor | None = None
    inner_bias: Tensor | None = None

    @classmethod
    def of(cls, block: Any, *, joined: bool) -> _Layer:
        attention, mlp = block.attn, block.mlp
        scale = attention.head_dim**-0.5
        if not joined:
            return cls(block, scale)
        inner = [attention.q_proj.weight * scale, attention.k_proj.weight, attention.v_proj.weight]
        inner_bias = torch.cat([mlp.fc_in.bias.new_zeros(3 * attention.embed_dim), mlp.fc_in.bias])
        return cls(
            block,
            scale,
            inner_weight=torch.cat([*inner, mlp.fc_in.weight]).t().contiguous(),
            inner_bias=inner_bias,
        )

    def norm(self, hidden: Tensor) -> Tensor:
        normed: Tensor = self.block.ln_1(hidden)
        return normed

    def inner(self, normed: Tensor) -> Tensor:
        """Query, key, value and the MLP before its activation: (…, 3W + M)."""
        if self.inner_weight is not None and self.inner_bias is not None:
            flat = torch.addmm(self.inner_bias, normed.flatten(0, -2), self.inner_weight)
            return flat.view(*normed.shape[:-1], -1)
        attention = self.block.attn
        parts = [attention.q_proj(normed) * self.scale, attention.k_proj(normed), attention.v_proj(normed)]
        return torch.cat([*parts, self.block.mlp.fc_in(normed)], dim=-1)

    def outer(self, hidden: Tensor, inner: Tensor, attention: Tensor) -> Tensor:
        """The residual stream behind the block."""
        mlp = self.block.mlp.act(inner[..., 3 * hidden.shape[-1] :])
        added: Tensor = self.block.attn.out_proj(attention) + self.block.mlp.fc_out(mlp)
        return added.add_(hidden)


def _softmax(scores: Tensor) -> Tensor:
    """In float32, as the library's GPT-J does it; back in the scores' own type."""
    return scores.softmax(-1, dtype=torch.float32).to(scores.dtype)


def _rounded_up(places: int) -> int:
    return (places + _GROWTH - 1) // _GROWTH * _GROWTH


def _rotary_turns(positions: int, dimensions: int, device: torch.device) -> Tensor:
    """exp(i · position · frequency), complex64, (positions, dimensions / 2); frequencies 10000^(-2j / dimensions)."""
    frequencies = 1.0 / (10000 ** (torch.arange(0, dimensions, 2, dtype=torch.int64) / dimensions))
    angles = torch.arange(positions).float()[:, None] * frequencies
    return torch.complex(angles.cos(), angles.sin()).to(device)


def _chunks(
    prompts: Prompts, lengths: Tensor, owner: Tensor
) -> Iterator[tuple[Tensor, Tensor, Tensor, slice]]:
    """Suffixes a few thousand tokens at a time: tokens (N, S), index of each last one, row -> suffix, rows."""
    suffixes, first = prompts.suffixes, 0
    rows_of = torch.bincount(owner, minlength=len(suffixes)).cumsum(0).tolist()
    while first < len(suffixes):
        end, longest = first, 0
        while end < len(suffixes):
            longest = max(longest, len(suffixes[end]))
            if end > first and longest * (end + 1 - first) > _CHUNK_TOKENS:
                break
            end += 1
        longest = max(len(suffix) for suffix in suffixes[first:end])
        padded = [suffix + [0] * (longest - len(suffix)) for suffix in suffixes[first:end]]
        rows = slice(rows_of[first - 1] if first else 0, rows_of[end - 1])
        yield (
            torch.tensor(padded, device=owner.device),
            lengths[first:end] - 1,
            owner[rows] - first,
            rows,
        )
        first = end
