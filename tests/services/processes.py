"""Starting a guarded server, free ports, and the user to drop to when the suite runs as root."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

GUARD = Path(__file__).with_name("guard.py")


class ServerDied(RuntimeError):
    """A server ended while it started. The message holds the end of its log."""


class ReservedPort:
    """A port of 127.0.0.1 that nobody else gets until `release`: known at once, used when the server starts."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def release(self) -> int:
        self._socket.close()
        return self.number


class GuardedProcess:
    """A server that ends with this session (see guard.py). Its output goes to `log`."""

    def __init__(
        self,
        command: list[str],
        *,
        log: Path,
        folder: Path | None = None,
        stop_signal: str = "SIGTERM",
        user: pwd.struct_passwd | None = None,
        environment: dict[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        self.log = log
        place = "-" if folder is None else str(folder)
        identity = "-" if user is None else f"{user.pw_uid}:{user.pw_gid}"
        guard = [sys.executable, "-S", str(GUARD), place, stop_signal, identity, "--"]
        with log.open("ab") as output:
            self._guard = subprocess.Popen(
                guard + command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env=environment,
                cwd=directory,
                start_new_session=True,
            )
        assert self._guard.stdout is not None
        first_line = self._guard.stdout.readline()
        if not first_line.strip():
            raise ServerDied(f"{command[0]} did not start:\n{self.log_end()}")
        self.pid = int(first_line)

    @property
    def is_running(self) -> bool:
        return self._guard.poll() is None

    def wait_until(self, ready: Callable[[], bool], *, seconds: float = 30.0) -> None:
        """Returns when `ready()` is true; raises ServerDied when the server ended or took longer than `seconds`."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.is_running or time.monotonic() > deadline:
                self.stop()
                raise ServerDied(f"the server did not get ready; the end of {self.log}:\n{self.log_end()}")
            time.sleep(0.02)

    def wait(self, *, seconds: float = 30.0) -> int:
        """Waits for the server to end by itself and returns its exit status."""
        return self._guard.wait(seconds)

    def stop(self) -> None:
        """Stops the server and waits until it is gone. Does nothing the second time."""
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait(30)
        assert self._guard.stdout is not None
        self._guard.stdout.close()

    def log_end(self) -> str:
        try:
            return self.log.read_text(errors="replace")[-3000:]
        except OSError:
            return "(no log)"


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def unprivileged_user() -> pwd.struct_passwd | None:
    """Whom a server that refuses root must run as; None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("running as root, and neither a user postgres nor nobody exists to run PostgreSQL as")


def new_folder(name: str, *, owner: pwd.struct_passwd | None = None) -> Path:
    """A fresh temporary folder, which `owner` can reach and owns."""
    base = Path(tempfile.gettempdir())
    if owner is not None and not all(place.stat().st_mode & 0o001 for place in (base, *base.parents)):
        base = Path("/tmp")  # noqa: S108 - mkdtemp below makes an unguessable name that only its owner can enter
    folder = Path(tempfile.mkdtemp(prefix=f"starchamber-{name}-", dir=base))
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    return folder


def can_run(program: Path, user: pwd.struct_passwd | None) -> bool:
    """Whether `user` (None: we ourselves) may execute the program where it lies."""
    try:
        return run_as(user, [str(program), "--version"]).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def run_as(
    user: pwd.struct_passwd | None, command: list[str], *, directory: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a short command as `user` (None: as we ourselves) and returns its status and output."""
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=directory,
        user=None if user is None else user.pw_uid,
        group=None if user is None else user.pw_gid,
        extra_groups=None if user is None else [],
    )


def install_with_apt(package: str) -> bool:
    """Installs a Debian package when we are root on Debian. Says what it does in one line."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return False
    say(f"installing {package} with apt-get")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", package]):
        done = subprocess.run(
            [apt, "-qq", *command], env=quiet, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
        if done.returncode != 0:
            return False
    return True


def say(line: str) -> None:
    sys.stderr.write(f"test servers: {line}\n")
    sys.stderr.flush()
