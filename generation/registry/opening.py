"""A registered model, loaded. For workers and commands: torch is imported in the body."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from generation.registry.errors import ModelChanged, UnusableFolder
from generation.registry.facts import NoModel, files_digest, hashed, model_files
from generation.registry.models import LanguageModel
from generation.registry.selectors import folder_of

if TYPE_CHECKING:
    from generation.registry.loading import LoadedModel


def load_model(model: LanguageModel, *, device: str | None = None) -> LoadedModel:
    """Loads folder, checkpoint or hub model after making sure that the files are those that were registered.

    device: as DEVICE names it, which is the default. From here on this process computes with one thread: that gives the
    same numbers on every machine, and two workers on two cores do not fight (with two threads each they lose tenfold).
    Raises UnusableFolder, ModelChanged, and loading's ModelUnusable.
    """
    import torch

    from generation.registry.loading import load_folder, load_hub

    torch.set_num_threads(1)
    chosen = settings.DEVICE if device is None else device
    if model.kind == LanguageModel.Kind.HUB:
        loaded = load_hub(model.location, chosen)
    else:
        require_unchanged(model)
        loaded = load_folder(folder_of(model), device=chosen)
    return replace(loaded, decoding=settings.GPU_DECODING)


def files_of(model: LanguageModel) -> Path:
    """The folder of a registered model; a hub's is fetched. Whether it is unchanged, load_model looks.

    Raises UnusableFolder, and what fetching raises.
    """
    from generation.registry.loading import hub_folder

    return hub_folder(model.location) if model.kind == LanguageModel.Kind.HUB else folder_of(model)


def require_unchanged(model: LanguageModel) -> None:
    """Raises ModelChanged unless the folder holds what was registered, and UnusableFolder."""
    try:
        found = files_digest(hashed(model_files(folder_of(model))))
    except NoModel as error:
        raise UnusableFolder(
            f"The folder of model {model.label!r} holds no model any more: {error}.",
            details={"model": model.label, "reason": str(error)},
        ) from error
    if found != model.digest:
        raise ModelChanged(
            f"The files of model {model.label!r} are not those that were registered.",
            details={"model": model.label, "registered": model.digest, "found": found},
        )
