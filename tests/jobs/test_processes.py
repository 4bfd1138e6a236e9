"""Processes on their own: a child without its worker, a command that is killed, what `make worker` refuses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jobs.leases import claim_job
from jobs.models import Job
from tests.jobs import work
from tests.jobs.conftest import KINDS, ON_SQLITE, new_job
from tests.services.site import Site
from tests.services.worker import Worker, wait_for, wait_for_job
from tests.services.world import ROOT, SERVERS
from tools.worker import numbered

#: A suite that was started in the background hands down that Ctrl-C is ignored.
COMMAND = """
import signal, sys, django
signal.signal(signal.SIGINT, signal.default_int_handler)
django.setup()
from jobs.services import run_here
run_here(int(sys.argv[1]))
"""


@contextmanager
def process(site: Site, *arguments: str, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process that knows these tests' kinds, on the site's database."""
    environment = {**site.environment, **KINDS}
    started = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment, **options)  # type: ignore[call-overload]  # options are Popen's
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def in_mid_work(job: Job) -> None:
    wait_for(lambda: len(work.counted(job.pk)) > 3)


@pytest.mark.race
@ON_SQLITE
def test_a_child_ends_with_the_pipe_that_its_worker_held(ground: Site) -> None:
    # What ends it where no kernel tells it of its parent's death. The parent here, this process, lives on.
    job = new_job("count_slowly")
    claim = claim_job(job.pk, owner="this test")
    assert claim is not None
    listen, report = os.pipe()
    arguments = ["-m", "jobs.child", str(job.pk), str(claim.fence), str(report)]
    options = {"stdin": subprocess.PIPE, "pass_fds": [report], "start_new_session": True}
    with process(ground, *arguments, **options) as child:
        in_mid_work(job)
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(timeout=20) == -signal.SIGKILL
    os.close(report)
    assert os.read(listen, 100) == b""
    os.close(listen)


@pytest.mark.slow
@pytest.mark.race
@ON_SQLITE
def test_a_killed_commands_job_is_finished_by_a_worker(
    ground: Site, new_worker: Callable[..., Worker]
) -> None:
    job = new_job("count_further")
    with process(ground, "-c", COMMAND, str(job.pk)) as command:
        in_mid_work(job)
        command.send_signal(signal.SIGKILL)
    new_worker()
    job = wait_for_job(job.pk)
    assert (job.state, job.attempts) == ("finished", 2)
    assert work.counted(job.pk) == list(range(1, work.FURTHER + 1))


@pytest.mark.race
@ON_SQLITE
def test_ctrl_c_cancels_a_commands_job(ground: Site) -> None:
    job = new_job("count_slowly")
    with process(ground, "-c", COMMAND, str(job.pk), stderr=subprocess.DEVNULL) as command:
        in_mid_work(job)
        command.send_signal(signal.SIGINT)
        assert command.wait(timeout=20) != 0
    job.refresh_from_db()
    assert (job.state, job.lease_expires_at) == ("cancelled", None)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SECRET_KEY": "insecure-embedded-key-for-local-trials-only"}, "SECRET_KEY is the public default"),
        ({"DEBUG": "1"}, "DEBUG=1"),
        ({}, "the database does not answer"),
        ({"DATABASE_URL": "sqlite:///{folder}/empty.sqlite3", "DEBUG": "1"}, "unapplied migrations"),
    ],
)
def test_a_worker_refuses_what_must_not_run_in_one_line(
    changes: dict[str, str], said: str, tmp_path: Path
) -> None:
    changes = {name: value.format(folder=tmp_path) for name, value in changes.items()}
    answer = subprocess.run(
        [sys.executable, "-m", "tools.worker", "--pid-folder", str(tmp_path)],
        cwd=ROOT,
        env=SERVERS.environment_of_a_process("postgresql://nobody:x@127.0.0.1:1/none", **changes),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode == 1
    assert said in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert not list(tmp_path.glob("*.pid"))


@pytest.mark.parametrize("options", [["--queues", "trian"], ["--queues", ""], ["--concurrency", "0"]])
def test_a_worker_refuses_options_that_mean_nothing(options: list[str]) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "tools.worker", *options], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 2
    assert options[0] in answer.stderr


def test_each_worker_has_the_lowest_number_that_no_living_one_has(tmp_path: Path) -> None:
    (tmp_path / "worker-1.pid").write_text(
        "1\n"
    )  # a killed worker's, although somebody has its process id by now
    with numbered(tmp_path) as first, numbered(tmp_path) as second:
        assert (first, second) == ("worker-1", "worker-2")
        assert (tmp_path / "worker-1.pid").read_text() == f"{os.getpid()}\n"
    assert list(tmp_path.iterdir()) == []
