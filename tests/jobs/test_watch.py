"""The watch: one keeps it, each lost job is found once, and only what can be begun is wakened."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from django.db import connection

from accounts.audit import COMMAND
from jobs import clock
from jobs.leases import Held, claim_job, renew_lease
from jobs.models import Job, WatchLease, WorkerBeat
from jobs.selectors import queue_status
from jobs.services import cancel_job
from jobs.watch import KEEP_BEATS, leave_watch, look, take_watch
from tests.jobs.conftest import new_job


def at_once(count: int, act: Callable[[int], object]) -> list[object]:
    """What `count` threads that begin together get, each on a connection of its own."""
    start = threading.Barrier(count)
    answers: list[object] = []

    def run(number: int) -> None:
        try:
            start.wait()
            answers.append(act(number))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == count
    return answers


def beat(name: str, *, ago: float = 0, **facts: object) -> WorkerBeat:
    seen = clock.now() - timedelta(seconds=ago)
    wanted = {"queues": ["generate"], "concurrency": 1, "running": 0, **facts}
    return WorkerBeat.objects.create(name=name, started_at=seen, seen_at=seen, **wanted)


def queued_since(job: Job, seconds: float, **facts: object) -> Job:
    Job.objects.filter(pk=job.pk).update(queued_at=clock.now() - timedelta(seconds=seconds), **facts)
    return job


def test_of_many_that_ask_at_once_one_keeps_watch(world: str) -> None:
    assert at_once(6, lambda number: take_watch(f"worker-{number}")).count(True) == 1
    owner = WatchLease.objects.get().owner
    assert take_watch(owner)
    assert not take_watch("another")
    WatchLease.objects.update(expires_at=clock.now())
    assert take_watch("another")
    assert not take_watch(owner)
    leave_watch("another")
    assert take_watch(owner)


def test_a_lost_job_that_many_find_at_once_is_requeued_once(world: str) -> None:
    job = new_job()
    assert claim_job(job.pk, owner="worker-1@box") is not None
    Job.objects.update(lease_expires_at=clock.now() - timedelta(seconds=1))
    at_once(6, lambda number: look(lambda *_: None))
    job.refresh_from_db()
    assert (job.state, job.failures, job.fence) == ("queued", 1, 1)
    assert job.error is not None
    assert job.error["code"] == "lease_lost"
    assert "worker-1@box has said nothing since" in job.error["message"]


def test_a_job_that_is_lost_too_often_has_failed(db: None) -> None:
    job = new_job()
    for _ in range(job.max_attempts):
        Job.objects.update(not_before=None)
        assert claim_job(job.pk, owner="worker-1@box") is not None
        Job.objects.update(lease_expires_at=clock.now() - timedelta(seconds=1))
        look(lambda *_: None)
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("failed", job.max_attempts)


def test_a_lost_job_that_was_to_be_cancelled_is(db: None) -> None:
    job = new_job()
    claim_job(job.pk, owner="worker-1@box")
    Job.objects.update(lease_expires_at=clock.now() - timedelta(seconds=1), cancel_requested=True)
    look(lambda *_: None)
    job.refresh_from_db()
    assert (job.state, job.error) == ("cancelled", None)


def test_a_job_whose_owner_is_gone_is_cancelled_without_any_worker(db: None) -> None:
    job = new_job()
    claim = claim_job(job.pk, owner="worker-1@box")
    assert claim is not None
    Job.objects.update(lease_expires_at=clock.now() - timedelta(seconds=1))
    assert cancel_job(job.pk, actor=COMMAND).state == "cancelled"
    # Should the owner come back, it finds the job another's.
    assert renew_lease(claim) is Held.LOST


def wakened() -> list[int]:
    sent: list[int] = []
    look(lambda pk, queue: sent.append(pk))
    return sent


def test_only_as_many_are_wakened_as_idle_workers_could_begin(db: None) -> None:
    first, second, third = (queued_since(new_job(), 60 - number) for number in range(3))
    assert wakened() == []  # nobody is there
    beat("busy", running=1)
    beat("of another queue", queues=["train"])
    beat("gone", ago=600)
    beat("left", stopped_at=clock.now())
    assert wakened() == []
    beat("idle", concurrency=3, running=1)
    assert wakened() == [first.pk, second.pk]
    # Those have their message; the third waits for the next round.
    assert wakened() == [third.pk]
    assert wakened() == []


def test_a_job_that_was_just_enqueued_has_its_message_already(db: None) -> None:
    beat("idle")
    job = new_job()
    assert wakened() == []
    queued_since(job, 60)
    assert wakened() == [job.pk]


def test_a_broken_attempt_is_followed_when_its_time_has_come(db: None) -> None:
    beat("idle")
    job = queued_since(new_job(), 60, not_before=clock.now() + timedelta(seconds=30))
    assert wakened() == []
    assert claim_job(job.pk, owner="too early") is None
    Job.objects.update(not_before=clock.now())
    assert wakened() == [job.pk]
    assert claim_job(job.pk, owner="in time") is not None


def test_old_signs_of_life_are_forgotten(db: None) -> None:
    beat("old", ago=KEEP_BEATS.total_seconds() + 60)
    kept = beat("gone", ago=600)
    wakened()
    assert list(WorkerBeat.objects.all()) == [kept]
    [status] = queue_status(["generate"])
    assert (status.is_served, status.since) == (False, kept.seen_at)
