"""What a file has said so far: a key and a digest of its content, kept on disk, so that memory stays constant."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

_KEY_BYTES = 16


class Seen:
    """A private temporary table that SQLite spills to a file of its own and deletes with the connection."""

    def __init__(self) -> None:
        self._table = sqlite3.connect("", isolation_level=None)
        self._table.execute("PRAGMA journal_mode = OFF")
        self._table.execute("PRAGMA synchronous = OFF")
        self._table.execute("PRAGMA cache_size = -16000")
        self._table.execute("CREATE TABLE seen (key BLOB PRIMARY KEY, content BLOB) WITHOUT ROWID")
        self._table.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._table.close()

    def sift(self, entries: Sequence[tuple[bytes, bytes]]) -> list[bytes | None]:
        """For each (key, content): the content that came with this key before, or None if the key is new."""
        keys = [key for key, _ in entries]
        marks = ",".join("?" * len(keys))
        rows = self._table.execute(f"SELECT key, content FROM seen WHERE key IN ({marks})", keys)  # noqa: S608  # marks
        known: dict[bytes, bytes] = dict(rows.fetchall())
        new: dict[bytes, bytes] = {}
        found: list[bytes | None] = []
        for key, content in entries:
            earlier = known.get(key) or new.get(key)
            found.append(earlier)
            if earlier is None:
                new[key] = content
        self._table.executemany("INSERT INTO seen VALUES (?, ?)", new.items())
        return found


def fingerprint(parts: Iterable[object]) -> bytes:
    """16 bytes of BLAKE2b over the parts."""
    return hashlib.blake2b(
        repr(tuple(parts)).encode("utf-8", "backslashreplace"), digest_size=_KEY_BYTES
    ).digest()
