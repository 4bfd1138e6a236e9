"""What a worker makes of jobs, in both worlds. One worker for all of them: none of these tests kills it.

All jobs are launched at once, for most of the time goes into starting their processes.
"""

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

Launched = dict[str, Job]


@pytest.fixture(scope="module")
def launched(shared_worker: Worker) -> Launched:
    """One job of each sort, by its name. Those of a world that only one needs are in that one."""
    jobs = {name: launch() for name in ("counted", "told three times")}
    for _ in range(2):
        assert send(jobs["told three times"].pk, "generate")
    jobs["untold"] = new_job()
    jobs["killed"] = launch("count_further")
    jobs["cancelled"] = launch("count_slowly")
    if shared_worker.site.vendor == "postgresql":
        for kind in ("crash", "measure_nan", "stumble_once", "die_always", "ignore_cancelling"):
            jobs[kind] = launch(kind)
        jobs["unknown"] = new_job()
        Job.objects.filter(pk=jobs["unknown"].pk).update(kind="gone")
        enqueue(jobs["unknown"])
    return jobs


#: Also in the embedded world, where a killed worker of test_kills.py is followed anyway.
other_world_is_slow = pytest.mark.parametrize(
    "shared_ground", ["postgresql", pytest.param("sqlite", marks=pytest.mark.slow)], indirect=True
)
one_world = pytest.mark.parametrize("shared_ground", ["postgresql"], indirect=True)


@other_world_is_slow
def test_a_killed_child_is_followed_by_one_that_goes_on(shared_worker: Worker, launched: Launched) -> None:
    job = launched["killed"]
    wait_for(lambda: len(work.counted(job.pk)) > 3)
    shared_worker.kill_child(job.pk)
    job = wait_for_job(job.pk)
    assert (job.state, job.attempts) == ("finished", 2)
    assert work.counted(job.pk) == list(range(1, work.FURTHER + 1))
    assert job.result["began_at"] > 3


def test_a_running_job_is_cancelled_and_resumed(launched: Launched) -> None:
    job = launched["cancelled"]
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


def test_a_job_is_done_by_a_child_of_the_worker(shared_worker: Worker, launched: Launched) -> None:
    job = wait_for_job(launched["counted"].pk)
    assert (job.state, job.attempts, job.error) == ("finished", 1, None)
    assert job.result == {"units": work.UNITS, "began_at": 0, "process": job.result["process"]}
    assert job.result["process"] != shared_worker.pid
    assert (job.stage, job.done, job.total) == ("counting", work.UNITS, work.UNITS)
    assert work.counted(job.pk) == list(range(1, work.UNITS + 1))
    assert Metric.objects.filter(job=job, series="loss").count() == work.UNITS


def test_a_message_that_comes_three_times_is_one_job(launched: Launched) -> None:
    job = wait_for_job(launched["told three times"].pk)
    assert (job.state, job.attempts, job.fence) == ("finished", 1, 1)


def test_a_job_whose_message_was_lost_is_found(launched: Launched) -> None:
    assert wait_for_job(launched["untold"].pk).state == "finished"


@one_world
@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("measure_nan", "not_finite", "loss at step 2 is nan, not a finite number."),
        ("unknown", "unknown_kind", "No work of kind 'gone' is known here."),
        ("crash", "internal_error", "ZeroDivisionError: division by zero"),
    ],
)
def test_work_that_fails_says_why(launched: Launched, name: str, code: str, said: str) -> None:
    job = wait_for_job(launched[name].pk)
    assert (job.state, job.attempts) == ("failed", 1)
    assert (job.error["code"], job.error["message"]) == (code, said)
    assert (job.lease_owner, job.lease_expires_at) == ("", None)


@one_world
def test_the_stack_of_a_mistake_is_in_the_log(launched: Launched) -> None:
    job = wait_for_job(launched["crash"].pk)
    ended = "attempt 1 ended: failed: ZeroDivisionError"
    wait_for(lambda: ended in read_log(job.pk).text)
    assert "Traceback" in read_log(job.pk).text


@one_world
def test_what_may_pass_is_tried_again_after_a_while(launched: Launched) -> None:
    job = wait_for_job(launched["stumble_once"].pk)
    assert (job.state, job.attempts, job.failures, job.error) == ("finished", 2, 1, None)


@one_world
def test_a_child_that_is_always_killed_fails_the_job_and_says_so(launched: Launched) -> None:
    job = wait_for_job(launched["die_always"].pk)
    assert (job.state, job.attempts) == ("failed", 2)
    assert job.error["code"] == "child_killed"
    assert "killed by SIGKILL" in job.error["message"]


@one_world
def test_work_that_does_not_listen_is_killed_when_it_is_cancelled(
    shared_worker: Worker, launched: Launched
) -> None:
    job = launched["ignore_cancelling"]
    wait_for_job(job.pk, "running")
    cancel_job(job.pk, actor=COMMAND)
    assert wait_for_job(job.pk).state == "cancelled"
    assert shared_worker.children == []
