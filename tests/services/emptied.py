"""A PostgreSQL database that is emptied after each test instead of being copied and dropped.

A copy and its drop cost a second of files and a checkpoint; to delete what one test wrote costs milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from tests.services.postgres import administer

_RELATIONS = (
    "SELECT relname, relkind, relnatts FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
)
_SEQUENCES = "SELECT schemaname, sequencename, start_value, last_value FROM pg_sequences"
_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
)


class NotEmptied(RuntimeError):
    """A test changed what migrations wrote, or the tables themselves: only a new copy is empty again."""


class EmptiedDatabase:
    """`url` names a migrated database without a test's rows; whoever takes it calls `empty` when done with it."""

    def __init__(self, url: str) -> None:
        self.url = url
        with psycopg.connect(url, autocommit=True) as connection:
            self._relations = connection.execute(_RELATIONS).fetchall()
            self._tables = [name for name, kind, _ in self._relations if kind == "r"]
            self._rows = self._digests(connection, self._filled(connection))
            self._sequences = _sequences(connection)

    def empty(self) -> None:
        """Ends every other connection, deletes each row that is not of the migrations', and sets the sequences back.

        Raises NotEmptied where that does not give back the database as it was.
        """
        with administer(self.url) as server:
            server.execute(_OTHERS, [urlsplit(self.url).path[1:]])
        with psycopg.connect(self.url) as connection:
            if connection.execute(_RELATIONS).fetchall() != self._relations:
                raise NotEmptied("tables, columns or indices are others than before")
            # Django's foreign keys are checked at the commit, so that the order does not matter.
            for table in self._filled(connection) - self._rows.keys():
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            if self._digests(connection, self._rows.keys()) != self._rows:
                raise NotEmptied("rows that migrations wrote are others than before")
            self._set_sequences_back(connection)

    def _filled(self, connection: psycopg.Connection[TupleRow]) -> set[str]:
        one = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
        every = [one.format(sql.Literal(table), sql.Identifier(table)) for table in self._tables]
        return {table for (table,) in connection.execute(sql.SQL(" UNION ALL ").join(every))}

    def _digests(self, connection: psycopg.Connection[TupleRow], tables: Iterable[str]) -> dict[str, str]:
        digest = sql.SQL("SELECT md5(string_agg(row::text, chr(10) ORDER BY row::text)) FROM {} AS row")
        found = {}
        for table in tables:
            [(found[table],)] = connection.execute(digest.format(sql.Identifier(table))).fetchall()
        return found

    def _set_sequences_back(self, connection: psycopg.Connection[TupleRow]) -> None:
        for name, (start, last) in _sequences(connection).items():
            if (start, last) != self._sequences[name]:
                _, before = self._sequences[name]
                value = [sql.Identifier(*name).as_string(connection), before or start, before is not None]
                connection.execute("SELECT setval(%s, %s, %s)", value)


def _sequences(connection: psycopg.Connection[TupleRow]) -> dict[tuple[str, str], tuple[int, int | None]]:
    """(schema, name): its first value and its last one, None before its first use."""
    return {(schema, name): (start, last) for schema, name, start, last in connection.execute(_SEQUENCES)}
