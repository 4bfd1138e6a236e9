"""A real Celery worker, as `make worker` starts it, that a test may kill, pause, stop and start again."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.services.processes import GuardedProcess
from tests.services.site import Site
from tests.services.world import ROOT

_serial = itertools.count(1)


@dataclass(slots=True)
class Worker:
    """One worker on a site's database, storage and broker. The test process's ORM must point at that database too."""

    site: Site
    queues: str = "generate,train,analysis"
    concurrency: int = 1
    changes: dict[str, str] = field(default_factory=dict)
    folder: Path = field(init=False)
    _process: GuardedProcess | None = None

    def __post_init__(self) -> None:
        self.folder = self.site.folder / f"worker-{next(_serial)}"
        self.folder.mkdir()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything that the worker wrote to stdout and stderr since it was first started."""
        return (self.folder / "log").read_text(errors="replace")

    @property
    def children(self) -> list[psutil.Process]:
        """The processes that do its jobs at the moment."""
        return psutil.Process(self.pid).children()

    def start(self, *, wait: bool = True) -> None:
        """Starts it and waits until it says that it waits for jobs."""
        command = [sys.executable, "-m", "tools.worker", "--queues", self.queues]
        self._process = GuardedProcess(
            [*command, "--concurrency", str(self.concurrency), "--pid-folder", str(self.folder)],
            log=self.folder / "log",
            environment={**self.site.environment, **self.changes},
            directory=ROOT,
            # A test that ends has no job left to hand back; children die with their worker.
            stop_signal="SIGKILL",
        )
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        assert self._process is not None
        self._process.wait_until(self._has_said_so, seconds=60)

    def _has_said_so(self) -> bool:
        from jobs.models import WorkerBeat

        return WorkerBeat.objects.filter(name__endswith=f"process {self.pid}").exists()

    def kill(self) -> None:
        """kill -9 of the worker alone."""
        os.kill(self.pid, signal.SIGKILL)
        self.stop()

    def kill_child(self, job_id: int | None = None) -> None:
        """kill -9 of the process that does this job (or its only one), as the kernel does when memory runs out."""
        [child] = [one for one in self.children if job_id is None or one.cmdline()[3] == str(job_id)]
        child.kill()

    def terminate(self) -> int:
        """SIGTERM, as a supervisor or a deployment sends it; waits for the end and returns the exit status."""
        assert self._process is not None
        os.kill(self.pid, signal.SIGTERM)
        return self._process.wait(seconds=60)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """The worker and its children stand still meanwhile, as on a machine that is suspended."""
        processes = [psutil.Process(self.pid), *self.children]
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()

    def stop(self) -> None:
        """Ends it at once. Does nothing the second time."""
        if self._process is not None:
            self._process.stop()


class Workers:
    """The workers of one test; all of them end with it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._made: list[Worker] = []

    def make(
        self,
        site: Site | None = None,
        *,
        queues: str = "generate,train,analysis",
        concurrency: int = 1,
        start: bool = True,
        **changes: str,
    ) -> Worker:
        """A running worker. changes: variables of its environment."""
        worker = Worker(site or self._site, queues=queues, concurrency=concurrency, changes=changes)
        self._made.append(worker)
        if start:
            worker.start()
        return worker

    def stop(self) -> None:
        for worker in self._made:
            worker.stop()


def wait_for(condition: Callable[[], object], *, seconds: float = 60) -> None:
    """Returns when the condition holds; fails when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


def wait_until_dead(process: psutil.Process, *, seconds: float = 20) -> None:
    """Returns when the process does nothing any more. One that its new parent has not yet buried counts as dead."""
    deadline = time.monotonic() + seconds
    while is_alive(process):
        assert time.monotonic() < deadline, f"{process} lives on"
        time.sleep(0.02)


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for_job(job_id: int, *states: str, seconds: float = 60) -> Any:
    """The job (any of its results may be None) once it is in one of these states; by default at its end."""
    from jobs.models import Job

    wanted = states or ("finished", "failed", "cancelled")
    wait_for(lambda: Job.objects.filter(pk=job_id, state__in=wanted).exists(), seconds=seconds)
    return Job.objects.get(pk=job_id)
