"""Redis and PostgreSQL go away in mid-work and come back: jobs wait or go on, and none is lost or done twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from jobs.models import Job
from jobs.tasks import send
from tests.conftest import _site
from tests.jobs import work
from tests.jobs.conftest import KINDS, launch, new_job
from tests.services.postgres import administer
from tests.services.redis import Redis
from tests.services.site import Site
from tests.services.worker import Worker, Workers, wait_for, wait_for_job

pytestmark = pytest.mark.race


@pytest.fixture
def worker_on_redis(request: pytest.FixtureRequest, redis: Redis) -> Iterator[Worker]:
    sites = _site(request, "postgresql", served=False, redis_url=redis.url)
    workers = Workers(next(sites))
    yield workers.make(**{**KINDS, "JOB_LEASE_SECONDS": "10"})
    workers.stop()
    next(sites, None)


def test_a_killed_redis_stops_no_job_and_its_lost_messages_are_made_up_for(
    redis: Redis, worker_on_redis: Worker
) -> None:
    running = launch("count_further")
    wait_for(lambda: len(work.counted(running.pk)) > 3)
    waiting = launch()
    redis.kill()
    # Whoever launches a job meanwhile does not hear of it.
    unsent = new_job()
    assert send(unsent.pk, unsent.queue) is False
    job = wait_for_job(running.pk)
    assert (job.state, job.attempts) == ("finished", 1)
    assert work.counted(running.pk) == list(range(1, work.FURTHER + 1))
    redis.start()
    for one in (waiting, unsent, launch()):
        job = wait_for_job(one.pk)
        assert (job.state, job.attempts, job.fence) == ("finished", 1, 1)
    # A worker starts although Redis is away, and is there when it comes back.
    worker_on_redis.kill()
    redis.kill()
    worker_on_redis.start(wait=False)
    time.sleep(1)
    redis.start()
    worker_on_redis.wait_until_ready()
    assert wait_for_job(launch().pk).state == "finished"


@pytest.mark.slow
def test_a_database_that_is_away_for_less_than_a_lease_is_waited_out(worker_on_redis: Worker) -> None:
    job = launch("count_further")
    wait_for(lambda: len(work.counted(job.pk)) > 3)
    away(worker_on_redis.site, seconds=2)
    done = wait_for_job(job.pk)
    # An attempt in whose transaction the connection broke is followed by another; none that waited.
    assert (done.state, done.attempts) in [("finished", 1), ("finished", 2)]
    assert work.counted(job.pk) == list(range(1, work.FURTHER + 1))
    assert wait_for_job(launch().pk).state == "finished"
    assert "Traceback" not in worker_on_redis.log


def away(site: Site, *, seconds: float) -> None:
    """Ends all connections to the site's database and lets nobody in for a while."""
    from django.db import connection

    connection.close()
    name = urlsplit(site.database_url).path[1:]
    with administer(site.database_url) as server:
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        time.sleep(seconds)
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert Job.objects.exists()
