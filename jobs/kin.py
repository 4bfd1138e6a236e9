"""Processes that a job's own process has started to share its work: what they take is counted with it."""

from __future__ import annotations

import contextlib
import os
import resource
import time
from pathlib import Path

_kin: set[int] = set()


def join(pid: int) -> None:
    """A child that works on the job from here on."""
    _kin.add(pid)


def leave(pid: int) -> None:
    """It has ended, and was waited for."""
    _kin.discard(pid)


def living() -> list[int]:
    return sorted(_kin)


def cpu_seconds() -> float:
    """Of this process since its start, of those that share its work, and of all its children that have ended.

    Where the system does not say what a living child has used (it does on Linux), that counts once it has ended.
    """
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime + sum(map(_cpu_of, _kin))


def _cpu_of(pid: int) -> float:
    """0 once it was waited for: then it is among the children that have ended."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        # Behind the name, which may hold anything, stands the third field; user and system time are the 14th and 15th.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0
