"""What rank 0 says to its helpers, and they to it: pickled objects with their length before them, over pipes."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, Literal

from torch import nn

from training.losses import Loss

_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Learn:
    """A training begins. structure: the model's, whose tensors follow through the group."""

    structure: bytes
    loss_of: Callable[[nn.Module, Any], Loss]
    precision: Literal["fp32", "bf16"]


@dataclass(frozen=True, slots=True)
class Step:
    """The gradient of `batches`, at most `rows` rows at once. The weights follow through the group.

    seed: of this rank's dropout in this step.
    """

    batches: list[Any]
    units: float
    rows: int
    seed: int


@dataclass(frozen=True, slots=True)
class Share:
    """The step has fitted everywhere: gradients are summed now. kept: False: it is computed again in smaller parts."""

    kept: bool


@dataclass(frozen=True, slots=True)
class Rest:
    """The training has ended: forget the model."""


@dataclass(frozen=True, slots=True)
class Done:
    """A helper's answer. fits: False: its memory was full."""

    fits: bool
    total: float = 0.0
    sums: dict[str, float] | None = None


def tell(stream: IO[bytes], said: object) -> None:
    content = pickle.dumps(said, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def hear(stream: IO[bytes]) -> Any:
    """Raises EOFError where the other side is gone."""
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    return pickle.loads(_exactly(stream, length))  # noqa: S301 - from a process of our own, over a pipe


def _exactly(stream: IO[bytes], count: int) -> bytes:
    found = stream.read(count)
    if len(found) < count:
        raise EOFError
    return found
