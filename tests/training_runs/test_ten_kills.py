"""A run that loses its worker, its trainer, its broker and its database, ten times at random, ends as a whole one does.

All of it is real: Celery workers, their children, a Redis and a PostgreSQL of the test's own, each ended by kill -9 of
every process of it. The places are drawn by a seed from all that the run writes down (batches and steps), so that each
part is hit at least twice and a failure can be had again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from generation.registry.models import LanguageModel
from jobs.models import Job, Metric
from jobs.tasks import enqueue
from tests.races.power_cut import Cluster, running_cluster
from tests.services.redis import Redis
from tests.services.site import Site
from tests.services.worker import Worker, Workers, wait_for
from tests.training_runs.worlds import done, launched, make_sums, outcome_of
from training.runs import checkpoints
from training.runs.models import ExampleBatch, TrainingRun
from training.runs.selectors import get_run

pytestmark = [pytest.mark.race, pytest.mark.slow, pytest.mark.timeout(900)]

VICTIMS = ("worker", "trainer", "broker", "database")
KILLS = 10
#: About 12 batches and 60 steps over two iterations, with much that may be lost between two saved states.
LONG: dict[str, Any] = {
    "questions_per_iteration": 48,
    "batch_questions": 8,
    "first_steps": 30.0,
    "save_every": 4,
}


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def ground(cluster: Cluster, redis: Redis, tmp_path: Path, django_db_blocker: Any) -> Iterator[Site]:
    """A site without a web server on a database and a broker that may be killed."""
    from django.core.management import call_command
    from django.test import override_settings

    from tests.services.world import connected_to

    site = Site("postgresql", cluster.url, tmp_path, redis_url=redis.url)
    with (
        django_db_blocker.unblock(),
        connected_to(site.database_url),
        override_settings(STORAGE_DIR=site.folder / "storage", REDIS_URL=redis.url),
    ):
        call_command("migrate", verbosity=0)
        yield site


def written(run: TrainingRun) -> int:
    """How much of its work a run has written down: grows by one with each batch and each step, and never shrinks."""
    batches = ExampleBatch.objects.filter(run=run).count()
    return batches + Metric.objects.filter(job=run.job_id, series="loss").count()


def has_written(run: TrainingRun, place: int) -> bool:
    return bool(patiently(lambda: written(run)) >= place)


def patiently(ask: Callable[[], Any]) -> Any:
    """The answer, once the database gives one: it may just have been killed."""
    from django.db import DatabaseError, InterfaceError, connection

    found: list[Any] = []

    def answered() -> bool:
        try:
            found.append(ask())
        except (DatabaseError, InterfaceError):
            connection.close()
            return False
        return True

    wait_for(answered, seconds=60)
    return found[0]


@pytest.mark.parametrize("seed", [int(os.environ.get("TEN_KILLS_SEED", "0"))])
def test_ten_kills_at_random_places_change_no_number(
    ground: Site, cluster: Cluster, redis: Redis, seed: int
) -> None:
    make_sums()
    expected = outcome_of(done(label="whole", **LONG))
    whole = written(get_run(TrainingRun.objects.get(label="whole").pk))
    rng = Random(seed)
    places = sorted(rng.sample(range(1, whole - 4), KILLS))
    victims = [*VICTIMS, *VICTIMS, *rng.sample(VICTIMS, KILLS - 2 * len(VICTIMS))]
    rng.shuffle(victims)
    run = launched(label="cut", **LONG)
    workers, killed = Workers(ground), []
    try:
        worker = workers.make(queues="train", JOB_LEASE_SECONDS="2")
        enqueue(run.job)
        for place, victim in zip(places, victims, strict=True):
            wait_for(partial(has_written, run, place), seconds=120)
            worker = strike(victim, worker, workers, cluster, redis, run)
            killed.append((victim, place))
        wait_for(
            lambda: patiently(lambda: Job.objects.get(pk=run.job_id)).state in ("finished", "failed"),
            seconds=240,
        )
    finally:
        workers.stop()
    job = Job.objects.get(pk=run.job_id)
    assert job.state == "finished", (killed, job.error)
    assert outcome_of(get_run(run.pk)) == expected, killed
    assert LanguageModel.objects.filter(label__startswith="cut").count() == len(expected["models"])
    left = [path.name for path in checkpoints.folder_of_run(run).iterdir()]
    assert not [name for name in left if name.startswith(".")]


def strike(
    victim: str, worker: Worker, workers: Workers, cluster: Cluster, redis: Redis, run: TrainingRun
) -> Worker:
    """kill -9, and on again what a supervisor would start again. Returns the worker that is there afterwards."""
    if victim == "worker":
        worker.kill()
        return workers.make(queues="train", JOB_LEASE_SECONDS="2")
    if victim == "broker":
        redis.kill()
        redis.start()
    elif victim == "database":
        cluster.cut()
    else:
        for child in worker.children:  # none where it has just been killed
            child.kill()
    return worker
