"""Where models may lie: below the roots that the site allows, links resolved, and nowhere else.

A place is stored so that it holds on every machine of an installation: `base:NAME` below the committed base models,
`checkpoints:NAME` below the storage's checkpoints, an absolute path below the other roots, which the environment names.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from generation.registry.errors import OutsideModelRoots, UnusableFolder


def base_root() -> Path:
    """The base models that come with the program."""
    return (Path(settings.BASE_DIR) / "training" / "base").resolve()


def checkpoint_root() -> Path:
    """Where checkpoints that were trained here are kept."""
    return (Path(settings.STORAGE_DIR) / "checkpoints").resolve()


def _own_roots() -> dict[str, Path]:
    return {"base": base_root(), "checkpoints": checkpoint_root()}


def model_roots() -> list[Path]:
    """The allowed roots, links resolved."""
    named = [Path(root).resolve() for root in settings.MODEL_ROOTS]
    return list(dict.fromkeys([*_own_roots().values(), *named]))


def resolved_below_roots(path: str | Path) -> Path:
    """The folder itself, links resolved. Raises OutsideModelRoots and UnusableFolder."""
    folder = require_below_roots(path)
    if not folder.is_dir():
        raise UnusableFolder(
            f"path: {_shown(path)} is no folder.",
            details={"field": "path", "value": str(path)[:200], "expected": "a folder"},
        )
    return folder


def require_below_roots(path: str | Path) -> Path:
    """The path with its links resolved; it need not be there. Raises OutsideModelRoots, UnusableFolder."""
    try:
        found = Path(path).resolve()
    except (OSError, ValueError, RuntimeError) as error:  # a loop of links, a NUL
        raise UnusableFolder(f"path: {_shown(path)} is no path.", details={"field": "path"}) from error
    if not any(found.is_relative_to(root) and found != root for root in model_roots()):
        # The same answer whether anything stands there or not: what lies outside is nobody's business.
        raise OutsideModelRoots(
            f"path: {_shown(path)} lies below none of the folders that may hold models.",
            details={
                "field": "path",
                "value": str(path)[:200],
                "expected": "a path below " + ", ".join(map(str, model_roots())),
            },
        )
    return found


def location_of(folder: Path) -> str:
    """How a folder, links resolved, is stored."""
    for name, root in _own_roots().items():
        if folder.is_relative_to(root):
            return f"{name}:{folder.relative_to(root).as_posix()}"
    return str(folder)


def find_folder(location: str) -> Path | None:
    """The folder of a stored location, checked as at its registration; None if it is not on this machine."""
    name, separator, rest = location.partition(":")
    root = _own_roots().get(name) if separator else None
    try:
        return resolved_below_roots(location if root is None else root / rest)
    except UnusableFolder:
        return None


def _shown(path: str | Path) -> str:
    return repr(str(path)[:200])
