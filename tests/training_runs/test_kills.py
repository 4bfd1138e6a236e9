"""A training child and its worker are killed in mid-work: the run ends by itself, with the numbers of a whole one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from generation.registry.models import LanguageModel
from jobs.models import Metric
from jobs.tasks import enqueue
from tests.conftest import _site
from tests.services.site import Site
from tests.services.worker import Worker, wait_for, wait_for_job, wait_until_dead
from tests.training_runs.worlds import done, launched, make_sums, outcome_of
from training.runs import checkpoints
from training.runs.models import ExampleBatch
from training.runs.selectors import get_run

pytestmark = pytest.mark.race

#: Long enough to be killed twice in the middle, at known places.
LONGER: dict[str, Any] = {
    "questions_per_iteration": 32,
    "batch_questions": 8,
    "first_steps": 30.0,
    "save_every": 4,
}


@pytest.fixture(params=["postgresql", pytest.param("sqlite", marks=pytest.mark.slow)])
def ground(request: pytest.FixtureRequest) -> Iterator[Site]:
    """Both worlds; the embedded one is for the slow run."""
    yield from _site(request, request.param, served=False)


def test_a_killed_child_and_a_killed_worker_change_no_number(
    ground: Site, make_worker: Callable[..., Worker]
) -> None:
    make_sums()
    expected = outcome_of(done(label="whole", **LONGER))
    run = launched(label="cut", **LONGER)
    worker = make_worker(queues="train", JOB_LEASE_SECONDS="2")
    enqueue(run.job)
    wait_for(lambda: ExampleBatch.objects.filter(run=run).count() >= 2)
    worker.kill_child(run.job_id)
    steps = Metric.objects.filter(job=run.job, series="loss")
    wait_for(lambda: steps.count() >= 8)
    [child] = worker.children
    worker.kill()
    wait_until_dead(child, seconds=10)
    make_worker(queues="train", JOB_LEASE_SECONDS="2")
    job = wait_for_job(run.job_id, seconds=120)
    assert (job.state, job.attempts) == ("finished", 3), job.error
    assert outcome_of(get_run(run.pk)) == expected
    assert LanguageModel.objects.filter(label__startswith="cut").count() == len(expected["models"])
    # Nothing is left of what was half written.
    left = [path.name for path in checkpoints.folder_of_run(run).iterdir()]
    assert not [name for name in left if name.startswith(".")]
    assert not list((ground.folder / "storage" / "jobs" / str(run.job_id) / "training").glob("*"))
