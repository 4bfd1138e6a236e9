"""Processes that a job's own process has started to share its work: what they take is counted with it."""

from __future__ import annotations

import contextlib
import resource
import time

import psutil

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
    """Of this process since its start, of those that share its work, and of all its children that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime + sum(map(_cpu_of, _kin))


def _cpu_of(pid: int) -> float:
    """0 once it was waited for: then it is among the children that have ended."""
    with contextlib.suppress(psutil.Error):
        taken = psutil.Process(pid).cpu_times()
        return float(taken.user + taken.system)
    return 0.0
