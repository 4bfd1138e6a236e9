"""How much memory this process holds, and others with it, as the system counts it."""

from __future__ import annotations

import contextlib
import resource
import sys
from collections.abc import Iterable
from pathlib import Path

_CLEAR = Path("/proc/self/clear_refs")


def peak_bytes(others: Iterable[int] = ()) -> int | None:
    """The most that this process has held since it began, or since `forget_peak`. None where nobody says.

    others: processes whose own most is added, where the system says it.
    """
    found = _status("VmHWM")
    if found is None and sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return None if found is None else found + sum(_status("VmHWM", pid) or 0 for pid in others)


def held_bytes() -> int | None:
    """What this process holds now. None where nobody says."""
    return _status("VmRSS")


def forget_peak() -> None:
    """From here on `peak_bytes` counts anew, where the system lets a process ask for that (Linux)."""
    with contextlib.suppress(OSError):
        _CLEAR.write_text("5")


def _status(name: str, pid: int | str = "self") -> int | None:
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return 1024 * int(line.split()[1])
    return None
