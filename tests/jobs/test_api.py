"""The calls about jobs climb the ladder: works, stranger, wrong role, bad id, wrong method, twice."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import tokens
from accounts.models import User
from jobs.logs import write_log
from jobs.models import Metric
from jobs.services import run_here
from tests.jobs.conftest import new_job


@pytest.fixture
def api(client: Client, engineer: User) -> Client:
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {tokens.mint_staff_token(engineer, name='t')}"
    return client


CALLS = [("get", ""), ("get", "{}/"), ("post", "{}/cancel/"), ("post", "{}/resume/")]
CALLS += [("get", "{}/metrics/"), ("get", "{}/log/")]


@pytest.mark.parametrize(("method", "address"), CALLS)
def test_strangers_and_blind_analysts_are_refused(
    client: Client, blind_analyst: User, method: str, address: str
) -> None:
    path = f"/api/v1/jobs/{address.format(new_job().pk)}"
    assert getattr(client, method)(path).status_code == 401
    token = tokens.mint_staff_token(blind_analyst, name="t")
    answer = getattr(client, method)(path, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


@pytest.mark.parametrize(("method", "address"), CALLS[1:])
def test_a_job_that_is_not_there_is_404(api: Client, method: str, address: str) -> None:
    answer = getattr(api, method)(f"/api/v1/jobs/{address.format(99)}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_job")


def test_a_finished_job_tells_its_result(api: Client) -> None:
    job = new_job()
    result = run_here(job.pk)
    answer = api.get(f"/api/v1/jobs/{job.pk}/").json()
    assert (answer["state"], answer["result"], answer["created_by"]) == ("finished", result, "command")
    assert (answer["done"], answer["total"], answer["seconds_left"]) == (20, 20, None)
    assert (answer["lost"], answer["lease_expires_at"]) == (False, None)
    listed = api.get("/api/v1/jobs/?state=finished&kind=count").json()["results"]
    assert [one["id"] for one in listed] == [job.pk]
    assert api.get("/api/v1/jobs/?state=failed").json()["results"] == []
    assert api.get("/api/v1/jobs/?state=odd").status_code == 422


def test_cancel_and_resume_answer_with_the_job_and_say_no_the_second_time(api: Client) -> None:
    path = f"/api/v1/jobs/{new_job().pk}/"
    assert api.post(f"{path}cancel/").json()["state"] == "cancelled"
    again = api.post(f"{path}cancel/")
    assert (again.status_code, again.json()["code"]) == (409, "job_ended")
    assert api.post(f"{path}resume/").json()["state"] == "queued"
    again = api.post(f"{path}resume/")
    assert (again.status_code, again.json()["code"]) == (409, "job_is_live")
    assert api.get(f"{path}cancel/").status_code == 405


def test_a_finished_job_is_not_resumed(api: Client) -> None:
    job = new_job()
    run_here(job.pk)
    answer = api.post(f"/api/v1/jobs/{job.pk}/resume/")
    assert (answer.status_code, answer.json()["code"]) == (409, "job_finished")


def test_points_come_in_pages_and_by_series(api: Client) -> None:
    job = new_job()
    for step in range(3):
        Metric.objects.create(job=job, series="loss", step=step, value=step)
        Metric.objects.create(job=job, series="kept", step=step, value=step)
    answer = api.get(f"/api/v1/jobs/{job.pk}/metrics/?series=loss&page_size=2").json()
    assert [point["step"] for point in answer["results"]] == [2, 1]
    assert answer["next"]


def test_a_log_is_followed_from_byte_to_byte(api: Client) -> None:
    job = new_job()
    path = f"/api/v1/jobs/{job.pk}/log/"
    assert api.get(path).json() == {"text": "", "start": 0, "end": 0, "size": 0}
    write_log(job.pk, "one")
    first = api.get(path).json()
    assert first["text"].endswith("one\n")
    write_log(job.pk, "two\nthree")
    second = api.get(f"{path}?after={first['end']}").json()
    assert [line.split()[-1] for line in second["text"].splitlines()] == ["two", "three"]
    assert second["end"] == second["size"]
    assert api.get(f"{path}?after=-1").status_code == 422
