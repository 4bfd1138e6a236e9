"""Which version of the program a run was made by."""

from __future__ import annotations

import functools
import re
import tomllib
from pathlib import Path

from django.conf import settings

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@functools.cache
def code_version() -> str:
    """The version of the package, and the commit that is checked out where it lies in a repository: `0.1.0+022d6b3f`.

    Changes that are not committed do not show.
    """
    root = Path(settings.BASE_DIR)
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    commit = _commit(root / ".git")
    return f"{version}+{commit[:12]}" if commit else str(version)


def _commit(repository: Path) -> str:
    """The commit of HEAD, read from the files; "" where there is none."""
    try:
        head = (repository / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head if _COMMIT.fullmatch(head) else ""
        name = head.removeprefix("ref: ")
        loose = repository / name
        if loose.is_file():
            return loose.read_text(encoding="utf-8").strip()
        packed = (repository / "packed-refs").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    lines = (line.split(" ") for line in packed.splitlines())
    return next((parts[0] for parts in lines if parts[1:] == [name]), "")
