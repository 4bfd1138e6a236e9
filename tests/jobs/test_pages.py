"""The pages of jobs: who may see them, what they say, and that they stop asking when a job has ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from jobs import clock
from jobs.charts import line_chart
from jobs.logs import write_log
from jobs.metrics import Series
from jobs.models import Job, Metric, WorkerBeat
from jobs.services import run_here
from tests.jobs.conftest import new_job


@pytest.fixture
def staff(client: Client, engineer: User) -> Client:
    client.force_login(engineer)
    return client


def page(client: Client, job: Job, part: str = "") -> str:
    answer = client.get(f"/jobs/{job.pk}/{part}")
    assert answer.status_code == 200
    return answer.content.decode()


def set_to(job: Job, **facts: object) -> Job:
    Job.objects.filter(pk=job.pk).update(**facts)
    job.refresh_from_db()
    return job


def running(job: Job, **facts: object) -> Job:
    now = clock.now()
    held = {"lease_owner": "worker-1@box, process 7", "lease_expires_at": now + timedelta(minutes=1)}
    return set_to(job, state="running", attempts=1, started_at=now, heartbeat_at=now, **{**held, **facts})


@pytest.mark.parametrize("address", ["", "{}/", "{}/live/", "{}/curves/", "{}/log/"])
def test_strangers_sign_in_first_and_a_blind_analyst_may_not_look(
    client: Client, blind_analyst: User, address: str
) -> None:
    path = f"/jobs/{address.format(new_job().pk)}"
    assert client.get(path)["Location"].startswith("/accounts/login/")
    client.force_login(blind_analyst)
    assert client.get(path).status_code == 403
    assert client.post(path).status_code in (403, 405)


def test_a_job_that_is_not_there_is_404(staff: Client) -> None:
    for address in ("", "live/", "curves/", "log/"):
        assert staff.get(f"/jobs/99/{address}").status_code == 404
    assert staff.post("/jobs/99/cancel/").status_code == 404
    assert staff.get("/jobs/99/cancel/").status_code == 405


def test_a_waiting_job_says_since_when_its_queue_has_no_worker(staff: Client) -> None:
    job = new_job()
    assert "No worker on queue generate yet" in page(staff, job)
    seen = clock.now() - timedelta(minutes=5)
    WorkerBeat.objects.create(name="gone", queues=["generate"], started_at=seen, seen_at=seen)
    html = page(staff, job)
    assert "No worker on queue generate since" in html
    assert f"{seen:%H:%M}" in html
    assert "make worker QUEUES=generate" in html
    WorkerBeat.objects.create(name="here", queues=["train", "generate"], started_at=seen, seen_at=clock.now())
    assert "No worker" not in page(staff, job)


def test_a_worker_that_said_goodbye_serves_no_queue(staff: Client) -> None:
    now = clock.now()
    WorkerBeat.objects.create(name="left", queues=["generate"], started_at=now, seen_at=now, stopped_at=now)
    assert "No worker on queue generate since" in page(staff, new_job())


def test_a_running_job_shows_stage_progress_and_what_is_left(staff: Client) -> None:
    began = clock.now() - timedelta(seconds=100)
    job = running(
        new_job(),
        stage="sampling",
        stage_started_at=began,
        stage_from=10,
        done=60,
        total=110,
        reported_at=clock.now(),
    )
    html = page(staff, job, "live/")
    assert "60 of 110" in html
    # 50 units in 100 s, 50 to go.
    assert "about 100 s" in html or "about 99 s" in html
    assert "worker-1@box, process 7" in html
    assert 'hx-trigger="every 2s"' in html


@pytest.mark.parametrize("part", ["", "live/"])
def test_a_job_whose_worker_died_does_not_pass_for_running(staff: Client, part: str) -> None:
    now = clock.now()
    gone = {"lease_expires_at": now - timedelta(seconds=1), "heartbeat_at": now - timedelta(minutes=1)}
    job = set_to(running(new_job()), **gone)
    shown = page(staff, job, part)
    assert f"No word from its worker since {job.heartbeat_at:%-d %b, %H:%M:%S} UTC" in shown
    assert "is taken over as soon as a worker is there" in shown and "No worker on queue" in shown
    assert ">Running<" not in shown and "hx-get" in shown
    listed = staff.get("/jobs/").content.decode()
    assert 'badge--warn">No word<' in listed and 'badge--gilt">Running<' not in listed
    assert "0 running, 0 waiting, 1 without a word" in listed and "No worker on queue" in listed
    assert f'id="job-{job.pk}"' in staff.get("/jobs/?state=lost").content.decode()
    assert f'id="job-{job.pk}"' not in staff.get("/jobs/?state=running").content.decode()
    WorkerBeat.objects.create(name="w", queues=[job.queue], started_at=now, seen_at=now)
    shown = page(staff, job, part)
    assert "is taken over by a worker in a moment" in shown and "No worker on queue" not in shown
    shown = page(staff, running(job), part)
    assert "No word" not in shown and "Running" in shown


def test_a_job_that_has_ended_is_not_asked_for_again(staff: Client) -> None:
    job = new_job()
    run_here(job.pk)
    for part in ("", "live/", "curves/"):
        assert "hx-get" not in page(staff, job, part)
    assert "hx-get" not in staff.get("/jobs/").content.decode()
    new_job()
    assert "hx-get" in staff.get("/jobs/").content.decode()


def test_a_failed_job_shows_code_message_and_details_and_can_be_resumed(staff: Client) -> None:
    job = set_to(
        new_job(),
        state="failed",
        attempts=1,
        error={"code": "empty_split", "message": "Nothing <to> do.", "details": {"split": "test"}},
    )
    html = page(staff, job)
    for words in ("empty_split", "Nothing &lt;to&gt; do.", "split", "test", "Resume"):
        assert words in html
    answer = staff.post(f"/jobs/{job.pk}/resume/")
    assert (answer.status_code, answer["Location"]) == (303, f"/jobs/{job.pk}/")
    job.refresh_from_db()
    assert (job.state, job.error) == ("queued", None)
    again = staff.post(f"/jobs/{job.pk}/resume/", follow=True).content.decode()
    assert "The job is queued already." in again
    assert AuditEvent.objects.filter(act="job.resume", actor_label="engineer").count() == 1


def test_details_of_a_failure_are_told_in_words(staff: Client) -> None:
    details = {"fates": {"wrong": 1200, "too_long": 3}, "splits": ["test", "train"], "best_step": None}
    error = {"code": "nothing_to_learn", "message": "Nothing was kept.", "details": details}
    shown = page(staff, set_to(new_job(), state="failed", error=error))
    assert "<dt>fates</dt><dd>wrong 1,200, too_long 3</dd>" in shown
    assert "<dt>splits</dt><dd>test, train</dd>" in shown and "<dt>best step</dt><dd>nothing</dd>" in shown
    assert "{" not in shown.partition("Nothing was kept.")[2].partition("</dl>")[0]


def test_cancelling_asks_a_running_job_and_ends_a_waiting_one(staff: Client) -> None:
    waiting, busy = new_job(), running(new_job())
    for job in (waiting, busy):
        staff.post(f"/jobs/{job.pk}/cancel/")
        staff.post(f"/jobs/{job.pk}/cancel/")
        job.refresh_from_db()
    assert waiting.state == "cancelled"
    assert (busy.state, busy.cancel_requested) == ("running", True)
    assert "Ending" in page(staff, busy)
    assert AuditEvent.objects.filter(act="job.cancel").count() == 2


def test_the_page_that_asked_is_shown_again(staff: Client) -> None:
    job = new_job()
    answer = staff.post(f"/jobs/{job.pk}/cancel/", headers={"Referer": "http://testserver/runs/star-1/"})
    assert answer["Location"] == "http://testserver/runs/star-1/"
    answer = staff.post(f"/jobs/{job.pk}/resume/", headers={"Referer": "http://elsewhere.example/"})
    assert answer["Location"] == f"/jobs/{job.pk}/"


def test_lanes_are_cancelled_and_resumed_with_the_job_that_they_share(staff: Client) -> None:
    job = new_job()
    lane = set_to(new_job(), parent=job)
    assert f"/jobs/{lane.pk}/" in page(staff, job)
    assert f"/jobs/{lane.pk}/" not in staff.get("/jobs/").content.decode()
    staff.post(f"/jobs/{job.pk}/cancel/")
    lane.refresh_from_db()
    assert lane.state == "cancelled"
    staff.post(f"/jobs/{job.pk}/resume/")
    lane.refresh_from_db()
    assert lane.state == "queued"


def test_curves_have_tables_and_share_a_chart_by_their_first_word(staff: Client) -> None:
    job = new_job()
    for step in range(1, 6):
        for series in ("loss/train", "loss/validation", "accuracy"):
            Metric.objects.create(job=job, series=series, step=step, value=1 / step)
    html = page(staff, job, "curves/")
    assert html.count("data-chart=") == 2
    # A point alone has an axis with its own step and value: on a scale without width the label would be NaN.
    alone = line_chart("one", [Series("one", [(0, 0.25)], 1)], key="one").spec["encoding"]
    assert alone["x"]["axis"]["values"] == [0] and alone["x"]["scale"]["domain"] == [-1, 1]
    assert alone["y"]["axis"]["values"] == [0.25]
    assert html.count("<table") == 2
    assert "train from 1 at 1 to 0.2 at 5" in html


def test_the_log_is_shown_escaped_and_whole_as_plain_text(staff: Client) -> None:
    job = new_job()
    write_log(job.pk, "loss <b>2.5</b>")
    assert "loss &lt;b&gt;2.5&lt;/b&gt;" in page(staff, job)
    answer = staff.get(f"/jobs/{job.pk}/log/")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert b"loss <b>2.5</b>" in b"".join(answer)
    assert staff.get(f"/jobs/{new_job().pk}/log/").status_code == 404


def test_the_list_is_filtered(staff: Client) -> None:
    first, second = new_job(), running(new_job())
    html = staff.get("/jobs/?state=running").content.decode()
    assert f'id="job-{second.pk}"' in html
    assert f'id="job-{first.pk}"' not in html
    assert "No job is like that" in staff.get("/jobs/?state=failed&queue=train").content.decode()


def test_a_page_asks_the_same_few_statements_however_many_jobs_there_are(
    staff: Client, django_assert_max_num_queries
) -> None:
    for _ in range(20):
        new_job()
    with django_assert_max_num_queries(10):
        staff.get("/jobs/")
