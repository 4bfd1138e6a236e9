"""The virtual environment of the slow tests: made once from requirements-slow.txt, made again when that changes."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from tests.services.world import ROOT

REQUIREMENTS = ROOT / "requirements-slow.txt"
FOLDER = ROOT / ".venv-slow"


def slow_python() -> Path:
    """The Python of .venv-slow, which this call makes if it is missing or out of date (a minute or two)."""
    python = FOLDER / "bin" / "python"
    stamp = FOLDER / "made-from"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
    torch = next(line for line in REQUIREMENTS.read_text().splitlines() if line.startswith("torch=="))
    for what in ([torch], ["-r", str(REQUIREMENTS)]):
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *what], check=True)
    # Last, so that an installation that was cut short is begun again.
    stamp.write_text(wanted)
    return python
