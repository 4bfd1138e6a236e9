"""What a worker makes of jobs, in both worlds. One worker for all of them: none of these tests kills it."""

from __future__ import annotations

import pytest

from accounts.audit import COMMAND
from jobs.logs import read_log
from jobs.models import Job, Metric
from jobs.services import cancel_job, resume_job
from jobs.tasks import enqueue, send
from tests.jobs import work
from tests.jobs.conftest import launch, new_job
from tests.services.worker import Worker, wait_for, wait_for_job

pytestmark = pytest.mark.race
one_world = pytest.mark.parametrize("shared_ground", ["postgresql"], indirect=True)


def test_a_job_is_done_by_a_child_of_the_worker(shared_worker: Worker) -> None:
    job = wait_for_job(launch().pk)
    assert (job.state, job.attempts, job.error) == ("finished", 1, None)
    assert job.result == {"units": work.UNITS, "began_at": 0, "process": job.result["process"]}
    assert job.result["process"] != shared_worker.pid
    assert (job.stage, job.done, job.total) == ("counting", work.UNITS, work.UNITS)
    assert work.counted(job.pk) == list(range(1, work.UNITS + 1))
    assert Metric.objects.filter(job=job, series="loss").count() == work.UNITS


def test_a_message_that_comes_three_times_is_one_job(shared_worker: Worker) -> None:
    job = launch()
    for _ in range(2):
        assert send(job.pk, job.queue)
    last = launch()
    wait_for_job(last.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.fence) == ("finished", 1, 1)


def test_a_job_whose_message_was_lost_is_found(shared_worker: Worker) -> None:
    job = wait_for_job(new_job().pk)
    assert job.state == "finished"


@one_world
@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        ("measure_nan", "not_finite", "loss at step 2 is nan, not a finite number."),
        ("gone", "unknown_kind", "No work of kind 'gone' is known here."),
    ],
)
def test_work_that_fails_says_why(shared_worker: Worker, kind: str, code: str, said: str) -> None:
    job = new_job("count")
    Job.objects.filter(pk=job.pk).update(kind=kind)
    enqueue(job)
    job = wait_for_job(job.pk)
    assert (job.state, job.attempts) == ("failed", 1)
    assert (job.error["code"], job.error["message"]) == (code, said)
    assert (job.lease_owner, job.lease_expires_at) == ("", None)


@one_world
def test_the_stack_of_a_mistake_is_in_the_log(shared_worker: Worker) -> None:
    job = wait_for_job(launch("crash").pk)
    assert (job.state, job.error["message"]) == ("failed", "ZeroDivisionError: division by zero")
    text = read_log(job.pk).text
    assert "Traceback" in text
    assert "attempt 1 ended: failed: ZeroDivisionError" in text


@one_world
def test_what_may_pass_is_tried_again_after_a_while(shared_worker: Worker) -> None:
    job = wait_for_job(launch("stumble_once").pk)
    assert (job.state, job.attempts, job.failures, job.error) == ("finished", 2, 1, None)


@one_world
def test_a_child_that_is_always_killed_fails_the_job_and_says_so(shared_worker: Worker) -> None:
    job = wait_for_job(launch("die_always").pk)
    assert (job.state, job.attempts) == ("failed", 2)
    assert job.error["code"] == "child_killed"
    assert "killed by SIGKILL" in job.error["message"]


def test_a_killed_child_is_followed_by_one_that_goes_on(shared_worker: Worker) -> None:
    job = launch()
    wait_for(lambda: len(work.counted(job.pk)) > 3)
    shared_worker.kill_child()
    job = wait_for_job(job.pk)
    assert (job.state, job.attempts) == ("finished", 2)
    assert work.counted(job.pk) == list(range(1, work.UNITS + 1))
    assert job.result["began_at"] > 3


def test_a_running_job_is_cancelled_and_resumed(shared_worker: Worker) -> None:
    job = launch("count_slowly")
    wait_for(lambda: len(work.counted(job.pk)) > 3)
    cancel_job(job.pk, actor=COMMAND)
    job = wait_for_job(job.pk)
    assert (job.state, job.cancel_requested) == ("cancelled", False)
    before = work.counted(job.pk)
    Job.objects.filter(pk=job.pk).update(kind="count")
    enqueue(resume_job(job.pk, actor=COMMAND))
    job = wait_for_job(job.pk)
    assert job.state == "finished"
    assert job.result["began_at"] == len(before)


@one_world
def test_work_that_does_not_listen_is_killed_when_it_is_cancelled(shared_worker: Worker) -> None:
    job = launch("ignore_cancelling")
    wait_for_job(job.pk, "running")
    cancel_job(job.pk, actor=COMMAND)
    assert wait_for_job(job.pk).state == "cancelled"
    assert shared_worker.children == []
