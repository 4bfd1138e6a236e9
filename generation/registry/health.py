"""What `manage.py doctor` says about models: where they may lie, which servers may be asked, what is computed on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from accounts.health import Check
from generation.registry.unusable import ModelUnusable


def model_roots() -> Check:
    """The folders that MODEL_ROOTS names, and the committed base's; the storage's own is made when it is needed."""
    roots = [
        Path(root) for root in settings.MODEL_ROOTS if Path(root) != settings.STORAGE_DIR / "checkpoints"
    ]
    missing = [str(root) for root in roots if not root.is_dir()]
    closed = [str(root) for root in roots if root.is_dir() and not os.access(root, os.R_OK | os.X_OK)]
    if missing or closed:
        told = [f"there is no folder {root}" for root in missing]
        told += [f"{root} can not be read" for root in closed]
        return Check("model_roots", False, "; ".join(told))
    return Check("model_roots", True, ", ".join(map(str, roots)))


def endpoints() -> Check:
    """Whether this environment holds the keys. Nobody is asked anything."""
    lacking = [
        f"{name}: the variable {variable} holds no key"
        for name, (_, variable) in sorted(settings.ENDPOINTS.items())
        if variable and not os.environ.get(variable)
    ]
    if lacking:
        return Check("endpoints", False, "; ".join(lacking))
    return Check("endpoints", True, ", ".join(sorted(settings.ENDPOINTS)) or "none")


def device() -> Check:
    """Whether what DEVICE asks for by name is there, and how a GPU would decode."""
    wanted = settings.DEVICE
    told = wanted if settings.GPU_DECODING == "eager" else f"{wanted}, GPU_DECODING={settings.GPU_DECODING}"
    if wanted in ("auto", "cpu"):
        return Check("device", True, told)
    from generation.registry.loading import pick_device

    try:
        pick_device(wanted)
    except ModelUnusable:
        return Check("device", False, f"{wanted} is not on this machine; set DEVICE=auto, or cpu")
    return Check("device", True, told)


CHECKS: list[Callable[[], Check]] = [model_roots, endpoints, device]
