"""A file that appears whole or not at all: written beside its place, hashed on the way, renamed at the end."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ratings.exports.errors import CannotWrite


class HashedFile:
    """A binary sink that counts and hashes what passes. Sequential: nothing can be written twice."""

    def __init__(self, raw: IO[bytes], *, path: Path) -> None:
        self._raw = raw
        self._hash = hashlib.sha256()
        #: Where the bytes lie until they are published.
        self.path = path
        self.bytes = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        self._raw.write(data)
        self._hash.update(data)
        size = len(memoryview(data).cast("B"))
        self.bytes += size
        return size

    def tell(self) -> int:
        return self.bytes

    def flush(self) -> None:
        self._raw.flush()

    def close(self) -> None:
        """Parquet's writer closes its sink; the file itself is closed by `written_aside`."""

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def sync(self) -> None:
        """The bytes are on the disk when this returns."""
        self._raw.flush()
        os.fsync(self._raw.fileno())

    def publish(self, target: Path) -> None:
        """Puts the finished file in its place, over an older one. Same folder, so one atomic rename."""
        os.replace(self.path, target)


@contextmanager
def written_aside(folder: Path, *, name: str) -> Iterator[HashedFile]:
    """A sink for a file that will be called `name`, in `folder`; unpublished, it is gone afterwards.

    Raises CannotWrite when the folder takes no file, or the disk no more bytes.
    """
    path = folder / f".{name[:100]}.{secrets.token_hex(6)}.part"
    try:
        with open(path, "xb", buffering=1 << 20) as raw:
            yield HashedFile(raw, path=path)
    except OSError as error:
        raise CannotWrite(
            f"{folder / name} can not be written: {error.strerror or error}.",
            details={"path": str(folder / name), "reason": error.strerror or str(error)},
        ) from error
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def check_target(path: Path) -> None:
    """Raises CannotWrite when `path` can not name a file: it is a folder, or its own folder does not exist."""
    reason = ""
    if path.is_dir():
        reason = "it is a folder, expected the name of a file"
    elif not path.parent.is_dir():
        reason = f"there is no folder {path.parent}"
    if reason:
        raise CannotWrite(
            f"{path} can not be written: {reason}.", details={"path": str(path), "reason": reason}
        )
