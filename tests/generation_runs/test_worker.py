"""Runs by real workers: launched, watched, killed in mid-work, and the same in the end."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from accounts.audit import COMMAND
from benchmarks.generation_lanes import sampling_seconds
from generation.registry.services import ensure_tiny_base, register_model
from generation.runs.models import Candidate, GenerationRun
from generation.runs.selectors import get_run
from generation.runs.services import jobs_of
from jobs.tasks import enqueue
from ratings.library.making import make_addition
from tests.generation_runs.worlds import done, launched, make_questions, rows_of
from tests.services.site import Site
from tests.services.worker import Worker, wait_for, wait_for_job

NewWorker = Callable[..., Worker]

QUICK = {"JOB_LEASE_SECONDS": "3", "JOB_WATCH_SECONDS": "1", "DEVICE": "cpu"}


def arrange(tiny_folder: Path, *, questions: int) -> None:
    """The tiny model below the site's own storage, where workers find it as well, and questions."""
    folder = Path(settings.STORAGE_DIR) / "checkpoints" / "tiny"
    shutil.copytree(tiny_folder, folder)
    register_model("tiny", path=folder, actor=COMMAND)
    make_questions(count=questions)


def sent(**changes: object) -> GenerationRun:
    run = launched(**changes)
    for job in jobs_of(run):
        enqueue(job)
    return run


def stored(run: GenerationRun) -> int:
    return Candidate.objects.filter(run=run).count()


@pytest.mark.race
@pytest.mark.parametrize(
    "ground", ["postgresql", pytest.param("sqlite", marks=pytest.mark.slow)], indirect=True
)
def test_a_worker_is_killed_in_mid_run_and_the_others_end_it_with_the_same_rows(
    ground: Site, make_worker: NewWorker, tiny_folder: Path
) -> None:
    arrange(tiny_folder, questions=80)
    first = make_worker(queues="generate", **QUICK)
    make_worker(queues="generate", **QUICK)
    run = sent(samples=2, batch_size=2, source="workers")
    assert run.job.lanes.count() == 1  # one lane for each live worker
    wait_for(lambda: stored(run) > 4, seconds=150)
    first.kill()
    assert stored(run) < run.planned
    for job in jobs_of(run):
        assert wait_for_job(job.pk, seconds=150).state == "finished"
    assert get_run(run.pk).finished_at is not None
    assert rows_of(run) == rows_of(done(samples=2, batch_size=2, source="alone"))


@pytest.mark.slow
@pytest.mark.parametrize("ground", ["postgresql"], indirect=True)
def test_two_workers_end_a_run_in_six_tenths_of_the_time_of_one(ground: Site, make_worker: NewWorker) -> None:
    """On two cores that nobody else uses."""
    ensure_tiny_base(actor=COMMAND)
    make_addition("sums", digits=[5], count=400, seed=1, actor=COMMAND)
    make_worker(queues="generate", **QUICK)
    asked = {"model": "tiny-base", "samples": 8, "batch_size": 64, "max_new_tokens": None}
    alone = sent(source="one", **asked)
    assert wait_for_job(alone.job_id, seconds=600).state == "finished"
    make_worker(queues="generate", **QUICK)
    shared = sent(source="two", **asked)
    for job in jobs_of(shared):
        assert wait_for_job(job.pk, seconds=600).state == "finished"
    one, two = sampling_seconds(alone), sampling_seconds(shared)
    assert two / one <= 0.6, f"one worker {one:.1f} s, two workers {two:.1f} s"
