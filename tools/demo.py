"""`make demo`: sets up, fills and serves a whole Starchamber on this machine, with nothing but Python.

The embedded world: SQLite, one web process, one worker, at most 8 raters, bound to 127.0.0.1, with a key of its own.
Once the site is up, the worker closes the whole loop live (tools/demo_loop.py). Everything it makes lies below
var/demo; a second run finds it there and is quick. `--check` does the same, waits for the loop, visits every page as
a member of the staff and as a rater, and ends.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NoReturn

from tools.demo_check import check_site

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "demo"
SAMPLES = ROOT / "ratings" / "library" / "samples"
INSTRUCTIONS = SAMPLES / "instructions.md"
SOURCES = ["explicit", "terse", "circular"]
#: What the simulated raters like, as natural logs.
STRENGTHS = {"explicit": 0.9, "terse": 0.2, "circular": -1.1}
READY_SECONDS = 60
#: The loop takes two or three minutes on two idle cores.
LOOP_SECONDS = 1200


def say(line: str = "") -> None:
    print(line, flush=True)


def fail(reason: str) -> NoReturn:
    sys.stderr.write(f"make demo: {reason}\n")
    sys.exit(1)


def demo_environment(port: int) -> dict[str, str]:
    """The demo's own settings; a developer's .env or shell has no part in them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    key_file = FOLDER / "secret_key"
    if not key_file.exists():
        key_file.touch(mode=0o600)
        key_file.write_text(secrets.token_urlsafe(48))
    own = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"sqlite:///{FOLDER / 'starchamber.sqlite3'}",
        "SECRET_KEY": key_file.read_text(),
        "STORAGE_URL": str(FOLDER / "storage"),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "REDIS_URL": "",
        "DEBUG": "0",
        "ALLOW_SQLITE": "1",
        "STARCHAMBER_DEMO": "1",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.endswith("_FILE")}
    return {**inherited, **own}


def prepare(environment: dict[str, str]) -> tuple[str, list[str]]:
    """Migrates, fills where that was not done yet, and mints links: the owner's, and those of three raters."""
    command = [sys.executable, "-m", "tools.demo_fill"]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        fail("the demo could not be filled (the reason stands above)")
    links: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return links["owner"], links["raters"]


def start_server(environment: dict[str, str], port: int) -> subprocess.Popen[bytes]:
    """The production web server with one process, which a SQLite file wants."""
    command = [sys.executable, "-m", "tools.serve", "--port", str(port), "--workers", "1"]
    pid_file = FOLDER / "web.pid"
    server = subprocess.Popen([*command, "--pid-file", str(pid_file)], cwd=ROOT, env=environment)
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            fail("the web server did not start (its reason stands above)")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):  # noqa: S310 - our own address
                # Another server on this port would answer too.
                if pid_file.exists() and pid_file.read_text().strip() == str(server.pid):
                    return server
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.1)
    server.terminate()
    fail(f"the web server did not answer within {READY_SECONDS} s")


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def start_worker(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """The demo's one worker."""
    command = [sys.executable, "-m", "tools.worker", "--pid-folder", str(FOLDER)]
    return subprocess.Popen(command, cwd=ROOT, env=environment)


def start_loop(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tools.demo_loop"], cwd=ROOT, env=environment)


def show(owner: str, raters: list[str], *, port: int, seconds: float) -> None:
    say()
    say(f"Starchamber is ready at http://127.0.0.1:{port} ({seconds:.0f} s)")
    say()
    say("As a researcher (a link signs in once; run make demo again for another):")
    say(f"  {owner}")
    say("As a rater of the open study (three raters; open one on a phone-sized window):")
    for link in raters:
        say(f"  {link}")
    say()
    say("Ctrl-C stops all of it. What you did stays in var/demo; remove that folder to begin anew.")
    say()
    say("The loop, live (watch it under Runs):")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--check", action="store_true", help="visit every page, then end")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    begun = time.monotonic()
    environment = demo_environment(options.port)
    owner, raters = prepare(environment)
    server = start_server(environment, options.port)
    processes = [server]
    try:
        show(owner, raters, port=options.port, seconds=time.monotonic() - begun)
        processes += [start_worker(environment), start_loop(environment)]
        if options.check:
            wait_for_the_loop(processes[-1])
            check(options.port, owner, raters[0])
        else:
            server.wait()
            fail("the web server ended (its reason stands above)")
    except KeyboardInterrupt:
        say("\nStopped.")
    finally:
        for process in reversed(processes):
            stop(process)


def wait_for_the_loop(loop: subprocess.Popen[bytes]) -> None:
    try:
        if loop.wait(timeout=LOOP_SECONDS):
            fail("the loop did not close (the reason stands above)")
    except subprocess.TimeoutExpired:
        fail(f"the loop was not closed within {LOOP_SECONDS} s")


def check(port: int, owner: str, rater: str) -> None:
    visited, problems = check_site(f"http://127.0.0.1:{port}", owner_link=owner, rater_link=rater)
    for problem in problems:
        say(f"  {problem}")
    if problems:
        fail(f"{len(problems)} of {visited} pages and acts failed")
    say(f"Checked {visited} pages and acts: all well.")


if __name__ == "__main__":
    main()
