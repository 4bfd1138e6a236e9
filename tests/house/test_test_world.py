"""The test world itself: what a session starts ends with it, and every world is a real one."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
from django.db import connection, transaction
from psycopg import sql

from accounts.models import AuditEvent, User
from tests.services.world import ROOT, SERVERS, connected_to
from tests.worlds import make_raters, make_study


def test_the_default_database_is_postgresql_with_durable_commits(db) -> None:
    assert connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit')")
        assert dict(cursor.fetchall()) == {"fsync": "on", "synchronous_commit": "on"}


def test_a_world_commits_in_every_thread_and_is_empty_for_the_next_test(world: str) -> None:
    assert connection.vendor == world
    assert AuditEvent.objects.count() == 0

    def write() -> None:
        with transaction.atomic():
            AuditEvent.objects.create(actor_label="thread", act="test")
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert AuditEvent.objects.get().actor_label == "thread"


def test_personas_live_in_the_database_of_the_test(world: str, owner: User, blind_analyst: User) -> None:
    assert [(user.username, user.role) for user in User.objects.order_by("username")] == [
        ("blind-analyst", "blind_analyst"),
        ("owner", "owner"),
    ]


def contents(url: str) -> dict[str, object]:
    """Every row of every table, and where every sequence stands."""
    with psycopg.connect(url) as connection:
        tables = [
            name
            for (name,) in connection.execute("SELECT tablename FROM pg_tables ORDER BY 1")
            if name[:3] != "pg_"
        ]
        found: dict[str, object] = {
            name: sorted(
                map(str, connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(name))))
            )
            for name in tables
            if not name.startswith("sql_")
        }
        found["sequences"] = connection.execute(
            "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1"
        ).fetchall()
    return found


def test_a_database_that_was_written_to_is_as_a_fresh_copy_for_the_next_test(
    django_db_setup, django_db_blocker
) -> None:
    with SERVERS.postgres_copy() as fresh:
        untouched = contents(fresh)
    with SERVERS.postgres_emptied() as url, django_db_blocker.unblock(), connected_to(url):
        make_study(questions=3)
        make_raters(count=2)
        left_open = psycopg.connect(url)
        left_open.execute("SELECT * FROM ratings_slot FOR UPDATE")
    with SERVERS.postgres_emptied() as again:
        assert again == url and contents(url) == untouched
    with pytest.raises(psycopg.OperationalError):
        left_open.execute("SELECT 1")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE auth_permission SET name = 'x'",
        pytest.param("DELETE FROM django_migrations", marks=pytest.mark.slow),
        pytest.param("ALTER TABLE ratings_study ADD x int", marks=pytest.mark.slow),
    ],
)
def test_a_database_whose_migrated_state_was_changed_is_not_used_again(django_db_setup, change: str) -> None:
    with SERVERS.postgres_emptied() as url, psycopg.connect(url) as connection:
        connection.execute(change)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


SESSION = """
import os, signal
from tests.services.postgres import Postgres
from tests.services.redis import Redis
postgres, redis = Postgres(), Redis()
postgres.start()
print(postgres.url, redis.url, flush=True)
os.kill(os.getpid(), signal.{signal})
"""


@pytest.mark.race
@pytest.mark.parametrize(
    "signal",
    [
        # What no session can prepare for; the guards see no difference to the others.
        "SIGKILL",
        pytest.param("SIGTERM", marks=pytest.mark.slow),
        pytest.param("SIGINT", marks=pytest.mark.slow),
    ],
)
def test_the_servers_end_with_the_session_that_started_them(signal: str, tmp_path: Path) -> None:
    session = subprocess.run(
        [sys.executable, "-c", SESSION.format(signal=signal)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "TMPDIR": str(open_to_all(tmp_path))},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert session.stdout, session.stderr
    assert session.returncode != 0
    url = session.stdout.split()[0]
    deadline = time.monotonic() + 15
    while any(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def open_to_all(folder: Path) -> Path:
    """pytest's folders are closed to the user that PostgreSQL drops to."""
    for place in (folder, folder.parent, folder.parent.parent):
        place.chmod(0o711)
    return folder
