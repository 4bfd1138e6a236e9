"""The folder in which the processes of a training meet, and the sweeping up of those that killed ones left behind.

    TMPDIR/starchamber-team-…/alive      locked as long as the process that leads is alive, however it ends
                             /meeting    torch's file store

In the system's temporary folder and not in the storage, which may be a network's: the store needs locks that work.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import tempfile
import time
from pathlib import Path

PREFIX = "starchamber-team-"
#: A folder without a lock is another's that just begins, or of an earlier version and at least this old (seconds).
_OLD = 24 * 3600.0


class MeetingPlace:
    """A folder that only this user can read."""

    def __init__(self) -> None:
        sweep()
        self._folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._alive = (self._folder / "alive").open("w")
        fcntl.flock(self._alive, fcntl.LOCK_EX | fcntl.LOCK_NB)

    @property
    def file(self) -> Path:
        return self._folder / "meeting"

    def leave(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._alive.close()


def sweep() -> None:
    """Removes what processes left that were killed. Other users' folders are theirs."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if _is_left(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_left(folder: Path) -> bool:
    """Raises OSError (BlockingIOError among them) where somebody is there, or it can not be told."""
    try:
        with (folder / "alive").open("r+") as alive:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except FileNotFoundError:
        return time.time() - folder.stat().st_mtime > _OLD
