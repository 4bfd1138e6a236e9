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


@pytest.fixture
def served(module_site: Site) -> Site:
    """One site for all tests of this module, running: one that a test before has ended is started again."""
    if not is_listening(module_site.port):
        module_site.restart()
    return module_site


def test_its_pid_file_names_the_master_and_goes_with_it(served: Site) -> None:
    master = psutil.Process(served.pid)
    started = time.monotonic()
    while len(master.children()) != served.workers:
        assert time.monotonic() - started < 10
        time.sleep(0.05)
    assert served.client().get("/accounts/login/").status_code == 200
    served.stop()
    assert not served.pid_file.exists()
    assert not is_listening(served.port)


def dies_and_comes_back(site: Site) -> None:
    # A client that keeps its connection, as browsers do, must not hold the port.
    client = site.client()
    assert client.get("/accounts/login/").status_code == 200
    site.kill_master()
    started = time.monotonic()
    while is_listening(site.port):
        assert time.monotonic() - started < 2, "the port is still held 2 s after kill -9"
        time.sleep(0.02)
    assert site.pid_file.exists(), "a killed process can not have cleaned up"
    site.restart()
    assert site.client().get("/accounts/login/").status_code == 200


@pytest.mark.race
def test_a_killed_master_frees_the_port_at_once_and_a_new_one_starts(served: Site) -> None:
    dies_and_comes_back(served)


@pytest.mark.slow
@pytest.mark.race
def test_the_same_in_the_embedded_world(sqlite_site: Site) -> None:
    dies_and_comes_back(sqlite_site)


@pytest.mark.race
def test_a_stale_pid_file_that_names_a_living_stranger_is_replaced(served: Site) -> None:
    served.kill()
    served.pid_file.write_text(f"{os.getpid()}\n")
    served.restart()
    assert served.pid != os.getpid()


def test_static_files_are_served_compressed_and_for_long(served: Site) -> None:
    page = served.client().get("/accounts/login/").text
    assert "/static/" not in page or ".css" in page
    sheets = [piece.split('"')[0] for piece in page.split('href="') if piece.startswith("/static/")]
    for sheet in sheets:
        answer = served.client().get(sheet, headers={"Accept-Encoding": "br"})
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.race
@pytest.mark.slow
def test_a_port_in_use_is_an_error_and_not_a_second_server(served: Site, tmp_path: Path) -> None:
    port = ReservedPort()
    listener = socket.socket()
    listener.bind(("127.0.0.1", port.release()))
    listener.listen()
    command = [sys.executable, "-m", "tools.serve", "--port", str(port.number), "--static-collected"]
    second = subprocess.run(
        [*command, "--pid-file", str(tmp_path / "web.pid")],
        cwd=ROOT,
        env=served.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    listener.close()
    assert second.returncode == 1
    assert f"port {port.number} is in use" in second.stderr
    assert not (tmp_path / "web.pid").exists()


@pytest.mark.race
@pytest.mark.slow
def test_sigterm_ends_it_cleanly(served: Site) -> None:
    os.kill(served.pid, signal.SIGTERM)
    started = time.monotonic()
    while served.pid_file.exists():
        assert time.monotonic() - started < 10
        time.sleep(0.05)
    with pytest.raises(httpx.ConnectError):
        served.client().get("/accounts/login/")
