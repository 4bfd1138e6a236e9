"""From texts to batches: the tokens of a prompt and its completion, and which of them are learned.

The length of the prompt is recorded when it is tokenised, and the loss covers exactly what comes behind it: every
token of the completion and the end-of-text token. No character is searched for; STaR's released code starts the loss
behind the last ":" and so leaves out most of every addition scratchpad (papers.md 1.9).

    prompt      'Q: Sam has 2 eggs. He buys 3 more. How many eggs?\nA:'
    completion  ' Sam has <<2+3=5>>5 eggs.\n#### 5'
    learned      the completion's tokens but `5>>`, which the calculator wrote, and the end of text

Axes: B rows of a batch, T tokens of the longest row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generation.registry.tokens import Tokenizer, encode_completion, encode_prompt
from generation.sampling.calculator import OPEN, spliced_mask

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: So many batches are sorted by length together: large enough to save padding, small enough to mix.
BATCHES_SORTED_TOGETHER = 32


@dataclass(frozen=True, slots=True)
class Example:
    """A text to learn from: the prompt as a model will see it, and what it should answer."""

    prompt: str
    completion: str


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One example in tokens: the prompt's, the completion's and the end of text.

    ids: (T,). learned: (T,), True for each token that the loss covers, always False for the first
    `prompt_length`.
    """

    ids: IntArray
    learned: BoolArray
    prompt_length: int


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """B rows, padded on the right: under causal attention no token sees the padding behind it.

    ids_BT: int64. learned_BT: bool, False on padding. units: learned tokens, the weight of this batch in a step.
    """

    ids_BT: Tensor
    learned_BT: Tensor
    units: float

    def __len__(self) -> int:
        return len(self.ids_BT)

    def part(self, start: int, stop: int) -> Batch:
        """Some of its rows, for a memory that does not hold all, or for one process of several."""
        learned = self.learned_BT[start:stop]
        return replace(self, ids_BT=self.ids_BT[start:stop], learned_BT=learned, units=float(learned.sum()))

    def to(self, device: str | torch.device) -> Batch:
        return replace(self, ids_BT=self.ids_BT.to(device), learned_BT=self.learned_BT.to(device))


def encode(tokenizer: Tokenizer, example: Example, *, calculator: bool = True) -> Row:
    """Tokenise prompt and completion apart, as a sampler does, so that the seam is where sampling had it.

    The prompt gets whatever its tokenizer puts before a text, the completion is closed by the end-of-text token.
    calculator: results inside `<<2+3=5>>` are not learned, since the calculator writes them when the model is sampled;
    False for a model that is to be used without one.
    """
    prompt = encode_prompt(tokenizer, example.prompt)
    if not prompt:
        # The first token of a completion is predicted from something.
        prompt = [tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id]
    completion = encode_completion(tokenizer, example.completion)
    learned = np.ones(len(prompt) + len(completion), dtype=np.bool_)
    learned[: len(prompt)] = False
    if calculator and OPEN in example.completion:
        learned[len(prompt) :] = ~np.array(spliced_mask(tokenizer, completion))
    return Row(np.array([*prompt, *completion], dtype=np.int64), learned, len(prompt))


def encode_all(
    tokenizer: Tokenizer, examples: Sequence[Example], *, context: int, calculator: bool = True
) -> tuple[list[Row], list[int]]:
    """The rows of `examples`, and the indices of those that are longer than `context` tokens and have no row."""
    rows, too_long = [], []
    for index, example in enumerate(examples):
        row = encode(tokenizer, example, calculator=calculator)
        if len(row.ids) > context:
            too_long.append(index)
        else:
            rows.append(row)
    return rows, too_long


def collate(rows: Sequence[Row], *, pad: int, device: str | torch.device = "cpu") -> Batch:
    """Stack rows into one batch, padded on the right with `pad`."""
    width = max(len(row.ids) for row in rows)
    ids = np.full((len(rows), width), pad, dtype=np.int64)
    learned = np.zeros((len(rows), width), dtype=np.bool_)
    for place, row in enumerate(rows):
        ids[place, : len(row.ids)] = row.ids
        learned[place, : len(row.ids)] = row.learned
    return Batch(torch.from_numpy(ids).to(device), torch.from_numpy(learned).to(device), float(learned.sum()))


def pad_id(tokenizer: Tokenizer) -> int:
    """The token to pad with: any will do, since no loss covers it and no token sees it."""
    pad = tokenizer.pad_token_id
    return int(tokenizer.eos_token_id if pad is None else pad)


class BatchOrder:
    """Which examples make up which batch: a pure function of the seed, so that a resumed training needs no iterator.

    lengths: (n,) tokens of each example. In an epoch every example comes once; its last batch may be smaller. Batches
    are of like lengths, in random order.
    """

    def __init__(self, lengths: IntArray, batch_size: int, seed: int) -> None:
        if not len(lengths):
            raise ValueError("lengths: empty; expected at least one example")
        if batch_size < 1:
            raise ValueError(f"batch_size: {batch_size}; expected at least 1")
        self.lengths, self.batch_size, self.seed = lengths, batch_size, seed
        #: The epoch asked for last: batches are mostly asked for in their order.
        self._known: tuple[int, list[IntArray]] = (-1, [])

    @property
    def batches_per_epoch(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def at(self, index: int) -> IntArray:
        """The examples of batch `index`, counted from 0 over all epochs."""
        epoch, place = divmod(index, self.batches_per_epoch)
        if self._known[0] != epoch:
            self._known = (epoch, self.epoch(epoch))
        return self._known[1][place]

    def epoch(self, epoch: int) -> list[IntArray]:
        """All batches of one epoch."""
        rng = np.random.default_rng([self.seed, epoch])
        shuffled = rng.permutation(len(self.lengths))
        batches: list[IntArray] = []
        stretch = self.batch_size * BATCHES_SORTED_TOGETHER
        for start in range(0, len(shuffled), stretch):
            part = shuffled[start : start + stretch]
            part = part[np.argsort(self.lengths[part], kind="stable")]
            batches += [part[at : at + self.batch_size] for at in range(0, len(part), self.batch_size)]
        return [batches[place] for place in rng.permutation(len(batches))]


class RowBatches:
    """The batches of supervised fine-tuning, by number."""

    def __init__(
        self,
        rows: Sequence[Row],
        *,
        batch_size: int,
        seed: int,
        pad: int,
        device: str | torch.device = "cpu",
    ) -> None:
        self._rows = rows
        self._pad = pad
        self._device = device
        self.order = BatchOrder(np.array([len(row.ids) for row in rows]), batch_size, seed)

    def at(self, index: int) -> Batch:
        rows = [self._rows[number] for number in self.order.at(index)]
        return collate(rows, pad=self._pad, device=self._device)

    @cached_property
    def fingerprint(self) -> str:
        """A digest of the rows and of their order: a training is resumed on the very same batches or not at all."""
        return fingerprint(self._rows, self.order)


def fingerprint(rows: Sequence[Row], order: BatchOrder) -> str:
    """SHA-256 of every row's tokens and mask, the batch size and the seed."""
    digest = hashlib.sha256(f"{order.batch_size} {order.seed} {len(rows)}".encode())
    for row in rows:
        digest.update(row.ids.tobytes())
        digest.update(np.packbits(row.learned).tobytes())
    return digest.hexdigest()
