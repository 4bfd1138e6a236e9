"""In which numbers a training computes: bf16 where the hardware is faster with it, fp32 elsewhere.

bf16 means autocast over fp32 master weights: matrix products in bf16, everything that is added up over many steps
(weights, AdamW's moments, the loss) in fp32. A CPU without bf16 instructions takes five times as long with it
(docs/benchmarks.md), so that `auto` never chooses it there.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Literal

import torch
from torch import nn

from training.errors import TrainingError

Precision = Literal["auto", "fp32", "bf16"]

_LOW = (torch.bfloat16, torch.float16)


def chosen_precision(wanted: Precision, device: str | torch.device) -> Literal["fp32", "bf16"]:
    """What `wanted` comes to on a device. Raises TrainingError (no_bf16) where bf16 is asked for and not to be had."""
    kind = torch.device(device).type
    has_bf16 = kind == "cpu" or (kind == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False))
    if wanted == "auto":
        return "bf16" if kind == "cuda" and has_bf16 else "fp32"
    if wanted == "bf16" and not has_bf16:
        raise TrainingError(
            f'precision: "bf16" is not to be had on {device}; expected "auto" or "fp32".',
            code="no_bf16",
            details={"field": "precision", "value": "bf16", "expected": '"auto" or "fp32"'},
        )
    return wanted


def computing_in(
    precision: Literal["fp32", "bf16"], device: str | torch.device
) -> AbstractContextManager[Any]:
    """The context of a forward pass."""
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=precision == "bf16")


def widen(model: nn.Module, *, frozen: bool) -> dict[str, torch.dtype]:
    """Turn weights of 16 bits into fp32 masters, in place. Returns what they were, for `narrow`.

    frozen: also those without a gradient, which otherwise stay as they are stored.
    """
    before: dict[str, torch.dtype] = {}
    for name, parameter in model.named_parameters():
        if parameter.dtype in _LOW and (frozen or parameter.requires_grad):
            before[name] = parameter.dtype
            parameter.data = parameter.data.float()
    return before


def narrow(model: nn.Module, before: dict[str, torch.dtype]) -> None:
    """Round widened weights back to what they were stored in."""
    for name, parameter in model.named_parameters():
        if name in before:
            parameter.data = parameter.data.to(before[name])
