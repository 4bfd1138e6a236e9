"""A file or a stream as bytes, with the errors that a person needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ratings.library.errors import UnreadableFile

#: Reading ahead in large pieces is a tenth of the cost of the default's.
BUFFER_BYTES = 1024 * 1024

Readable = str | Path | BinaryIO


@contextmanager
def opened(file: Readable) -> Iterator[BinaryIO]:
    """The bytes of a path, or the stream itself, which stays open. Raises UnreadableFile."""
    if not isinstance(file, str | Path):
        yield file
        return
    try:
        stream = Path(file).open("rb", buffering=BUFFER_BYTES)  # noqa: SIM115  # closed below; errors inside are not ours
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableFile(f"{file} can not be read: {reason}.", details={"path": str(file)}) from error
    with stream:
        yield stream


def name_of(file: Readable) -> str:
    """The file's own name, for people; "" for a stream without one."""
    name = file if isinstance(file, str | Path) else getattr(file, "name", "")
    return Path(name).name if isinstance(name, str | Path) else ""
