"""Rows to Parquet: fixed row groups, encoding and compression, so that the same rows are the same bytes.

pyarrow is imported by this module and the schemas alone, which are loaded when a Parquet file is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq

from ratings.exports.files import HashedFile
from ratings.exports.rows import Row

#: Rows of one row group: some 5 MB of preferences, which is what the writer holds at once.
_ROW_GROUP = 5_000


def write_parquet(rows: Iterable[Row], sink: HashedFile, *, schema: pa.Schema) -> int:
    """Writes all rows and returns their number. No row at all makes a valid file without row groups."""
    iterator = iter(rows)
    written = 0
    with (
        pa.PythonFile(sink, mode="w") as file,
        pq.ParquetWriter(file, schema, compression="zstd", compression_level=3, version="2.6") as writer,
    ):
        while batch := list(islice(iterator, _ROW_GROUP)):
            writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema), row_group_size=_ROW_GROUP)
            written += len(batch)
    return written
