"""The bases of a plan: trained in this process, registered, and never made twice."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from accounts.audit import Actor
from accounts.errors import Conflict
from generation.registry.checkpoints import read_manifest
from generation.registry.errors import LabelTaken
from generation.registry.folders import checkpoint_root
from generation.registry.models import LanguageModel
from generation.registry.services import register_checkpoint
from generation.registry.unusable import ModelUnusable
from training.base.bar import Bar
from training.base.building import train_base
from training.figures.planned_bases import PlannedBase

#: Questions of each kind that say in its manifest what a base can do; the figure's own measure is the run's first.
MEASURED_QUESTIONS = 50


def made_base(planned: PlannedBase, *, actor: Actor) -> LanguageModel:
    """The base of this label: of an earlier call, or trained now. Interrupted, the next call goes on.

    Raises LabelTaken where another model has the label, Conflict where another process makes this base, and what
    `train_base` and the registry raise.
    """
    if (found := _registered(planned)) is not None:
        return found
    folder = checkpoint_root() / "bases" / planned.label
    with _alone(folder):
        if (found := _registered(planned)) is not None:
            return found
        if not _is_whole(folder, planned):
            with Bar(planned.recipe.steps, planned.label) as bar:
                train_base(planned.recipe, folder, watch=bar, questions=MEASURED_QUESTIONS)
        return register_checkpoint(planned.label, folder, parent=None, actor=actor)


def _registered(planned: PlannedBase) -> LanguageModel | None:
    found = LanguageModel.objects.filter(label=planned.label).first()
    if found is not None and not _is_of(planned, found.manifest.get("made", {})):
        raise LabelTaken(
            f"There is a model labelled {planned.label!r} already, which this plan's recipe did not make; call the plan"
            " by another name.",
            details={"field": "base.name", "value": planned.label, "expected": "a label that no model has"},
        )
    return found


def _is_whole(folder: Path, planned: PlannedBase) -> bool:
    """Whether an earlier call trained it and was interrupted before it was registered."""
    try:
        return _is_of(planned, read_manifest(folder))
    except ModelUnusable:
        return False


def _is_of(planned: PlannedBase, manifest: Mapping[str, Any]) -> bool:
    return manifest.get("recipe") == planned.recipe.table


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two processes would write the same files. The lock goes with the process that holds it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(
                f"Another process is making the base {folder.name!r}.",
                code="base_in_the_making",
                details={"label": folder.name},
            ) from error
        yield
