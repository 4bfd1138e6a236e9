"""A model sent without its weights: pickled around them, so that they travel as tensors, each once, in one order.

Between processes of one program that one of them started, over a pipe; never from a file.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import torch
from torch import Tensor, nn

#: (place among the tensors, shape, dtype, whether it is a parameter, whether it has a gradient)
_Stated = tuple[int, tuple[int, ...], torch.dtype, bool, bool]


def without_weights(model: nn.Module) -> tuple[bytes, list[Tensor]]:
    """The model's structure, and its tensors in the order in which `with_weights` asks for them."""
    stream = io.BytesIO()
    pickler = _Pickler(stream, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dump(model)
    return stream.getvalue(), pickler.tensors


def with_weights(structure: bytes, device: torch.device) -> tuple[nn.Module, list[Tensor]]:
    """The model again, its tensors empty on `device`, and these in the sender's order, to be filled."""
    unpickler = _Unpickler(io.BytesIO(structure), device)
    model = unpickler.load()
    return model, [unpickler.tensors[place] for place in sorted(unpickler.tensors)]


class _Pickler(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, *, protocol: int) -> None:
        super().__init__(stream, protocol=protocol)
        self.tensors: list[Tensor] = []
        self._places: dict[int, int] = {}

    def persistent_id(self, found: Any) -> _Stated | None:
        if not isinstance(found, Tensor):
            return None
        # Layers that share their weights share them on the other side too.
        if id(found) not in self._places:
            self._places[id(found)] = len(self.tensors)
            self.tensors.append(found)
        is_parameter = isinstance(found, nn.Parameter)
        place = self._places[id(found)]
        return place, tuple(found.shape), found.dtype, is_parameter, found.requires_grad


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, device: torch.device) -> None:
        super().__init__(stream)
        self.tensors: dict[int, Tensor] = {}
        self._device = device

    def persistent_load(self, stated: _Stated) -> Tensor:
        place, shape, dtype, is_parameter, has_gradient = stated
        if place not in self.tensors:
            empty = torch.empty(shape, dtype=dtype, device=self._device)
            self.tensors[place] = nn.Parameter(empty, requires_grad=has_gradient) if is_parameter else empty
        return self.tensors[place]
