"""Several examples in one row: the paper trains on 8 rows of 1,024 tokens (Zelikman et al. 2022, section 4.1).

    8 2 > 2 8 <eos> 5 > 5 <eos> 4 0 > 0 4 <eos> <pad>
    0 1 2 3 4 5     0 1 2 3     0 1 2 3 4 5     6        positions, within each example

Attention "example": a token sees its own example only, and positions begin anew with each: the loss and its gradient
are those of the same examples in rows of their own. Attention "plain": a token sees all of its row before it, other
examples too, and positions run on: what concatenating does, as in the released code.

Departure: an example is never cut in two; the released code cuts its stream of tokens wherever a row is full.

Axes: B rows, T tokens of the longest row.
"""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from training.batching import IntArray, Row
from training.losses import Loss, completion_loss

Attention = Literal["example", "plain"]


@dataclass(frozen=True, slots=True)
class Packing:
    """length: most tokens of a row; 0 gives each example a row of its own. attention: see the module."""

    length: int = 0
    attention: Attention = "example"

    def fits(self, context: int) -> int:
        """The most tokens of an example, for a model of that context."""
        return min(self.length, context) if self.length else context

    def within(self, context: int) -> Packing:
        """The same, for a model of that context: positions that run on may not run beyond it."""
        return replace(self, length=self.fits(context)) if self.attention == "plain" else self

    def __post_init__(self) -> None:
        if self.length < 0:
            raise ValueError(f"length: {self.length}; expected 0, or the most tokens of a row")
        if self.attention not in ("example", "plain"):
            raise ValueError(f"attention: {self.attention!r}; expected example or plain")


#: No packing.
ONE_A_ROW = Packing()


@dataclass(frozen=True, slots=True, eq=False)
class PackedBatch:
    """B rows of examples behind each other, padded on the right.

    ids_BT: int64. learned_BT: bool, False on prompts and padding. positions_BT: int64, from 0 in each example; None:
    they run on. units: learned tokens.
    """

    ids_BT: Tensor
    learned_BT: Tensor
    positions_BT: Tensor | None
    units: float

    def __len__(self) -> int:
        return len(self.ids_BT)

    def part(self, start: int, stop: int) -> PackedBatch:
        """Some of its rows."""
        learned = self.learned_BT[start:stop]
        positions = None if self.positions_BT is None else self.positions_BT[start:stop]
        return PackedBatch(self.ids_BT[start:stop], learned, positions, float(learned.sum()))

    def to(self, device: str | torch.device) -> PackedBatch:
        positions = None if self.positions_BT is None else self.positions_BT.to(device)
        return replace(
            self, ids_BT=self.ids_BT.to(device), learned_BT=self.learned_BT.to(device), positions_BT=positions
        )


def packed_loss(model: nn.Module, batch: PackedBatch) -> Loss:
    """Cross-entropy of the learned tokens, in nats, summed over all of them."""
    return completion_loss(model, batch.ids_BT, batch.learned_BT, positions_BT=batch.positions_BT)


def pack(lengths: Sequence[int], *, most: int) -> list[list[int]]:
    """Which examples share a row, in their order: each goes where it leaves the least room, or opens a row.

    lengths: tokens of each, none above `most`. Source: best fit, on-line (Johnson 1974): at most 1.7 times the rows
    that would do.
    """
    rows: list[list[int]] = []
    #: (room, row), by room.
    open_rows: list[tuple[int, int]] = []
    for example, length in enumerate(lengths):
        if length > most:
            raise ValueError(f"lengths: {length}; expected at most {most} tokens")
        place = bisect.bisect_left(open_rows, (length, -1))
        if place < len(open_rows):
            room, row = open_rows.pop(place)
        else:
            room, row = most, len(rows)
            rows.append([])
        rows[row].append(example)
        bisect.insort(open_rows, (room - length, row))
    return rows


class PackedBatches:
    """The batches of supervised fine-tuning on packed rows, by number: a pure function of rows and seed.

    In an epoch every example comes once. Examples are shuffled, then packed, and the rows shuffled: an epoch may have
    a batch more or less than another.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        packing: Packing,
        *,
        batch_size: int,
        seed: int,
        pad: int,
        device: str | torch.device = "cpu",
    ) -> None:
        """batch_size: packed rows in a batch. Raises ValueError for a row longer than the packing's."""
        if batch_size < 1:
            raise ValueError(f"batch_size: {batch_size}; expected at least 1")
        if not rows:
            raise ValueError("rows: empty; expected at least one example")
        self._rows, self._packing, self._batch_size, self._seed = rows, packing, batch_size, seed
        self._pad, self._device = pad, device
        self._lengths = np.array([len(row.ids) for row in rows])
        #: Number of the first batch of each epoch so far, and the epoch asked for last.
        self._starts: list[int] = [0]
        self._known: tuple[int, list[list[IntArray]]] = (-1, [])

    def at(self, index: int) -> PackedBatch:
        """Batch `index`, counted from 0 over all epochs."""
        while self._starts[-1] <= index:
            self._starts.append(self._starts[-1] + len(self._epoch(len(self._starts) - 1)))
        epoch = bisect.bisect_right(self._starts, index) - 1
        return self._collate(self._epoch(epoch)[index - self._starts[epoch]])

    @property
    def batches_per_epoch(self) -> int:
        """Of the first epoch."""
        return len(self._epoch(0))

    @cached_property
    def fingerprint(self) -> str:
        """A digest of the rows and of how they are packed."""
        packing = self._packing
        facts = (
            f"packed {packing.length} {packing.attention} {self._batch_size} {self._seed} {len(self._rows)}"
        )
        digest = hashlib.sha256(facts.encode())
        for row in self._rows:
            digest.update(row.ids.tobytes())
            digest.update(np.packbits(row.learned).tobytes())
        return digest.hexdigest()

    def _epoch(self, epoch: int) -> list[list[IntArray]]:
        """For each batch of an epoch its rows, each as the numbers of its examples."""
        if self._known[0] != epoch:
            rng = np.random.default_rng([self._seed, epoch])
            order = rng.permutation(len(self._rows))
            packed = [order[row] for row in pack(self._lengths[order].tolist(), most=self._packing.length)]
            packed = [packed[place] for place in rng.permutation(len(packed))]
            size = self._batch_size
            self._known = (epoch, [packed[at : at + size] for at in range(0, len(packed), size)])
        return self._known[1]

    def _collate(self, packed: list[IntArray]) -> PackedBatch:
        width = max(int(self._lengths[examples].sum()) for examples in packed)
        ids = np.full((len(packed), width), self._pad, dtype=np.int64)
        learned = np.zeros((len(packed), width), dtype=np.bool_)
        positions = np.zeros((len(packed), width), dtype=np.int64)
        for place, examples in enumerate(packed):
            start = 0
            for example in examples:
                row = self._rows[example]
                end = start + len(row.ids)
                ids[place, start:end], learned[place, start:end] = row.ids, row.learned
                # Padding stays at 0: counted on it would leave a context that is shorter than the row.
                positions[place, start:end] = np.arange(len(row.ids))
                start = end
        batch = PackedBatch(
            torch.from_numpy(ids),
            torch.from_numpy(learned),
            torch.from_numpy(positions) if self._packing.attention == "example" else None,
            float(learned.sum()),
        )
        return batch.to(self._device)
