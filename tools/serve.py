"""`make serve`: refuses what must not face people, collects the static files, then runs gunicorn."""

from __future__ import annotations

import argparse
import hashlib
import os
import socket
import sys
import time
from pathlib import Path
from typing import NoReturn

from tools.fitness import debugging, public_secret, unfit_database, whole_number

ROOT = Path(__file__).resolve().parent.parent

#: Static folders of installed packages that no page of ours uses: megabytes that would be hashed and compressed.
UNUSED_STATIC = ["redoc", "rest_framework", "django_htmx"]


def refuse(reason: str) -> NoReturn:
    """Ends the start with one line that says what to do."""
    sys.stderr.write(f"make serve: {reason}\n")
    sys.exit(1)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make serve", description=__doc__)
    parser.add_argument("--port", type=lambda text: whole_number(text, low=1, high=65535), default=8000)
    parser.add_argument("--workers", type=lambda text: whole_number(text, low=1, high=256), default=2)
    parser.add_argument("--pid-file", type=Path, default=ROOT / "var" / "web.pid")
    parser.add_argument("--static-collected", action="store_true", help="the static files stand already")
    parser.add_argument("--only-collect-static", action="store_true", help="collect the static files and end")
    return parser.parse_args(arguments)


def check() -> None:
    """The site must be fit for people: a secret of one's own, no debugging, a real and migrated database."""
    from config.settings import ENVIRONMENT

    reason = public_secret() or debugging()
    if reason is None and ENVIRONMENT.database_vendor == "sqlite" and not ENVIRONMENT.allow_sqlite:
        reason = (
            "DATABASE_URL names SQLite, which serves few raters; name a PostgreSQL, or set ALLOW_SQLITE=1"
        )
    reason = reason or unfit_database()
    if reason is not None:
        refuse(reason)


def collect_static() -> None:
    """Copies, hashes and compresses the static files, unless nothing changed since the last time."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    found = [
        (path, storage.path(path))
        for finder in get_finders()
        for path, storage in finder.list(ignore_patterns=[])
    ]
    lines = [str(settings.STORAGES["staticfiles"])]
    for path, place in sorted(found):
        state = os.stat(place)
        lines.append(f"{path} {place} {state.st_size} {state.st_mtime_ns}")
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if stamp.exists() and stamp.read_text() == digest:
        return
    sys.stderr.write("make serve: collecting static files\n")
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=UNUSED_STATIC)
    stamp.write_text(digest)


def wait_for_port(port: int, *, seconds: float = 5.0) -> None:
    """Returns when the port can be had. The workers of a server that was just killed hold it a moment longer."""
    deadline = time.monotonic() + seconds
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except PermissionError:
                refuse(f"port {port} needs more rights than this user has; choose one above 1023 with PORT=…")
            except OSError:
                if time.monotonic() > deadline:
                    refuse(f"port {port} is in use; choose another with PORT=…")
            else:
                return
        time.sleep(0.05)


def run_gunicorn(options: argparse.Namespace) -> None:
    """Runs gunicorn in this process: its id is the master's, and Django is loaded once for all workers."""
    from gunicorn.app.wsgiapp import run

    os.environ["STARCHAMBER_BIND"] = f"127.0.0.1:{options.port}"
    os.environ["STARCHAMBER_WORKERS"] = str(options.workers)
    os.environ["STARCHAMBER_PID_FILE"] = str(options.pid_file.resolve())
    sys.argv = ["gunicorn", "--config", str(ROOT / "config" / "gunicorn.py")]
    run()


def main() -> None:
    options = parse(sys.argv[1:])
    os.chdir(ROOT)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()
    if options.only_collect_static:
        collect_static()
        return
    check()
    if not options.static_collected:
        collect_static()
    wait_for_port(options.port)
    run_gunicorn(options)


if __name__ == "__main__":
    main()
