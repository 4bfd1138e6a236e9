"""Rows to JSON lines: UTF-8, one object a line, no spaces, keys in the format's order."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice

from ratings.exports.files import HashedFile
from ratings.exports.rows import Row

#: Joined, encoded and hashed together; about a megabyte of preferences.
_BATCH = 1_000


def write_jsonl(rows: Iterable[Row], sink: HashedFile) -> int:
    """Writes all rows and returns their number. Raises ValueError for NaN, which is not JSON."""
    encode = json.JSONEncoder(
        ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
    ).encode
    iterator = iter(rows)
    written = 0
    while lines := [encode(row) for row in islice(iterator, _BATCH)]:
        sink.write(("\n".join(lines) + "\n").encode())
        written += len(lines)
    return written
