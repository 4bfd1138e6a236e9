"""Runs the hand-written statements of the rater's loop: prepared on PostgreSQL, plain on SQLite.

Planning is most of PostgreSQL's share of a rating, and Django's own cursors bind on the client, which rules prepared
statements out. So these few statements go to psycopg directly, over Django's connection and inside its transaction.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.db import connection

Row = tuple[Any, ...]
Statement = tuple[str, Sequence[Any]]


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def fetch(sql: str, params: Sequence[Any]) -> list[Row]:
    """All rows of a statement. Parameters are %s on both databases."""
    if not is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall()) if cursor.description else []
    _connect()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as raw:
        raw.execute(sql, params, prepare=True)
        # Counted like Django's own, so that a test can hold the number of statements per rating.
        if connection.queries_logged:
            connection.queries_log.append({"sql": sql, "time": "0"})
        return raw.fetchall() if raw.description else []


def fetch_one(sql: str, params: Sequence[Any]) -> Row | None:
    rows = fetch(sql, params)
    return rows[0] if rows else None


def fetch_together(statements: Sequence[Statement]) -> list[list[Row]]:
    """The rows of several statements that do not wait for each other's answers: one round trip on PostgreSQL.

    They run one after the other, each with a snapshot of its own; an error in one is raised, the later ones are void.
    """
    if not is_postgresql():
        return [fetch(sql, params) for sql, params in statements]
    _connect()
    with connection.wrap_database_errors:
        cursors = []
        with connection.connection.pipeline():
            for sql, params in statements:
                cursors.append(psycopg.Cursor(connection.connection))
                cursors[-1].execute(sql, params, prepare=True)
                if connection.queries_logged:
                    connection.queries_log.append({"sql": sql, "time": "0"})
        return [cursor.fetchall() if cursor.description else [] for cursor in cursors]


def _connect() -> None:
    """What Django's own cursors do first: a kept connection that the server dropped is made anew."""
    connection.close_if_health_check_failed()
    connection.ensure_connection()


def moment(value: datetime) -> Any:
    """A point in time as this database takes it."""
    return connection.ops.adapt_datetimefield_value(value)


def read_moment(value: Any) -> datetime | None:
    """A point in time as this database gives it (SQLite: text, or naive; always UTC)."""
    if value is None:
        return None
    read = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


def as_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def read_json(value: Any) -> Any:
    """A JSON column: text on both databases, as Django registers it."""
    return json.loads(value) if isinstance(value, str) else value


def as_text(value: Any) -> str:
    """The same column as text, to look up by."""
    return value if isinstance(value, str) else as_json(value)
