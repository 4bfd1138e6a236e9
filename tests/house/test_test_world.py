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

from accounts.models import AuditEvent, User
from tests.services.world import ROOT


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
