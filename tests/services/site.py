"""A real web server, as `make serve` starts it, that a test may kill and start again."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.services.processes import GuardedProcess, ReservedPort, is_listening
from tests.services.world import ROOT, SERVERS


class CommandFailed(AssertionError):
    """A management command ended with another status than the test expected."""


@dataclass(slots=True)
class Site:
    """One web server with its own database, storage and port.

    vendor: "postgresql" (production's world: Redis cache) or "sqlite" (the embedded world).
    """

    vendor: str
    database_url: str
    folder: Path
    workers: int = 2
    port: int = 0
    #: A Redis database of its own, so that no other site's worker takes its messages; "" in the embedded world.
    redis_url: str = ""
    _reserved: ReservedPort | None = None
    _process: GuardedProcess | None = None
    _clients: list[httpx.Client] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reserved = ReservedPort()
        self.port = self._reserved.number
        if self.vendor == "postgresql" and not self.redis_url:
            self.redis_url = SERVERS.redis_database()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What the server and its management commands run with."""
        return SERVERS.environment_of_a_process(
            self.database_url,
            REDIS_URL=self.redis_url,
            PUBLIC_URL=self.url,
            STORAGE_URL=str(self.folder / "storage"),
            ALLOW_SQLITE="1" if self.vendor == "sqlite" else "0",
        )

    @property
    def pid(self) -> int:
        """The process id of the web server's master, from the file that `make serve` documents."""
        return int(self.pid_file.read_text())

    @property
    def pid_file(self) -> Path:
        return self.folder / "web.pid"

    @property
    def log(self) -> str:
        """Everything that the server wrote to stdout and stderr since it was first started."""
        return (self.folder / "web.log").read_text(errors="replace")

    def start(self) -> None:
        """Starts the server on its port and waits until it answers."""
        if self._reserved is not None:
            self._reserved.release()
            self._reserved = None
        serve = [
            sys.executable,
            "-m",
            "tools.serve",
            "--port",
            str(self.port),
            "--workers",
            str(self.workers),
        ]
        self._process = GuardedProcess(
            [*serve, "--pid-file", str(self.pid_file), "--static-collected"],
            log=self.folder / "web.log",
            environment=self.environment,
            directory=ROOT,
            # gunicorn's quick shutdown: a test that ends has no request left to wait for.
            stop_signal="SIGQUIT",
        )
        mine = self._process.pid
        # A file that a killed server left names another process.
        self._process.wait_until(
            lambda: self.pid_file.exists() and self.pid == mine and is_listening(self.port)
        )

    def kill(self) -> None:
        """kill -9 of the master and all its workers at once, as a power cut would. The port is free afterwards."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.stop()

    def kill_master(self) -> None:
        """kill -9 of the master alone: its workers notice and end by themselves, soon after."""
        os.kill(self.pid, signal.SIGKILL)

    def restart(self) -> None:
        """Starts again after a kill."""
        assert self._process is not None
        self._process.stop()
        self.start()

    def stop(self) -> None:
        for client in self._clients:
            client.close()
        if self._process is not None:
            self._process.stop()

    def client(self, *, token: str | None = None, **options: Any) -> httpx.Client:
        """An HTTP client of the site, with a bearer token where one is given; closed when the site stops."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        client = httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False, **options)
        self._clients.append(client)
        return client

    def path_of(self, link: str) -> str:
        """The path of an absolute link that a command or page printed."""
        return re.sub(r"^https?://[^/]+", "", link)

    def manage(self, *arguments: str | Path, status: int = 0) -> dict[str, Any]:
        """Runs a management command with --json in a process of its own and returns its JSON line."""
        command = [sys.executable, "manage.py", *map(str, arguments), "--json"]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=170
        )
        if done.returncode != status:
            raise CommandFailed(
                f"{arguments} -> {done.returncode}, expected {status}\n{done.stdout}\n{done.stderr}"
            )
        answer = json.loads(done.stdout.splitlines()[-1])
        assert isinstance(answer, dict)
        return answer


@contextlib.contextmanager
def prepared_site(vendor: str, *, workers: int = 2, redis_url: str = "") -> Iterator[Site]:
    """A site on a migrated, empty database of its own whose web server does not run; all of it is gone afterwards."""
    copy = SERVERS.postgres_copy() if vendor == "postgresql" else SERVERS.sqlite_copy()
    with copy as database_url:
        folder = SERVERS.new_folder("site")
        site = Site(
            vendor=vendor, database_url=database_url, folder=folder, workers=workers, redis_url=redis_url
        )
        try:
            yield site
        finally:
            site.stop()


@contextlib.contextmanager
def running_site(vendor: str, *, workers: int = 2, redis_url: str = "") -> Iterator[Site]:
    """The same, served."""
    with prepared_site(vendor, workers=workers, redis_url=redis_url) as site:
        collect_static()
        site.start()
        yield site


_collected: list[bool] = []


def collect_static() -> None:
    """Collects the static files once a session."""
    if not _collected:
        command = [sys.executable, "-m", "tools.serve", "--only-collect-static"]
        environment = SERVERS.environment_of_a_process(SERVERS.database_url)
        subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=120)
        _collected.append(True)
