"""A PostgreSQL cluster whose power can be cut: kill -9 of the server and every process of it, and on again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from tests.services.postgres import (
    NAME,
    Postgres,
    _make_cluster,
    _reachable,
    accepts_connections,
    administer,
    find_binaries,
)
from tests.services.processes import GuardedProcess, new_folder, unprivileged_user


class Cluster(Postgres):
    """A cluster of its own whose folder outlives its server."""

    def start(self) -> None:
        self._user = unprivileged_user()
        self._folder = new_folder("cut", owner=self._user)
        self._binaries = _reachable(find_binaries(), folder=self._folder, user=self._user)
        _make_cluster(self._binaries, folder=self._folder, password=self._password, user=self._user)
        self._number = self._port.release()
        self._run()
        with administer(self.url) as connection:
            connection.execute(f'CREATE DATABASE "{NAME}"')

    def _run(self) -> None:
        self._process = GuardedProcess(
            [
                str(self._binaries / "postgres"),
                *("-D", str(self._folder / "data")),
                *("-p", str(self._number)),
                *("-k", str(self._folder)),
            ],
            log=self._folder / "log",
            stop_signal="SIGQUIT",
            user=self._user,
            directory=self._folder,
        )
        self._process.wait_until(lambda: accepts_connections(self.url))

    def cut(self) -> None:
        """kill -9 of all of it at once, then on again: it recovers from its log of writes."""
        assert self._process is not None
        victims = [self._process.pid, *_children(self._process.pid)]
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.stop()
        deadline = time.monotonic() + 10
        while any(Path(f"/proc/{pid}").exists() for pid in victims) and time.monotonic() < deadline:
            time.sleep(0.02)
        self._run()

    def stop(self) -> None:
        super().stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            if int(entry.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.parent.name))
    return found


@contextlib.contextmanager
def running_cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
