"""How gunicorn runs the site. `make serve` (tools/serve.py) starts it; the address and workers come from there."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
from pathlib import Path
from typing import Any

wsgi_app = "config.wsgi"
bind = os.environ.get("STARCHAMBER_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("STARCHAMBER_WORKERS", "2"))

worker_class = "gthread"
threads = 4
#: Raters keep their connection between two triples; a proxy does so for long.
keepalive = 30
#: A worker that hangs this long is replaced (seconds). Uploads and streamed exports run in threads and do not count.
timeout = 60
graceful_timeout = 20
#: The application is loaded once, before the fork: a broken start ends at once, and memory is shared.
preload_app = True
#: Connections that wait while all threads work.
backlog = 512
#: Written every second or so by each worker: memory, not a disk.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - gunicorn makes its own file in it
#: No second way in: the site is run by signals.
control_socket_disable = True

accesslog = None
errorlog = "-"
loglevel = "warning"

PR_SET_PDEATHSIG = 1


def _pid_file() -> Path | None:
    name = os.environ.get("STARCHAMBER_PID_FILE")
    return Path(name) if name else None


def when_ready(server: Any) -> None:
    """Writes the master's process id once the port is ours; an older file is a leftover and is replaced."""
    gc.collect()
    # Frozen objects are never walked again, so that a worker's collector leaves the shared pages shared.
    gc.freeze()
    path = _pid_file()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.write_text(f"{os.getpid()}\n")
        fresh.replace(path)
    host, port = server.address[0][:2]
    sys.stderr.write(f"serving at http://{host}:{port} with {server.num_workers} workers; Ctrl-C stops\n")


def on_exit(server: Any) -> None:
    """Removes the process id, if it is still ours."""
    path = _pid_file()
    if path is not None and path.exists() and path.read_text().strip() == str(os.getpid()):
        path.unlink()


def post_fork(server: Any, worker: Any) -> None:
    """Ties a worker's life to its master's: after a kill -9 of the master the port is free at once.

    Linux only; elsewhere a worker looks for its master every second.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != server.pid:  # the master died between the fork and the line above
        os.kill(os.getpid(), signal.SIGTERM)
