"""What is left of each stage of an attempt: what it did, how long it took, written once and behind the fence."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.audit import COMMAND
from jobs.context import JobContext
from jobs.errors import LeaseLost
from jobs.leases import claim_job, take_from_the_lost
from jobs.models import Job, StageSpan
from jobs.services import create_job

pytestmark = pytest.mark.django_db


def claimed() -> JobContext:
    job = create_job(kind="train", title="made", actor=COMMAND)
    claim = claim_job(job.pk, owner="test")
    assert claim is not None
    return JobContext(claim)


def test_every_stage_that_has_ended_is_written_with_its_units() -> None:
    context = claimed()
    context.stage("reading", total=4)
    context.advance(4)
    context.stage("writing", 3, 9)
    context.advance(5)
    assert list(StageSpan.objects.values_list("name", flat=True)) == ["starting", "reading"]
    context.close()
    context.close()
    spans = list(StageSpan.objects.all())
    assert [(one.name, one.done_from, one.done, one.total, one.units) for one in spans] == [
        ("starting", 0, 0, None, 0),
        ("reading", 0, 4, 4, 4),
        ("writing", 3, 5, 9, 2),
    ]
    for one in spans:
        assert one.seconds >= 0 and one.cpu_seconds >= 0 and one.fence == context.fence
        assert one.peak_bytes is None or one.peak_bytes > 10_000_000


def test_a_stage_that_nobody_ended_counts_up_to_its_last_word_once() -> None:
    context = claimed()
    context.stage("reading", 3, 9)
    context.advance(5)
    began = timezone.now() - timedelta(seconds=40)
    facts = {"stage_started_at": began, "reported_at": began + timedelta(seconds=30), "done": 5}
    Job.objects.update(queued_at=began - timedelta(seconds=1), lease_expires_at=began, **facts)
    assert take_from_the_lost(context.job_id) is not None
    [span] = StageSpan.objects.filter(name="reading")
    assert (span.seconds, span.units, span.fence) == (30.0, 2, context.fence)
    # The next attempt dies before it names a stage: the old stage is not counted again.
    assert claim_job(context.job_id, owner="next") is not None
    Job.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert take_from_the_lost(context.job_id) is not None
    assert StageSpan.objects.filter(name="reading").count() == 1


def test_an_attempt_that_lost_its_job_writes_none() -> None:
    context = claimed()
    Job.objects.update(fence=99)
    with pytest.raises(LeaseLost):
        context.stage("reading")
    assert not StageSpan.objects.exists()
