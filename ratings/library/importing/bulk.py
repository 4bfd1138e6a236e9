"""Rows into a table as fast as the database takes them: COPY on PostgreSQL, one prepared INSERT on SQLite.

`bulk_create` builds a model object and an expression per value; at five rows a question that is most of an import.
Values must be what the driver stores as they are (JSON as text).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Model


def allocate_ids(model: type[Model], count: int) -> Sequence[int]:
    """`count` primary keys that nobody else gets. On SQLite the caller's transaction holds the write lock."""
    if not count:
        return []
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count]
            )
            return [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
        first = (row[0] if row else 0) + 1
        return range(first, first + count)


def insert_rows(model: type[Model], fields: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Adds rows of these fields, which must be all that the table needs."""
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    columns = ", ".join(quote(_column(model, name)) for name in fields)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(fields))
        cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(rows))  # noqa: S608  # our own names


def _column(model: type[Model], name: str) -> str:
    column = model._meta.get_field(name).get_attname_column()[1]  # type: ignore[union-attr]  # a field of the table
    assert column is not None, name
    return str(column)


def as_json(value: object) -> str:
    """A JSON column's value."""
    return json.dumps(value, ensure_ascii=False)


def as_timestamp(moment: datetime) -> Any:
    """A time column's value."""
    return connection.ops.adapt_datetimefield_value(moment)
