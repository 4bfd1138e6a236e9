"""`make worker`: refuses what must not run, then waits for jobs until it is stopped."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import itertools
import os
import socket
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from tools.fitness import debugging, public_secret, unfit_database, whole_number

ROOT = Path(__file__).resolve().parent.parent
QUEUES = "generate,train,analysis"


def queue_names(text: str) -> list[str]:
    names = {name.strip() for name in text.split(",")} - {""}
    if not names or names - set(QUEUES.split(",")):
        raise argparse.ArgumentTypeError(f"{text!r}: expected some of {QUEUES}")
    return sorted(names)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make worker", description=__doc__)
    parser.add_argument("--queues", type=queue_names, default=queue_names(QUEUES), help="what it waits for")
    parser.add_argument(
        "--concurrency",
        type=lambda text: whole_number(text, low=1, high=256),
        default=1,
        help="how many jobs it does at a time",
    )
    parser.add_argument("--pid-folder", type=Path, default=ROOT / "var", help="where worker-N.pid is written")
    return parser.parse_args(arguments)


def check() -> None:
    """The same that the web server refuses; on the embedded world (SQLite) trials need no key of their own."""
    from config.settings import ENVIRONMENT

    reason = None if ENVIRONMENT.database_vendor == "sqlite" else public_secret() or debugging()
    reason = reason or unfit_database()
    if reason is not None:
        sys.stderr.write(f"make worker: {reason}\n")
        sys.exit(1)


@contextlib.contextmanager
def numbered(folder: Path) -> Iterator[str]:
    """`worker-N` with the lowest free N, its process id in the file of that name, which goes with the process.

    Whoever holds the lock on the file has the number: one that a killed worker left is free.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        path = folder / f"worker-{number}.pid"
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if not _lock(file, path):
                continue
            os.ftruncate(file, 0)
            os.write(file, f"{os.getpid()}\n".encode())
            try:
                yield path.stem
            finally:
                path.unlink(missing_ok=True)
            return
        finally:
            os.close(file)


def _lock(file: int, path: Path) -> bool:
    """Whether the number is ours now. A file that went away between open and lock is not the one that others see."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(file), os.stat(path))
    except OSError:
        return False


def run_celery(name: str, queues: list[str], concurrency: int) -> int:
    """Waits for jobs until a signal says otherwise; returns the exit status."""
    from celery.exceptions import SecurityWarning

    from config.celery import app

    # It is about pickled messages read as root; ours are JSON.
    warnings.simplefilter("ignore", SecurityWarning)
    worker = app.Worker(
        hostname=f"{name}@{socket.gethostname()}",
        queues=queues,
        concurrency=concurrency,
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    sys.stderr.write(f"{name} waits for {', '.join(queues)}; Ctrl-C stops\n")
    worker.start()
    return int(worker.exitcode or 0)


def main() -> None:
    options = parse(sys.argv[1:])
    os.chdir(ROOT)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    check()
    with numbered(options.pid_folder) as name:
        status = run_celery(name, options.queues, options.concurrency)
    sys.exit(status)


if __name__ == "__main__":
    main()
