"""The group of processes, and what it carries: weights from rank 0 to all, gradients from all into a sum."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import torch
from accelerate import PartialState
from accelerate.utils import broadcast, reduce
from torch import Tensor, nn

#: Numbers that travel together: enough to make the wire the limit, few enough to need no second copy of the model.
_TOGETHER = 16_000_000
#: Nobody waits longer than this for a process that does not come (it died while the group met).
_PATIENCE = timedelta(minutes=10)


def join(rank: int, size: int, meeting_place: Path, *, cpu: bool) -> torch.device:
    """Meet the others in a file that only this user can read; returns the device that is this rank's own."""
    store = torch.distributed.FileStore(str(meeting_place), size)  # type: ignore[attr-defined]
    with _launched(rank, size):
        state = PartialState(cpu=cpu, store=store, rank=rank, world_size=size, timeout=_PATIENCE)
    return torch.device(state.device)


def leave() -> None:
    """The group is over for this process; it may join another."""
    if PartialState._shared_state:
        PartialState().destroy_process_group()
        PartialState._reset_state()


def send(tensors: Sequence[Tensor]) -> None:
    """Rank 0's values into all others' tensors, in place."""
    with torch.no_grad():
        for together in _bundles(tensors):
            flat = torch.cat([tensor.detach().reshape(-1) for tensor in together])
            _fill(together, broadcast(flat, from_process=0))


def sum_gradients(model: nn.Module) -> None:
    """Every rank's `.grad` becomes the sum of all ranks'; one that has none adds nothing."""
    with torch.no_grad():
        trained = trained_parameters(model)
        for parameter in trained:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        for together in _bundles([p.grad for p in trained if p.grad is not None]):
            _fill(together, reduce(torch.cat([grad.reshape(-1) for grad in together]), reduction="sum"))


def trained_parameters(model: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def _bundles(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Tensors of one kind in a row, about _TOGETHER numbers at a time; the same on every rank."""
    bundle: list[Tensor] = []
    for tensor in tensors:
        count = sum(one.numel() for one in bundle)
        if bundle and (tensor.dtype != bundle[0].dtype or count + tensor.numel() > _TOGETHER):
            yield bundle
            bundle = []
        bundle.append(tensor)
    if bundle:
        yield bundle


def _fill(tensors: Sequence[Tensor], flat: Tensor) -> None:
    start = 0
    for tensor in tensors:
        tensor.copy_(flat[start : start + tensor.numel()].view_as(tensor))
        start += tensor.numel()


@contextmanager
def _launched(rank: int, size: int) -> Iterator[None]:
    """What `accelerate launch` puts into the environment; only as long as the state is being made."""
    stated = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "LOCAL_WORLD_SIZE": size}
    # Everybody is on this machine; and a GPU process that looked at a variable of ours would compute with many threads.
    wanted = {name: str(value) for name, value in stated.items()} | {"OMP_NUM_THREADS": "1"}
    if os.uname().sysname == "Linux":
        wanted["GLOO_SOCKET_IFNAME"] = "lo"
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
