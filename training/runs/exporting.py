"""Copying a checkpoint out of the storage: whole, checked against its manifest, or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from accounts.audit import Actor, record
from generation.registry.facts import model_files, sha256_of
from generation.registry.models import LanguageModel
from generation.registry.opening import require_unchanged
from generation.registry.selectors import folder_of, get_model
from ratings.exports.errors import CannotWrite

MANIFEST = "manifest.json"


def export_checkpoint(label: str, out: Path, *, actor: Actor) -> dict[str, Any]:
    """CONTRACT.md's answer: path, bytes and sha256, which is over the names and hashes of all files.

    out: a folder that is not there yet, or holds nothing. Raises UnknownModel, UnusableFolder, ModelChanged,
    CannotWrite; then nothing was written.
    """
    model = get_model(label)
    source = folder_of(model)
    _require_free(out)
    require_unchanged(model)
    aside = out.parent / f".{out.name}.{secrets.token_hex(6)}.part"
    try:
        aside.mkdir()
    except OSError as error:
        raise _bad_out(out, error.strerror or str(error)) from error
    try:
        _copy(source, aside)
        _require_equal(aside, model)
        _put_in_place(aside, out)
    except OSError as error:
        raise _cannot_write(out, error.strerror or str(error), full=error.errno == errno.ENOSPC) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    answer = _described(out)
    record(actor, "checkpoint.export", subject=label, details={"path": str(out), "sha256": answer["sha256"]})
    return answer


def _require_free(out: Path) -> None:
    """Raises CannotWrite, which blames the argument."""
    try:
        if not out.parent.is_dir():
            raise _bad_out(out, f"there is no folder {out.parent}")
        if os.path.lexists(out) and not out.is_dir():
            raise _bad_out(out, "it is a file")
        if out.is_dir() and any(out.iterdir()):
            raise _bad_out(out, "the folder is not empty")
    except OSError as error:
        raise _bad_out(out, error.strerror or str(error)) from error


def _bad_out(out: Path, reason: str) -> CannotWrite:
    error = _cannot_write(out, f"{reason}; expected a folder that is new or empty")
    error.details |= {"field": "out", "value": str(out)[:200], "expected": "a folder that is new or empty"}
    error.blames_arguments = True
    return error


def _copy(source: Path, aside: Path) -> None:
    """What belongs to the model, each file forced to the disk."""
    for path in model_files(source):
        target = aside / path.name
        shutil.copyfile(path, target)
        with target.open("rb") as copied:
            os.fsync(copied.fileno())


def _require_equal(aside: Path, model: LanguageModel) -> None:
    """The copies are what was registered, byte for byte."""
    stated = {entry["name"]: entry["sha256"] for entry in model.manifest["files"]}
    for path in aside.iterdir():
        if path.name in stated and sha256_of(path) != stated[path.name]:
            raise _cannot_write(aside, f"{path.name} did not arrive as it was")


def _put_in_place(aside: Path, out: Path) -> None:
    # rename() takes the place of an empty folder, and of nothing else.
    aside.rename(out)
    folder = os.open(out.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _described(out: Path) -> dict[str, Any]:
    files = sorted(path for path in out.iterdir() if path.is_file())
    lines = [f"{sha256_of(path)}  {path.name}\n" for path in files]
    return {
        "path": str(out),
        "bytes": sum(path.stat().st_size for path in files),
        "sha256": hashlib.sha256("".join(lines).encode()).hexdigest(),
        "files": [path.name for path in files],
    }


def _cannot_write(out: Path, reason: str, *, full: bool = False) -> CannotWrite:
    return CannotWrite(
        f"{out} can not be written: {reason}.",
        code="disk_full" if full else None,
        details={"path": str(out), "reason": reason},
    )
