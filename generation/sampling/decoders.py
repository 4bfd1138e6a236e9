"""What decoding asks of a model: read the prompts, then one token per row and step. Two ways of answering.

Letters of shapes: B rows of the batch, N different prompts, S tokens of the longest suffix, P of the shared prefix,
V vocabulary, W width, H heads, D dimensions of a head.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from transformers import DynamicCache


@dataclass(frozen=True, slots=True)
class Prompts:
    """A batch's prompts, with what they share taken out: the same beginning, and the same prompt asked many times."""

    #: The beginning of all prompts; read once. May be empty.
    prefix: list[int]
    #: What is left of each different prompt; never empty.
    suffixes: list[list[int]]
    #: For each row, the number of its suffix; ascending, every suffix at least once.
    owner: list[int]

    @property
    def longest(self) -> int:
        return max(map(len, self.suffixes))


class Decoder(Protocol):
    """One batch of rows on their way through a model. Logits are float32, shape (B, V)."""

    #: The share of ended rows from which it pays to drop them.
    worth_dropping: float
    #: The share of free rows from which it pays to let others in; None where none can come in.
    worth_admitting: float | None

    def start(self, prompts: Prompts, room: int) -> Tensor:
        """Read the prompts; the logits behind each row's. room: how many tokens each row may grow by."""
        ...

    def step(self, tokens_B: Tensor) -> Tensor:
        """Append a token to each row; the logits behind it."""
        ...

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows only, in this order. rows: distinct indices into the present ones."""
        ...

    def admit(self, prompts: Prompts) -> Tensor:
        """Read more prompts, with the prefix of those of `start`, into rows behind the present ones; their logits.

        There are never more rows than at the start.
        """
        ...


def shared_length(prompts: Sequence[tuple[int, ...]]) -> int:
    """How many tokens all prompts begin with, the last token of each left out."""
    # The logits behind the last token are what starts the completion: it is read in each row.
    first, last, limit = min(prompts), max(prompts), min(map(len, prompts)) - 1
    length = 0
    while length < limit and first[length] == last[length]:
        length += 1
    return length


def share(prompts: Sequence[tuple[int, ...]], length: int | None = None) -> Prompts:
    """What the prompts have in common, and what not. prompts: sorted so that equal ones stand together.

    length: of the prefix to take out, where more prompts will come that share less; all that is shared by default.
    """
    different = list(dict.fromkeys(prompts))
    number = {prompt: index for index, prompt in enumerate(different)}
    if length is None:
        length = shared_length(different)
    return Prompts(
        prefix=list(different[0][:length]),
        suffixes=[list(prompt[length:]) for prompt in different],
        owner=[number[prompt] for prompt in prompts],
    )


class CacheDecoder:
    """Any causal language model of `transformers`, through its own forward pass and DynamicCache.

    Suffixes are padded on the left, behind the prefix, so that all rows grow at the same place; padding is masked and
    each row's positions count its real tokens.
    """

    worth_dropping = 0.25
    #: All rows grow at one place of the library's cache: a newcomer would have to be padded up to it.
    worth_admitting: float | None = None

    def __init__(self, model: Any) -> None:
        self._model = model
        known = inspect.signature(model.forward).parameters
        self._takes_positions = "position_ids" in known
        #: Logits of prompts are wanted behind the last token only: for all of them they would fill the memory.
        self._only_last: dict[str, Any] = {"logits_to_keep": 1} if "logits_to_keep" in known else {}

    def start(self, prompts: Prompts, room: int) -> Tensor:
        device = self._model.device
        self._cache = DynamicCache(config=self._model.config)
        count, shared, longest = len(prompts.suffixes), len(prompts.prefix), prompts.longest
        padding = [longest - len(suffix) for suffix in prompts.suffixes]
        self._mask = torch.ones(count, shared + longest, dtype=torch.long, device=device)
        for row, pads in enumerate(padding):
            self._mask[row, shared : shared + pads] = 0
        if shared:
            prefix = torch.tensor([prompts.prefix], device=device)
            self._forward(prefix, self._mask[:1, :shared], torch.arange(shared, device=device)[None])
            if count > 1:
                self._cache.batch_repeat_interleave(count)
        tokens = torch.tensor(
            [[0] * pads + suffix for pads, suffix in zip(padding, prompts.suffixes, strict=True)],
            device=device,
        )
        positions = (self._mask.cumsum(-1) - 1).clamp(min=0)[:, shared:]
        logits = self._forward(tokens, self._mask, positions)
        self._next = positions[:, -1:] + 1
        if len(prompts.owner) > count:
            owner = torch.tensor(prompts.owner, device=device)
            self.keep(owner)
            logits = logits[owner]
        return logits

    def step(self, tokens_B: Tensor) -> Tensor:
        self._mask = torch.cat([self._mask, self._mask.new_ones(len(tokens_B), 1)], dim=1)
        logits = self._forward(tokens_B[:, None], self._mask, self._next)
        self._next = self._next + 1
        return logits

    def keep(self, rows: Tensor) -> None:
        self._cache.batch_select_indices(rows)
        self._mask, self._next = self._mask[rows], self._next[rows]

    def admit(self, prompts: Prompts) -> Tensor:
        raise NotImplementedError("worth_admitting is None")

    def _forward(self, tokens: Tensor, mask: Tensor, positions: Tensor) -> Tensor:
        more = {"position_ids": positions} if self._takes_positions else {}
        answer = self._model(
            input_ids=tokens,
            attention_mask=mask,
            past_key_values=self._cache,
            use_cache=True,
            **more,
            **self._only_last,
        )
        logits: Tensor = answer.logits[:, -1].float()
        return logits
