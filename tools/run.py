"""Running one step after the other, each named before it runs, the failures counted at the end."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run_step(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> bool:
    """Runs a command in the checkout, printing it and its seconds; True when it ended with 0."""
    shown = shlex.join([Path(command[0]).name, *command[1:]])
    print(f"+ {shown}", flush=True)
    started = time.monotonic()
    variables = {**os.environ, **(environment or {})}
    status = subprocess.run(command, cwd=ROOT, env=variables, stdin=subprocess.DEVNULL).returncode
    verdict = "ok" if status == 0 else f"FAILED with {status}"
    print(f"  {verdict} in {time.monotonic() - started:.1f} s", flush=True)
    return status == 0


def end(failures: Sequence[str], *, all_was: str) -> None:
    """Ends the process: 0 and one line when nothing failed, else 1 and what did."""
    if failures:
        print(f"failed: {', '.join(failures)}")
        sys.exit(1)
    print(all_was)
    sys.exit(0)
