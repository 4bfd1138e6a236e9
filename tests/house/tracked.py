"""The files of the project, as git would hand them to somebody else."""

from __future__ import annotations

import functools
import subprocess

from tests.services.world import ROOT


@functools.cache
def tracked_texts() -> dict[str, str]:
    """Path -> content of every tracked text file."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    texts = {}
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if not path.is_file():
            continue
        try:
            texts[name] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return texts
