"""Storing a model: written aside, forced to the disk, renamed. A checkpoint is there whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from generation.registry.loading import LoadedModel, quiet
from generation.registry.manifest import make_manifest, read_manifest, verify, write_manifest
from generation.registry.unusable import CheckpointNotWritten

__all__ = ["read_manifest", "save_checkpoint", "verify", "whole_folder"]


def save_checkpoint(
    loaded: LoadedModel, folder: str | Path, *, manifest: Mapping[str, Any]
) -> dict[str, Any]:
    """Store weights (safetensors), configuration and tokenizer in `folder`, and say in `manifest.json` what is there.

    manifest: free fields beside our own (`generation.registry.manifest`). A checkpoint that stands there already is
    replaced: a run that was killed between this and its own record does the work again. Returns the whole manifest.
    Raises CheckpointNotWritten, with nothing left behind, when the disk is full or can not be written.
    """
    with whole_folder(folder) as aside:
        # A checkpoint that answers "where did you come from" with the folder of its base misleads whoever reloads it.
        loaded.model.config._name_or_path = ""
        with quiet():
            loaded.model.save_pretrained(aside)
            loaded.tokenizer.save_pretrained(aside)
        whole = make_manifest(aside, manifest)
        write_manifest(aside, whole)
    return whole


@contextmanager
def whole_folder(folder: str | Path) -> Iterator[Path]:
    """An empty folder to write into, which becomes `folder`, replacing it, once the block has ended well.

    When the block raises, nothing of it is left and `folder` is as it was. Raises CheckpointNotWritten (disk_full,
    not_written) for what the file system refuses.
    """
    folder = Path(folder)
    aside = folder.parent / f".{folder.name}.{uuid.uuid4().hex[:12]}.aside"
    try:
        aside.mkdir(parents=True)
        yield aside
        _force_to_disk(aside)
        _put_in_place(aside, folder)
    except (OSError, SafetensorError) as error:
        raise _not_written(folder, error) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _put_in_place(aside: Path, folder: Path) -> None:
    old = aside.with_suffix(".old")
    # A folder can not be renamed over one that holds files. Killed between the two, there is none: it is made again.
    if folder.exists():
        folder.rename(old)
    try:
        aside.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    _sync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _force_to_disk(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            # The safetensors library lets nobody but the writer read; other files are read by whom the umask allows.
            path.chmod(folder.stat().st_mode & 0o666)
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _not_written(folder: Path, error: Exception) -> CheckpointNotWritten:
    number = getattr(error, "errno", None)
    full = number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or any(
        said in str(error) for said in ("No space left", "os error 28", "File too large", "os error 27")
    )
    if full:
        return CheckpointNotWritten(f"{folder.name}: the disk is full; nothing was stored.", code="disk_full")
    why = (str(error).splitlines() or [type(error).__name__])[0][:200]
    return CheckpointNotWritten(f"{folder.name} could not be stored: {why}")
