"""Jobs that a command does in its own process."""

from __future__ import annotations

import threading

import pytest

from accounts.audit import COMMAND
from accounts.errors import Conflict, StarchamberError
from jobs import services
from jobs.leases import Held, claim_job, renew_lease, settle
from jobs.models import Job, Metric
from jobs.outcomes import Ending, Outcome
from tests.jobs import work
from tests.jobs.conftest import new_job


def test_the_work_is_done_here_and_its_result_returned_and_stored(world: str) -> None:
    job = new_job()
    result = services.run_here(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.failures) == ("finished", 1, 0)
    assert job.result == result
    assert (job.stage, job.done, job.total) == ("counting", work.UNITS, work.UNITS)
    assert work.counted(job.pk) == list(range(1, work.UNITS + 1))
    assert Metric.objects.filter(job=job, series="loss").count() == work.UNITS
    assert (job.lease_owner, job.lease_expires_at) == ("", None)


def test_inside_a_callers_transaction_it_works_as_well(db: None) -> None:
    job = new_job()
    assert services.run_here(job.pk)["units"] == work.UNITS
    job.refresh_from_db()
    assert job.state == "finished"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("fail", "impossible"),
        ("crash", "internal_error"),
        ("measure_nan", "not_finite"),
        ("deny_constants", "internal_error"),
        ("stumble_always", "endpoint_busy"),
    ],
)
def test_an_error_of_the_work_is_raised_here_and_stored(db: None, kind: str, code: str) -> None:
    job = new_job(kind)
    with pytest.raises(StarchamberError) as raised:
        services.run_here(job.pk)
    job.refresh_from_db()
    assert raised.value.code == code
    assert job.state == "failed"
    assert job.error == raised.value.as_json()


def test_the_curve_up_to_the_nan_is_kept(db: None) -> None:
    job = new_job("measure_nan")
    with pytest.raises(StarchamberError, match="loss at step 2 is nan"):
        services.run_here(job.pk)
    assert list(Metric.objects.filter(job=job).values_list("series", "step", "value")) == [("loss", 1, 2.5)]


def test_what_may_pass_is_tried_again_here(db: None) -> None:
    job = new_job("stumble_once")
    assert services.run_here(job.pk) == {"resumed": True}


def test_a_job_is_had_once(world: str) -> None:
    job = new_job()
    assert claim_job(job.pk, owner="another") is not None
    with pytest.raises(Conflict):
        services.run_here(job.pk)
    assert claim_job(job.pk, owner="a third") is None


def test_eight_that_claim_at_once_get_it_once(world: str) -> None:
    from django.db import connection

    job = new_job()
    start = threading.Barrier(8)
    claims = []

    def claim(name: str) -> None:
        try:
            start.wait()
            claims.append(claim_job(job.pk, owner=name))
        finally:
            connection.close()

    threads = [threading.Thread(target=claim, args=(f"process {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [won] = [one for one in claims if one is not None]
    job.refresh_from_db()
    assert (job.lease_owner, job.fence, job.attempts) == (won.owner, 1, 1)


def test_whoever_lost_the_job_changes_nothing(world: str) -> None:
    job = new_job()
    claim = claim_job(job.pk, owner="one")
    assert claim is not None
    assert renew_lease(claim) is Held.OURS
    Job.objects.filter(pk=job.pk).update(fence=2)
    assert renew_lease(claim) is Held.LOST
    assert not settle(claim, Outcome(Ending.FINISHED, result={}))
    job.refresh_from_db()
    assert job.state == "running"


def test_a_command_hears_that_its_job_was_cancelled(world: str) -> None:
    job = new_job("count_slowly")
    canceller = threading.Timer(0.5, services.cancel_job, args=(job.pk,), kwargs={"actor": COMMAND})
    canceller.start()
    with pytest.raises(StarchamberError, match="cancelled"):
        services.run_here(job.pk)
    canceller.join()
    job.refresh_from_db()
    assert (job.state, job.cancel_requested) == ("cancelled", False)
    services.resume_job(job.pk, actor=COMMAND)
    job.refresh_from_db()
    assert job.state == "queued"
