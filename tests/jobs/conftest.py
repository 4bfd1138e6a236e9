"""Workers that know these tests' kinds of work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from accounts.audit import COMMAND
from jobs.models import Job
from jobs.services import create_job
from jobs.tasks import enqueue
from tests.conftest import _site
from tests.jobs.work import register_kinds
from tests.services.site import Site
from tests.services.worker import Worker, Workers

register_kinds()

#: For tests of what does not depend on database and broker, or needs the real ones.
ON_POSTGRESQL = pytest.mark.parametrize("ground", ["postgresql"], indirect=True)
ON_SQLITE = pytest.mark.parametrize("ground", ["sqlite"], indirect=True)

KINDS: dict[str, Any] = {"DJANGO_SETTINGS_MODULE": "tests.settings_jobs", "JOB_LEASE_SECONDS": "2"}


def new_job(kind: str = "count") -> Job:
    """A job that waits and of which nobody has been told."""
    return create_job(kind=kind, title=f"test {kind}", actor=COMMAND)


def launch(kind: str = "count") -> Job:
    """The same, and a worker is told."""
    job = new_job(kind)
    enqueue(job)
    return job


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def shared_ground(request: pytest.FixtureRequest) -> Iterator[Site]:
    """`ground` for all tests of a module."""
    yield from _site(request, request.param, served=False)


@pytest.fixture(scope="module")
def shared_worker(shared_ground: Site) -> Iterator[Worker]:
    """One worker for all tests of a module that leave it alive."""
    workers = Workers(shared_ground)
    yield workers.make(concurrency=4, **KINDS)
    workers.stop()


@pytest.fixture
def new_worker(make_worker: Callable[..., Worker]) -> Callable[..., Worker]:
    """Makes workers of the test's own."""
    return partial(make_worker, **KINDS)
