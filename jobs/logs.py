"""A job's folder, and the log in it: what the work says, and what its process writes to stdout and stderr."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils import timezone

#: Bytes that are read at a time, from the end or from a given place.
PIECE = 65_536


def folder_of(job_id: int) -> Path:
    """The job's own folder in the storage, made when it is first asked for."""
    folder = Path(settings.STORAGE_DIR) / "jobs" / str(job_id)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def log_path(job_id: int) -> Path:
    return Path(settings.STORAGE_DIR) / "jobs" / str(job_id) / "log.txt"


def write_log(job_id: int, text: str) -> None:
    """Adds lines, each with its time (UTC). A log that can not be written ends no work: a full disk says so itself."""
    stamp = f"{timezone.now():%Y-%m-%d %H:%M:%S}"
    lines = "".join(f"{stamp} {line}\n" for line in text.splitlines() or [""])
    with contextlib.suppress(OSError):
        folder_of(job_id)
        # One write, appended: lines of several processes do not mix.
        with log_path(job_id).open("ab", buffering=0) as file:
            file.write(lines.encode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class LogPiece:
    """Whole lines of a log. `end`: the byte after them, to go on from; `size`: bytes of the whole log."""

    text: str
    start: int
    end: int
    size: int


def read_log(job_id: int, *, after: int | None = None) -> LogPiece:
    """The lines from byte `after` on, or the last ones; at most PIECE bytes of them. Empty where there is no log."""
    try:
        with log_path(job_id).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = max(0, size - PIECE) if after is None else min(after, size)
            file.seek(start)
            read = file.read(PIECE)
    except OSError:
        return LogPiece(text="", start=0, end=0, size=0)
    if after is None and start:
        # The piece begins inside a line.
        cut = read.find(b"\n") + 1
        start, read = start + cut, read[cut:]
    last = read.rfind(b"\n") + 1
    if last:
        read = read[:last]
    return LogPiece(text=read.decode("utf-8", "replace"), start=start, end=start + len(read), size=size)
