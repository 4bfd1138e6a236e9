"""The databases of a test session, and pointing the test process's Django at one of them.

PostgreSQL starts when the first test asks for a database, so that units run without any. One migrated database is
kept as a template. A live world is a copy of it (a file copy on SQLite), which goes away with its test, or, where no
process of the test could outlive it, a copy that is emptied for the next one.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.services.emptied import EmptiedDatabase, NotEmptied
from tests.services.postgres import Postgres, create_database, drop_database
from tests.services.processes import new_folder
from tests.services.redis import Redis

ROOT = Path(__file__).resolve().parents[2]
SECRET_KEY = "the-test-suite-signs-with-this-and-nobody-else"
TEMPLATE = "starchamber_template"


class Servers:
    """What this session runs on: the caller's servers where TEST_… names them, else our own."""

    def __init__(self) -> None:
        self._postgres = None if os.environ.get("TEST_DATABASE_URL") else Postgres()
        self._redis = None if os.environ.get("TEST_REDIS_URL") else Redis()
        self._serial = itertools.count(1)
        self._free: list[EmptiedDatabase] = []

    @property
    def database_url(self) -> str:
        return os.environ["TEST_DATABASE_URL"] if self._postgres is None else self._postgres.url

    @property
    def redis_url(self) -> str:
        return os.environ["TEST_REDIS_URL"] if self._redis is None else self._redis.url

    def redis_database(self) -> str:
        """The URL of an emptied database of the Redis server; the last fifteen that were handed out are apart."""
        import redis

        url = urlsplit(self.redis_url)._replace(path=f"/{next(self._serial) % 15 + 1}").geturl()
        with redis.Redis.from_url(url) as client:
            client.flushdb()
        return url

    @functools.cached_property
    def folder(self) -> Path:
        """A temporary folder of this session, removed at its end."""
        folder = new_folder("session")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def new_folder(self, name: str) -> Path:
        folder = self.folder / f"{name}-{next(self._serial)}"
        folder.mkdir()
        return folder

    def prepare_environment(self) -> None:
        """Sets every variable that settings read, so that neither a developer's shell nor `.env` changes a result."""
        for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
            os.environ.pop(f"{name}_FILE", None)
        os.environ.update(self._environment(self.database_url))

    def environment_of_a_process(self, database_url: str, **changes: str) -> dict[str, str]:
        """What a process of the product itself, a server or a command, runs with."""
        own = {"DJANGO_SETTINGS_MODULE": "config.settings", **self._environment(database_url), **changes}
        return {**os.environ, **own}

    def _environment(self, database_url: str) -> dict[str, str]:
        return {
            "DATABASE_URL": database_url,
            "REDIS_URL": "",
            "SECRET_KEY": SECRET_KEY,
            "PUBLIC_URL": "http://127.0.0.1:8000",
            "STORAGE_URL": str(self.folder / "storage"),
            "DEBUG": "0",
            "ALLOW_SQLITE": "0",
            "STARCHAMBER_DEMO": "0",
            # Short, so that a test need not wait long for what a kill leaves behind.
            "JOB_LEASE_SECONDS": "3",
            "JOB_WATCH_SECONDS": "1",
        }

    def start_postgres(self) -> None:
        if self._postgres is not None:
            self._postgres.start()

    def stop(self) -> None:
        for server in (self._redis, self._postgres):
            if server is not None:
                server.stop()

    def keep_as_template(self, migrated: str) -> None:
        """Keeps a copy of the freshly migrated database of that name, to which nobody may be connected."""
        create_database(self.database_url, name=TEMPLATE, template=migrated)

    @property
    def outlive_the_session(self) -> bool:
        """Whether the database server is the caller's. Our own goes away whole, with every database in it."""
        return self._postgres is None

    def drop_template(self) -> None:
        while self._free:
            drop_database(self._free.pop().url)
        drop_database(urlsplit(self.database_url)._replace(path=f"/{TEMPLATE}").geturl())

    @contextlib.contextmanager
    def postgres_copy(self) -> Iterator[str]:
        """The URL of a migrated, empty PostgreSQL database of the caller's own."""
        name = f"starchamber_live_{next(self._serial)}"
        url = create_database(self.database_url, name=name, template=TEMPLATE)
        try:
            yield url
        finally:
            drop_database(url)

    @contextlib.contextmanager
    def postgres_emptied(self) -> Iterator[str]:
        """The same for tests that start no process: a database that tests before it wrote to, and is empty again."""
        database = self._free.pop() if self._free else self._new_emptied()
        try:
            yield database.url
        finally:
            try:
                database.empty()
            except (NotEmptied, psycopg.Error):
                drop_database(database.url)
            else:
                self._free.append(database)

    def _new_emptied(self) -> EmptiedDatabase:
        name = f"starchamber_emptied_{next(self._serial)}"
        return EmptiedDatabase(create_database(self.database_url, name=name, template=TEMPLATE))

    @contextlib.contextmanager
    def sqlite_copy(self) -> Iterator[str]:
        """The URL of a migrated, empty SQLite file of the caller's own."""
        folder = self.new_folder("sqlite")
        copy = folder / "starchamber.sqlite3"
        shutil.copyfile(self._sqlite_template, copy)
        try:
            yield f"sqlite:///{copy}"
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @functools.cached_property
    def _sqlite_template(self) -> Path:
        template = self.folder / "template.sqlite3"
        environment = self.environment_of_a_process(f"sqlite:///{template}")
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v", "0"],
            cwd=ROOT,
            env=environment,
            check=True,
            timeout=120,
        )
        return template


SERVERS = Servers()


@contextlib.contextmanager
def connected_to(url: str) -> Iterator[None]:
    """Points this process's default connection, in every thread, at another database for a while.

    Commits are real there. The ORM serves to arrange and to assert beside a live server on the same database.
    """
    from django.db import connections

    from config.env import read_database

    previous_url = os.environ["DATABASE_URL"]
    settings = connections.settings["default"]
    previous = dict(settings)
    os.environ["DATABASE_URL"] = url
    _point(settings, {**previous, "CONN_MAX_AGE": 0, **read_database()[0]})
    try:
        yield
    finally:
        os.environ["DATABASE_URL"] = previous_url
        _point(settings, previous)


def _point(settings: dict[str, object], target: dict[str, object]) -> None:
    from django.db import connections

    connections["default"].close()
    # Threads build their connection from this very dictionary; the wrapper's class depends on the engine in it.
    settings.clear()
    settings.update(target)
    del connections["default"]
