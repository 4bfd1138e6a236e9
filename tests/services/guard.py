"""Runs one server on behalf of a test session and ends it when that session ends, however it ends.

    python guard.py FOLDER SIGNAL USER -- PROGRAM ARGUMENT ...

The session holds the other end of our standard input and writes nothing to it. The kernel closes that pipe when the
session exits, is interrupted or is killed with -9: that is our signal to stop the server (SIGNAL first, SIGKILL to its
process group after) and to delete FOLDER ("-" for none). USER is "-" or UID:GID to drop to. The first line that we
print is the server's process id. Standard library only: this file runs as a script.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading

GRACE_SECONDS = 8.0


def watch(server: subprocess.Popen[bytes], stop_signal: signal.Signals) -> None:
    """Waits for the session's end of the pipe to close, then asks the server to stop, then insists."""
    with contextlib.suppress(OSError):
        while os.read(0, 1):
            pass
    with contextlib.suppress(ProcessLookupError):
        server.send_signal(stop_signal)
    try:
        server.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()


def main(arguments: list[str]) -> int:
    folder, signal_name, user, separator, *command = arguments
    assert separator == "--"
    uid, gid = (None, None) if user == "-" else (int(part) for part in user.split(":"))
    groups: list[int] | None = None if uid is None else []
    # A group of its own: a Ctrl-C in the terminal must not stop the server before the tests have let go of it.
    server = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=2,  # our own is for the process id alone; what else is written to it nobody reads
        process_group=0,
        user=uid,
        group=gid,
        extra_groups=groups,
    )
    sys.stdout.write(f"{server.pid}\n")
    sys.stdout.flush()
    threading.Thread(target=watch, args=(server, signal.Signals[signal_name]), daemon=True).start()
    code = server.wait()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(server.pid, signal.SIGKILL)
    if folder != "-":
        shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    sys.exit(main(sys.argv[1:]))
