"""The gradient of one step, over any number of batches: in parts that fit into memory, their sum the whole's.

A part that does not fit has the step computed anew in parts of half as many rows. Losses are summed and divided by the
units of the whole step, so that parts change nothing but the order in which numbers are added up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, Self, TypeVar

import torch
from torch import nn

from generation.sampling.memory import give_back, ran_out
from training.errors import BatchDoesNotFit
from training.losses import Loss
from training.precision import computing_in


class Batch(Protocol):
    """What one forward pass takes: rows, or pairs. units: what it weighs, its learned tokens or its pairs."""

    @property
    def units(self) -> float: ...

    def __len__(self) -> int: ...

    def part(self, start: int, stop: int) -> Self: ...

    def to(self, device: str | torch.device) -> Self: ...


BatchT = TypeVar("BatchT", bound=Batch)
#: A batch's summed loss. Sent to other processes by its name: no closure.
LossOf = Callable[[nn.Module, BatchT], Loss]


@dataclass(slots=True)
class Summed:
    """What the parts of a step came to: their losses, and the figures beside them."""

    total: float = 0.0
    sums: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, total: float, sums: dict[str, float]) -> None:
        self.total += total
        for name, value in sums.items():
            self.sums[name] += value


BatchIn = TypeVar("BatchIn", bound=Batch, contravariant=True)


class Computing(Protocol[BatchIn]):
    """Who computes a training's gradients: this process, or several."""

    #: The most rows at once; 0: as many as a batch has.
    rows: int

    def gradient(self, step: int, batches: Sequence[BatchIn], units: float) -> Summed:
        """Leaves the gradient of the batches' summed loss, divided by `units`, in the parameters' `.grad`.

        Raises BatchDoesNotFit where not even a single row has room.
        """
        ...


def backward(
    model: nn.Module,
    batches: Sequence[BatchT],
    loss_of: LossOf[BatchT],
    *,
    units: float,
    rows: int,
    precision: Literal["fp32", "bf16"],
) -> Summed:
    """Adds the gradient to `.grad`, at most `rows` rows at once (0: no limit)."""
    found = Summed()
    for batch in batches:
        for part in parts_of(batch, rows):
            with computing_in(precision, device_of(model)):
                loss = loss_of(model, part)
            (loss.total / units).backward()  # type: ignore[no-untyped-call]
            found.add(float(loss.total.detach()), loss.sums)
    return found


def parts_of(batch: BatchT, rows: int) -> list[BatchT]:
    """The batch in parts of at most `rows`; the batch itself where it is no longer."""
    if not rows or len(batch) <= rows:
        return [batch]
    return [batch.part(start, start + rows) for start in range(0, len(batch), rows)]


def halved(step: int, rows: int, batches: Sequence[BatchT]) -> int:
    """How many rows to try at once after a step that did not fit. Raises BatchDoesNotFit after a single one."""
    most = max(len(batch) for batch in batches)
    most = min(rows, most) if rows else most
    if most <= 1:
        raise BatchDoesNotFit(step)
    return (most + 1) // 2


class Alone:
    """One process computes everything."""

    def __init__(
        self, model: nn.Module, loss_of: LossOf[Any], precision: Literal["fp32", "bf16"], rows: int = 0
    ) -> None:
        self.rows = rows
        self._model, self._loss_of, self._precision = model, loss_of, precision

    def gradient(self, step: int, batches: Sequence[Any], units: float) -> Summed:
        random = random_states()
        while True:
            found = self._try(batches, units)
            if found is not None:
                return found
            # Behind the handler, and with the dropout that the first try had.
            clear_gradients(self._model)
            give_back()
            restore_random(random)
            self.rows = halved(step, self.rows, batches)

    def _try(self, batches: Sequence[Any], units: float) -> Summed | None:
        """None where the memory is full."""
        try:
            return backward(
                self._model, batches, self._loss_of, units=units, rows=self.rows, precision=self._precision
            )
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
            return None


def clear_gradients(model: nn.Module) -> None:
    for parameter in model.parameters():
        parameter.grad = None


def device_of(model: nn.Module) -> torch.device:
    return next(model.parameters()).device


def random_states() -> list[torch.Tensor]:
    states = [torch.get_rng_state()]
    if torch.cuda.is_available():
        states.append(torch.cuda.get_rng_state())
    return states


def restore_random(states: Sequence[torch.Tensor]) -> None:
    torch.set_rng_state(states[0])
    if len(states) > 1:
        torch.cuda.set_rng_state(states[1])
