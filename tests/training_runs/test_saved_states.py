"""An attempt that stores something for good has got further: breaks are counted anew. One that does not has not."""

from __future__ import annotations

import pytest

from jobs.context import JobContext
from jobs.leases import claim_job
from jobs.models import Job
from tests.training_runs.worlds import launched, make_sums
from training.runs.watching import JobWatch

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


@pytest.mark.parametrize(
    ("first", "last", "counted"),
    [
        (1, 5, 4),  # the state of step 5 is saved behind the watch's step 5: not yet
        (1, 6, 0),
        (6, 10, 4),  # went on from the state of step 5, and broke before the next
        (6, 11, 0),
    ],
)
def test_breaks_are_counted_anew_once_an_attempt_has_saved_a_state_of_its_own(
    first: int, last: int, counted: int
) -> None:
    make_sums()
    run = launched("sft")
    Job.objects.filter(pk=run.job_id).update(failures=4)
    claim = claim_job(run.job_id, owner="a test")
    assert claim is not None
    watch = JobWatch(JobContext(claim), save_every=5)
    for step in range(first, last + 1):
        watch.step(step, 1.0, {})
    assert Job.objects.get(pk=run.job_id).failures == counted
