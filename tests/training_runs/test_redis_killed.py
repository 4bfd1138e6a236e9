"""Redis is killed in mid-training, and the child while Redis is away: the run ends with a whole run's numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jobs.models import Metric
from jobs.tasks import enqueue
from tests.conftest import _site
from tests.services.redis import Redis
from tests.services.site import Site
from tests.services.worker import Workers, wait_for, wait_for_job
from tests.training_runs.test_kills import LONGER
from tests.training_runs.worlds import done, launched, make_sums, outcome_of
from training.runs.models import ExampleBatch
from training.runs.selectors import get_run

pytestmark = [pytest.mark.race, pytest.mark.slow]


@pytest.fixture
def ground(request: pytest.FixtureRequest, redis: Redis) -> Iterator[Site]:
    yield from _site(request, "postgresql", served=False, redis_url=redis.url)


def test_a_run_goes_on_without_redis_and_is_taken_up_again_when_it_is_back(
    ground: Site, redis: Redis
) -> None:
    make_sums()
    expected = outcome_of(done(label="whole", **LONGER))
    workers = Workers(ground)
    try:
        worker = workers.make(queues="train", JOB_LEASE_SECONDS="2")
        run = launched(label="cut", **LONGER)
        enqueue(run.job)
        wait_for(lambda: ExampleBatch.objects.filter(run=run).count() >= 2)
        redis.kill()
        steps = Metric.objects.filter(job=run.job, series="loss")
        wait_for(lambda: steps.count() >= 8)
        worker.kill_child(run.job_id)
        redis.start()
        job = wait_for_job(run.job_id, seconds=120)
        assert (job.state, job.attempts) == ("finished", 2), job.error
        assert outcome_of(get_run(run.pk)) == expected
    finally:
        workers.stop()
