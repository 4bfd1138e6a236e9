"""A run's checkpoints: written whole or not at all, kept as the recipe says, registered as models at the end.

STORAGE_DIR/checkpoints/run-<run>/<name>/    safetensors, configuration, tokenizer, manifest.json
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from accounts.audit import Actor
from accounts.models import User
from generation.registry.manifest import MANIFEST
from generation.registry.models import LanguageModel
from generation.registry.services import register_checkpoint
from training.errors import CheckpointMissing
from training.runs.models import Checkpoint, TrainingRun

if TYPE_CHECKING:
    from generation.registry.loading import LoadedModel
    from jobs.context import JobContext


def folder_of_run(run: TrainingRun) -> Path:
    return Path(settings.STORAGE_DIR) / "checkpoints" / f"run-{run.pk}"


def folder_of(run: TrainingRun, name: str) -> Path:
    return folder_of_run(run) / name


def write(run: TrainingRun, loaded: LoadedModel, name: str, *, iteration: int, step: int) -> None:
    """Stores the files; again (after a kill before their row was written) replaces them by the same.

    Raises CheckpointNotWritten, with nothing half written.
    """
    from generation.registry.checkpoints import save_checkpoint

    manifest = {
        "run": run.pk,
        "label": run.label,
        "name": name,
        "algorithm": run.algorithm,
        "recipe": run.recipe,
        # The adapters that were merged into the weights; None where all of them were trained.
        "lora": _lora(run.recipe),
        "base": {"label": run.base.label, "digest": run.base.digest},
        "data_sha256": run.data_sha256,
        "code_version": run.code_version,
        "seed": run.seed,
        "iteration": iteration,
        "step": step,
    }
    save_checkpoint(loaded, folder_of(run, name), manifest=manifest)


def _lora(recipe: dict[str, Any]) -> dict[str, Any] | None:
    if not recipe.get("lora_rank"):
        return None
    return {key: recipe[f"lora_{key}"] for key in ("rank", "alpha", "targets", "dropout")}


def save(
    context: JobContext,
    run: TrainingRun,
    loaded: LoadedModel,
    name: str,
    *,
    step: int = 0,
    metrics: dict[str, Any] | None = None,
) -> None:
    """Files and row of a run without rounds. Raises CheckpointNotWritten."""
    write(run, loaded, name, iteration=1, step=step)
    with context.writing():
        Checkpoint.objects.update_or_create(
            run=run, name=name, defaults={"iteration": 1, "step": step, "metrics": metrics or {}}
        )


def is_there(run: TrainingRun, name: str) -> bool:
    return (folder_of(run, name) / MANIFEST).is_file()


def _require(run: TrainingRun, name: str) -> Path:
    """Raises CheckpointMissing."""
    if not is_there(run, name):
        raise CheckpointMissing(name, folder_of(run, name))
    return folder_of(run, name)


def load(run: TrainingRun, name: str) -> LoadedModel:
    """A checkpoint of the run, registered or not, its files checked against its manifest.

    Raises CheckpointMissing and ModelUnusable.
    """
    from generation.registry.checkpoints import verify
    from generation.registry.loading import load_folder

    folder = _require(run, name)
    verify(folder)
    return replace(load_folder(folder, device=settings.DEVICE), decoding=settings.GPU_DECODING)


def drop(run: TrainingRun, names: set[str]) -> None:
    """Removes files of checkpoints that nobody needs any more; models are never removed. Rows stay as a record."""
    registered = set(run.checkpoints.filter(model__isnull=False).values_list("name", flat=True))
    for name in names - registered:
        shutil.rmtree(folder_of(run, name), ignore_errors=True)


def register(context: JobContext, run: TrainingRun, kept: dict[str, str]) -> dict[str, LanguageModel]:
    """Makes models of checkpoints and names the result; again changes nothing.

    kept: checkpoint's name -> what stands behind the run's label in its model's; "" for the result.
    Returns the models by checkpoint. Raises CheckpointMissing, and LabelTaken where the run's own label has gone to
    another model.
    """
    actor = launcher_of(run)
    found: dict[str, LanguageModel] = {}
    for name, suffix in kept.items():
        row = Checkpoint.objects.select_related("model").get(run=run, name=name)
        if row.model is None:
            label = _free_label(f"{run.label}-{suffix}") if suffix else run.label
            folder = _require(run, name)
            # Files are hashed before the job's row is locked: they may be large.
            with transaction.atomic():
                row.model = register_checkpoint(label, folder, parent=run.base, actor=actor)
                with context.writing():
                    row.is_result = not suffix
                    row.save(update_fields=["model", "is_result"])
        found[name] = row.model
    return found


def launcher_of(run: TrainingRun) -> Actor:
    """In whose name the run's models are registered: whoever launched it."""
    user: User | None = run.created_by
    return Actor(label=run.job.created_by_label, user=user)


def _free_label(wanted: str) -> str:
    """The label, or the first of wanted-2, wanted-3 … that is free: a run's side products must not make it fail."""
    taken = set(LanguageModel.objects.filter(label__startswith=wanted).values_list("label", flat=True))
    if wanted not in taken:
        return wanted
    return next(label for number in range(2, len(taken) + 3) if (label := f"{wanted}-{number}") not in taken)
