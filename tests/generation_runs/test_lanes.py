"""Lanes share a run: each batch is stored once, and what a dead lane held falls to whoever is there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
from django.db import connection
from django.utils import timezone

from accounts.audit import COMMAND
from generation.runs import batches
from generation.runs.models import Candidate, GenerationBatch, GenerationRun
from generation.runs.selectors import get_run
from generation.runs.work import run_generation
from jobs.context import JobContext
from jobs.errors import LeaseLost
from jobs.leases import claim_job, take_from_the_lost
from jobs.models import Job
from jobs.services import cancel_job, resume_job, run_here
from tests.generation_runs.worlds import (
    done,
    launched,
    make_model,
    make_questions,
    rationales_of,
    rows_of,
)
from tests.services.worker import wait_for


@pytest.fixture
def both_worlds(world: str, roots: Path) -> str:
    make_model(roots)
    make_questions()
    return world


@pytest.fixture
def questions(db: None, roots: Path) -> None:
    make_model(roots)
    make_questions()


def beside(work: Callable[[], object]) -> Thread:
    """Starts the work in a thread with a connection of its own."""

    def do() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = Thread(target=do, daemon=True)
    thread.start()
    return thread


def claimed(job: Job) -> JobContext:
    claim = claim_job(job.pk, owner="a process of the test")
    assert claim is not None
    return JobContext(claim)


def lanes_of(run: GenerationRun) -> list[Job]:
    return [run.job, *run.job.lanes.order_by("pk")]


class Stopped(Exception):
    """The process ended here."""


def stop_after_the_first_batch(run: GenerationRun) -> None:
    """An attempt of the first lane whose process is gone once one batch is stored; its lease runs on."""
    context = claimed(run.job)

    def stop(done: int, total: int | None = None) -> None:
        raise Stopped

    context.advance = stop  # type: ignore[method-assign]  # called behind every batch
    with pytest.raises(Stopped):
        run_generation(context)


def test_two_lanes_at_once_store_what_one_would(both_worlds: str) -> None:
    alone = done(source="alone")
    run = launched(lanes=2, source="together")
    threads = [beside(partial(run_here, job.pk)) for job in lanes_of(run)]
    for thread in threads:
        thread.join(60)
    assert {job.state for job in Job.objects.all()} == {"finished"}
    assert get_run(run.pk).finished_at is not None
    assert rows_of(run) == rows_of(alone)
    assert [(row.text_digest, row.copies) for row in rationales_of("together")] == [
        (row.text_digest, row.copies) for row in rationales_of("alone")
    ]


def test_a_batch_is_had_by_one_lane_which_may_begin_it_again(questions: None) -> None:
    run = launched(lanes=2, batch_size=6)
    first, second = (claimed(job) for job in lanes_of(run))
    taken = [batches.take_batch(run, context) for context in (first, second, first)]
    assert [batch and batch.number for batch in taken] == [0, 1, 0]
    assert taken[0] is not None
    with first.writing():
        assert batches.mark_stored(taken[0], first, seconds=1)
    assert batches.take_batch(run, first) is None


def test_what_a_dead_lane_held_is_taken_over_and_the_dead_one_stores_nothing(both_worlds: str) -> None:
    run = launched(lanes=2)
    dead = claimed(lanes_of(run)[0])
    held = batches.take_batch(run, dead)
    assert held is not None
    thread = beside(lambda: run_here(lanes_of(run)[1].pk))
    wait_for(lambda: Candidate.objects.count() == run.planned - held.size)
    thread.join(0.5)
    assert thread.is_alive()  # all that is left is held by somebody who may live
    Job.objects.filter(pk=dead.job_id).update(lease_expires_at=timezone.now() - timedelta(seconds=60))
    assert take_from_the_lost(dead.job_id) is not None
    thread.join(60)
    assert batches.all_stored(run) and Candidate.objects.count() == run.planned
    with pytest.raises(LeaseLost), dead.writing():
        batches.mark_stored(held, dead, seconds=1)
    assert Candidate.objects.count() == run.planned


def test_a_lane_that_was_robbed_of_its_batch_leaves_it_to_the_other(questions: None) -> None:
    """The owner of a lease that ran out may come back while another has the batch already."""
    run = launched(lanes=2)
    slow, other = (claimed(job) for job in lanes_of(run))
    batch = batches.take_batch(run, slow)
    assert batch is not None
    GenerationBatch.objects.filter(pk=batch.pk).update(job=other.job_id, fence=other.fence)
    with slow.writing():
        assert not batches.mark_stored(batch, slow, seconds=1)
    with other.writing():
        assert batches.mark_stored(batch, other, seconds=1)


def test_a_new_attempt_takes_up_what_the_one_before_it_held(questions: None) -> None:
    run = launched()
    before = claimed(run.job)
    batches.take_batch(run, before)
    Job.objects.filter(pk=run.job_id).update(lease_expires_at=timezone.now() - timedelta(seconds=60))
    take_from_the_lost(run.job_id)
    Job.objects.filter(pk=run.job_id).update(not_before=None)
    after = claimed(run.job)
    again = batches.take_batch(run, after)
    assert again is not None and again.number == 0


def test_a_cancelled_run_goes_on_where_it_was_and_ends_with_the_same_rows(both_worlds: str) -> None:
    alone = done(source="alone")
    run = launched(lanes=2)
    stop_after_the_first_batch(run)
    Job.objects.filter(pk=run.job_id).update(lease_expires_at=timezone.now() - timedelta(seconds=60))
    cancel_job(run.job_id, actor=COMMAND)
    assert {job.state for job in Job.objects.filter(pk__in=[job.pk for job in lanes_of(run)])} == {
        "cancelled"
    }
    assert Candidate.objects.filter(run=run).count() == run.batch_size
    resume_job(run.job_id, actor=COMMAND)
    run_here(run.job_id)
    assert rows_of(run) == rows_of(alone)


def test_a_run_that_is_whole_costs_the_last_lane_nothing(questions: None) -> None:
    run = launched(lanes=2)
    run_here(run.job_id)
    last = lanes_of(run)[1]
    assert run_here(last.pk)["candidates"] == run.planned
    last.refresh_from_db()
    assert last.stage == ""  # no model was loaded
