"""What a checkpoint's folder holds, and how it was made: `manifest.json`. Pure.

    {"format": 1, "files": {"model.safetensors": {"bytes": 861244, "sha256": "…"}, …}, "recipe": …, …}

`format` and `files` are ours; every other key is whatever the one who made the checkpoint states.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from generation.registry.unusable import ModelUnusable

MANIFEST = "manifest.json"
FORMAT = 1
_OURS = frozenset({"format", "files"})
_MAX_BYTES = 20_000_000


def make_manifest(folder: Path, free: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest of the files that stand in `folder` now.

    free: anything JSON can hold, under any key but `format` and `files` (ValueError).
    """
    if taken := sorted(_OURS & set(free)):
        raise ValueError(f"manifest: {taken[0]!r} is written by us; expected another key")
    files = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": _sha256_of(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    return {"format": FORMAT, "files": files, **free}


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / MANIFEST).write_text(f"{text}\n", encoding="utf-8")


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """The manifest of a checkpoint. Raises ModelUnusable (bad_manifest)."""
    path = Path(folder) / MANIFEST
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError("it is too large")
        found = json.loads(path.read_bytes())
        if (
            not isinstance(found, dict)
            or found.get("format") != FORMAT
            or not _lists_files(found.get("files"))
        ):
            raise ValueError(f"it is no manifest of format {FORMAT}")
    except FileNotFoundError as error:
        raise ModelUnusable(f"{Path(folder).name}: {MANIFEST} is missing.", code="bad_manifest") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelUnusable(f"{Path(folder).name}: {MANIFEST}: {error}.", code="bad_manifest") from error
    return found


def verify(folder: str | Path) -> dict[str, Any]:
    """The manifest, once every file is the one that it describes and no other stands beside them.

    Raises ModelUnusable: bad_manifest; checkpoint_differs, with `file` and `why` (missing, size, content, unlisted).
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    for name, stated in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            raise _differs(folder, name, "missing")
        if path.stat().st_size != stated["bytes"]:
            raise _differs(folder, name, "size")
        if _sha256_of(path) != stated["sha256"]:
            raise _differs(folder, name, "content")
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    if unlisted := sorted(present - set(manifest["files"]) - {MANIFEST}):
        raise _differs(folder, unlisted[0], "unlisted")
    return manifest


def _lists_files(files: Any) -> bool:
    return isinstance(files, dict) and all(
        isinstance(stated, dict)
        and isinstance(stated.get("bytes"), int)
        and isinstance(stated.get("sha256"), str)
        # A name that climbs out of the folder would have us read what is nobody's business.
        and not Path(name).is_absolute()
        and ".." not in Path(name).parts
        for name, stated in files.items()
    )


_DIFFERENCES = {
    "missing": "is missing, though listed",
    "size": "has another size than stated",
    "content": "has another content than stated (its SHA-256 differs)",
    "unlisted": "is not among the files stated",
}


def _differs(folder: Path, name: str, why: str) -> ModelUnusable:
    return ModelUnusable(
        f"{folder.name}: {name} {_DIFFERENCES[why]} in {MANIFEST}.",
        code="checkpoint_differs",
        details={"file": name, "why": why},
    )


def _sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
