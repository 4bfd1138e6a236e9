"""Whatever is killed, paused or restarted in mid-work: the job ends by itself, and nothing is done twice."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from django.db import transaction

from jobs.models import Job
from jobs.tasks import send
from tests.jobs import work
from tests.jobs.conftest import ON_POSTGRESQL, launch
from tests.services.site import Site
from tests.services.worker import Worker, wait_for, wait_for_job, wait_until_dead

pytestmark = pytest.mark.race

ALL = list(range(1, work.UNITS + 1))

#: The embedded world loses what a killed worker held; what one that stops gives back is for the slow run there.
TOLD = pytest.mark.parametrize(
    "ground", ["postgresql", pytest.param("sqlite", marks=pytest.mark.slow)], indirect=True
)


def begun(job: Job) -> Job:
    """The job in mid-work."""
    wait_for(lambda: len(work.counted(job.pk)) > 3)
    return job


def test_a_killed_workers_job_is_finished_by_another(ground: Site, new_worker: Callable[..., Worker]) -> None:
    worker = new_worker()
    job = begun(launch())
    [child] = worker.children
    worker.kill()
    wait_until_dead(child, seconds=5)
    new_worker()
    job = wait_for_job(job.pk)
    assert (job.state, job.attempts) == ("finished", 2)
    assert job.result["began_at"] > 3
    assert work.counted(job.pk) == ALL


@TOLD
def test_a_worker_that_is_told_to_stop_gives_its_job_back_at_once(
    ground: Site, new_worker: Callable[..., Worker]
) -> None:
    worker = new_worker()
    job = begun(launch("count_slowly"))
    started = time.monotonic()
    status = worker.terminate()
    job.refresh_from_db()
    assert (status, job.state, job.failures) == (0, "queued", 0)
    assert time.monotonic() - started < 15
    assert not list(worker.folder.glob("*.pid"))
    Job.objects.filter(pk=job.pk).update(kind="count")
    new_worker()
    job = wait_for_job(job.pk)
    assert (job.state, job.attempts, job.failures) == ("finished", 2, 0)


@ON_POSTGRESQL
def test_a_worker_that_was_asleep_writes_nothing_when_it_wakes(
    ground: Site, new_worker: Callable[..., Worker]
) -> None:
    sleeper = new_worker()
    job = begun(launch())
    [child] = sleeper.children
    with sleeper.paused():
        new_worker()
        job = wait_for_job(job.pk)
        result = job.result
        assert (job.state, job.fence) == ("finished", 2)
    wait_until_dead(child)
    job.refresh_from_db()
    assert (job.state, job.fence, job.result) == ("finished", 2, result)
    assert work.counted(job.pk) == ALL
    # And it is a good worker again.
    assert wait_for_job(launch().pk).state == "finished"


@pytest.mark.slow
@ON_POSTGRESQL
def test_a_lock_whose_holder_is_asleep_holds_nobody_up(
    ground: Site, new_worker: Callable[..., Worker]
) -> None:
    sleeper = new_worker()
    job = launch("dawdle_in_a_transaction")
    wait_for(lambda: is_locked(job))
    with sleeper.paused():
        new_worker()
        job = wait_for_job(job.pk)
    # The sleeper's unit went with its transaction.
    assert (job.state, job.fence, work.counted(job.pk)) == ("finished", 2, [2])


def is_locked(job: Job) -> bool:
    with transaction.atomic():
        return not Job.objects.select_for_update(skip_locked=True).filter(pk=job.pk).exists()


@pytest.mark.slow
@ON_POSTGRESQL
def test_of_two_workers_that_are_told_one_does_the_job(
    ground: Site, new_worker: Callable[..., Worker]
) -> None:
    new_worker(start=False).start(wait=False)
    new_worker(concurrency=2)
    jobs = [launch() for _ in range(4)]
    for job in jobs:
        send(job.pk, job.queue)
    for job in jobs:
        done = wait_for_job(job.pk)
        assert (done.state, done.attempts, done.fence) == ("finished", 1, 1)
