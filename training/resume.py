"""The state of a training on disk: all that is needed to go on as if it had never stopped.

    folder/step-00000120/state.safetensors   parameters, optimiser moments, best parameters so far, random state
                        /state.json          the step, what is being trained (fingerprint), progress so far

A state is written into a folder of another name, flushed, and renamed: a folder called step-* is whole. The states
before it are removed only then. There is no pickle anywhere. Left out: frozen parameters, which the base holds.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from training.errors import CannotResume, StateNotWritten

TENSORS, FACTS = "state.safetensors", "state.json"
RANDOM, CUDA_RANDOM = "random/cpu", "random/cuda"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training stands after `step`.

    fingerprint: of settings and data; a state is only ever resumed by the same training.
    facts: JSON of the caller's own.
    """

    step: int
    fingerprint: str
    facts: dict[str, Any]


def trained_tensors(model: nn.Module) -> dict[str, Tensor]:
    """What training changes: parameters with a gradient, each once when shared, and persistent buffers."""
    persistent = model.state_dict(keep_vars=True)
    parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
    buffers = {name: b for name, b in model.named_buffers() if name in persistent}
    return {**parameters, **buffers}


def save_state(
    folder: Path,
    progress: Progress,
    *,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    best: dict[str, Tensor] | None = None,
) -> Path:
    """Write the state of `progress.step` below `folder`, then remove the older ones. Returns its folder.

    Raises StateNotWritten when the file system refuses; whatever was there before is then still there.
    """
    tensors = {f"model/{name}": tensor for name, tensor in trained_tensors(model).items()}
    tensors |= _optimizer_tensors(model, optimizer) | _random_state()
    tensors |= {f"best/{name}": tensor for name, tensor in (best or {}).items()}
    place = folder / f"step-{progress.step:08d}"
    aside = folder / f"writing-{progress.step:08d}"
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        save_file({name: t.detach().contiguous() for name, t in tensors.items()}, aside / TENSORS)
        facts = {"step": progress.step, "fingerprint": progress.fingerprint, "facts": progress.facts}
        (aside / FACTS).write_text(json.dumps(facts), encoding="utf-8")
        for written in (aside / TENSORS, aside / FACTS, aside):
            _flush(written)
        shutil.rmtree(place, ignore_errors=True)
        aside.rename(place)
        _flush(folder)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise StateNotWritten(
            f"The state of step {progress.step} could not be written: {error}. What was saved before is kept.",
            details={"step": progress.step, "folder": folder.name, "reason": str(error)},
        ) from error
    for older in _states(folder):
        if older != place:
            shutil.rmtree(older, ignore_errors=True)
    return place


def latest_state(folder: Path) -> Path | None:
    """The folder of the newest whole state, or None. Removes what a killed process left half written."""
    for half in folder.glob("writing-*"):
        shutil.rmtree(half, ignore_errors=True)
    return max(_states(folder), default=None)


def load_state(
    place: Path, *, fingerprint: str, model: nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[Progress, dict[str, Tensor] | None]:
    """Put a state back into model, optimiser and random generators. Returns its progress and the best parameters.

    Raises CannotResume when it belongs to another training or cannot be read; nothing is changed then.
    """
    try:
        facts = json.loads((place / FACTS).read_text(encoding="utf-8"))
        tensors = load_file(place / TENSORS)
    except (OSError, ValueError, SafetensorError) as error:
        raise CannotResume(f"The saved state {place.name} cannot be read: {error}.") from error
    if facts["fingerprint"] != fingerprint:
        raise CannotResume(
            f"The saved state {place.name} belongs to a training with other settings or other data; "
            "start a new run, or resume with what it was started with."
        )
    targets = trained_tensors(model)
    with torch.no_grad():
        for name, target in targets.items():
            target.copy_(tensors[f"model/{name}"])
    _restore_optimizer(model, optimizer, tensors)
    torch.set_rng_state(tensors[RANDOM])
    if torch.cuda.is_available() and CUDA_RANDOM in tensors:
        torch.cuda.set_rng_state(tensors[CUDA_RANDOM])
    best = {name[5:]: tensor for name, tensor in tensors.items() if name.startswith("best/")}
    return Progress(facts["step"], fingerprint, facts["facts"]), best or None


def _optimizer_tensors(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    names: dict[Tensor, str] = {parameter: name for name, parameter in model.named_parameters()}
    return {
        f"optimizer/{names[parameter]}/{key}": value
        for parameter, values in optimizer.state.items()
        for key, value in values.items()
    }


def _restore_optimizer(
    model: nn.Module, optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]
) -> None:
    parameters = dict(model.named_parameters())
    optimizer.state.clear()
    for full_name, value in tensors.items():
        if full_name.startswith("optimizer/"):
            name, _, key = full_name.removeprefix("optimizer/").rpartition("/")
            # A step count stays where it was made; moments live beside their parameter.
            home = value if value.ndim == 0 else value.to(parameters[name].device)
            optimizer.state[parameters[name]][key] = home


def _random_state() -> dict[str, Tensor]:
    state = {RANDOM: torch.get_rng_state()}
    if torch.cuda.is_available():
        state[CUDA_RANDOM] = torch.cuda.get_rng_state()
    return state


def _states(folder: Path) -> list[Path]:
    return [place for place in folder.glob("step-*") if place.is_dir()]


def _flush(path: Path) -> None:
    """Have the file or folder on the disk before anything is renamed over it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
