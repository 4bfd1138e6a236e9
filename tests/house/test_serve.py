"""`make serve`: what it refuses, what it writes, and what a kill -9 leaves behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.services.processes import ReservedPort, is_listening
from tests.services.site import Site
from tests.services.world import ROOT, SERVERS


def serve(database_url: str, pid_file: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """Runs `make serve`'s program where it is expected to refuse."""
    return subprocess.run(
        [sys.executable, "-m", "tools.serve", "--port", "1", "--pid-file", str(pid_file)],
        cwd=ROOT,
        env=SERVERS.environment_of_a_process(database_url, **changes),
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SECRET_KEY": "insecure-embedded-key-for-local-trials-only"}, "SECRET_KEY is the public default"),
        ({"DEBUG": "1"}, "DEBUG=1"),
        ({}, "set ALLOW_SQLITE=1"),
        ({"ALLOW_SQLITE": "1"}, "unapplied migrations"),
        ({"DATABASE_URL": "postgresql://nobody:x@127.0.0.1:1/none"}, "the database does not answer"),
    ],
)
def test_it_refuses_what_must_not_face_people_in_one_line(
    changes: dict[str, str], said: str, tmp_path: Path
) -> None:
    answer = serve(f"sqlite:///{tmp_path}/empty.sqlite3", tmp_path / "web.pid", **changes)
    assert answer.returncode == 1
    assert said in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert not (tmp_path / "web.pid").exists()


def test_its_pid_file_names_the_master_and_goes_with_it(live_site: Site) -> None:
    master = psutil.Process(live_site.pid)
    started = time.monotonic()
    while len(master.children()) != live_site.workers:
        assert time.monotonic() - started < 10
        time.sleep(0.05)
    assert live_site.client().get("/accounts/login/").status_code == 200
    live_site.stop()
    assert not live_site.pid_file.exists()
    assert not is_listening(live_site.port)


@pytest.mark.race
def test_a_killed_master_frees_the_port_at_once_and_a_new_one_starts(any_site: Site) -> None:
    # A client that keeps its connection, as browsers do, must not hold the port.
    client = any_site.client()
    assert client.get("/accounts/login/").status_code == 200
    any_site.kill_master()
    started = time.monotonic()
    while is_listening(any_site.port):
        assert time.monotonic() - started < 2, "the port is still held 2 s after kill -9"
        time.sleep(0.02)
    assert any_site.pid_file.exists(), "a killed process can not have cleaned up"
    any_site.restart()
    assert any_site.client().get("/accounts/login/").status_code == 200


@pytest.mark.race
def test_a_stale_pid_file_that_names_a_living_stranger_is_replaced(live_site: Site) -> None:
    live_site.kill()
    live_site.pid_file.write_text(f"{os.getpid()}\n")
    live_site.restart()
    assert live_site.pid != os.getpid()


def test_static_files_are_served_compressed_and_for_long(live_site: Site) -> None:
    page = live_site.client().get("/accounts/login/").text
    assert "/static/" not in page or ".css" in page
    sheets = [piece.split('"')[0] for piece in page.split('href="') if piece.startswith("/static/")]
    for sheet in sheets:
        answer = live_site.client().get(sheet, headers={"Accept-Encoding": "br"})
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.race
def test_a_port_in_use_is_an_error_and_not_a_second_server(live_site: Site, tmp_path: Path) -> None:
    port = ReservedPort()
    listener = socket.socket()
    listener.bind(("127.0.0.1", port.release()))
    listener.listen()
    command = [sys.executable, "-m", "tools.serve", "--port", str(port.number), "--static-collected"]
    second = subprocess.run(
        [*command, "--pid-file", str(tmp_path / "web.pid")],
        cwd=ROOT,
        env=live_site.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    listener.close()
    assert second.returncode == 1
    assert f"port {port.number} is in use" in second.stderr
    assert not (tmp_path / "web.pid").exists()


@pytest.mark.race
def test_sigterm_ends_it_cleanly(live_site: Site) -> None:
    os.kill(live_site.pid, signal.SIGTERM)
    started = time.monotonic()
    while live_site.pid_file.exists():
        assert time.monotonic() - started < 10
        time.sleep(0.05)
    with pytest.raises(httpx.ConnectError):
        live_site.client().get("/accounts/login/")
