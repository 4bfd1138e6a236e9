"""A connection that the database server dropped costs nobody a request."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo

from ratings.slots.statements import fetch, fetch_one, fetch_together


@pytest.mark.parametrize("alone", [True, False])
def test_a_kept_connection_that_was_dropped_is_made_anew(transactional_db: None, alone: bool) -> None:
    row = fetch_one("SELECT pg_backend_pid()", ())
    assert row is not None
    with psycopg.connect(_address()) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", row)
    # What Django does at the beginning of a request.
    kept: Any = connection
    kept.health_check_enabled, kept.health_check_done = True, False
    try:
        found = fetch("SELECT 7", ()) if alone else fetch_together([("SELECT 7", ())])[0]
    finally:
        kept.health_check_enabled = False
    assert found == [(7,)] and fetch_one("SELECT pg_backend_pid()", ()) != row


def _address() -> str:
    info = connection.connection.info
    return make_conninfo(
        host=info.host, port=info.port, user=info.user, dbname=info.dbname, password=info.password or None
    )
