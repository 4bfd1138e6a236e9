"""What is watched of a run: its stages while it works, its charts, what it took, and the comparison of several."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from jobs.models import Job, StageSpan
from tests.training_runs.test_api import ask, client_of
from tests.training_runs.test_estimates import measured
from tests.training_runs.test_pages import post
from tests.training_runs.worlds import launched, make_sums, staged
from training.runs.measured_models import Measurement
from training.runs.models import Iteration, RunFact, TrainingRun
from training.runs.strip import strip_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


@pytest.fixture(autouse=True)
def sums() -> None:
    cache.clear()
    make_sums(count=60)


@pytest.fixture
def signed_in(client: Client, engineer) -> Client:
    client.force_login(engineer)
    return client


def text_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.content[:500]
    return unescape(answer.content.decode())


def working(run: TrainingRun, *, stage: str, done: int, total: int, seconds: float = 10.0) -> None:
    """The job as it stands while a worker is at it."""
    now = timezone.now()
    Job.objects.filter(pk=run.job_id).update(
        state="running",
        lease_expires_at=now + timedelta(minutes=5),
        stage=stage,
        stage_started_at=now - timedelta(seconds=seconds),
        reported_at=now,
        done=done,
        total=total,
    )
    run.job.refresh_from_db()


def gone(run: TrainingRun, name: str, units: int, seconds: float) -> None:
    StageSpan.objects.create(
        job=run.job,
        fence=1,
        name=name,
        began_at=timezone.now(),
        seconds=seconds,
        cpu_seconds=seconds / 2,
        done=units,
        total=units,
        peak_bytes=600_000_000,
    )


def test_the_stages_of_the_present_iteration_stand_in_a_strip(signed_in) -> None:
    measured()
    run = launched("star", "made")
    assert strip_of(run) is None  # it waits
    gone(run, "starting", 0, 3.0)
    gone(run, "iteration 0: validating", 6, 1.0)
    gone(run, "iteration 1: generating", 16, 8.0)
    gone(run, "iteration 1: rationalizing", 5, 2.0)
    working(run, stage="iteration 1: training", done=1, total=4)
    found = strip_of(run)
    assert found is not None and found.title == "Iteration 1 of 2"
    assert [(one.words, one.state, one.done, one.total) for one in found.stages] == [
        ("Generating", "done", 16, 16),
        ("Rationalizing", "done", 5, 5),
        ("Training", "now", 1, 4),
        ("Validating", "ahead", 0, 3),
    ]
    assert found.stages[0].note == "8 s" and found.stages[2].note == "about 30 s left" and found.left
    page = text_of(signed_in, f"/runs/{run.pk}/")
    # There without any script; with it the part asks for itself until the run has ended.
    assert 'aria-current="step"' in page and f"about {found.left} left of the run" in page
    part = text_of(signed_in, f"/runs/{run.pk}/strip/")
    assert 'hx-trigger="every 2s"' in part and "1 of 4" in part
    Job.objects.update(state="finished", lease_expires_at=None)
    ended = text_of(signed_in, f"/runs/{run.pk}/strip/")
    assert "hx-trigger" not in ended and "Generating" not in ended


@pytest.mark.parametrize(
    ("algorithm", "stage", "title", "words"),
    [
        ("sft", "training", "Stages", "Training"),
        ("vstar", "iteration 1: sampling", "Iteration 1 of 2", "Sampling"),
        ("vstar", "verifier: training", "The verifier", "Training the verifier"),
        ("star", "loading the model", "Before the first iteration", "Loading the model"),
    ],
)
def test_every_kind_of_run_has_its_strip(algorithm: str, stage: str, title: str, words: str) -> None:
    run = launched(algorithm, "made")
    working(run, stage=stage, done=2, total=8)
    found = strip_of(run)
    assert found is not None and found.title == title
    assert [one.words for one in found.stages if one.state == "now"] == [words]


def test_charts_tell_accuracy_and_counts_by_iteration_with_their_tables(signed_in) -> None:
    run = staged()
    Iteration.objects.filter(run=run, number=0).update(
        metrics={"accuracy": 0.25, "by_digits": {"1": 0.5, "2": 0.0}}
    )
    counts = {"questions": 40, "solved": 20, "rationalized": 12, "failed": 8}
    Iteration.objects.filter(run=run, number=1).update(
        metrics={"accuracy": 0.5, "by_digits": {"1": 0.75, "2": 0.25}},
        counts={**counts, "kept": 31, "invalid_trace": 3, "unparsable": 2},
    )
    page = text_of(signed_in, f"/runs/{run.pk}/charts/")
    assert "Held-out accuracy after iteration 1: all 50.0%, 1 digit 75.0%, 2 digits 25.0%." in page
    assert "Iteration 1: 20 solved, 12 only with a hint, 8 failed." in page
    for head in ("Kept to learn from", "Right, reasoning invalid", "No answer found"):
        assert f">{head}</th>" in page


def test_what_a_run_took_stands_beside_what_was_thought(signed_in) -> None:
    measured()
    run = launched("star", "made")
    gone(run, "starting", 0, 3.0)
    gone(run, "training", 9, 120.0)
    Job.objects.filter(pk=run.job_id).update(state="finished")
    page = text_of(signed_in, f"/runs/{run.pk}/charts/")
    assert "beside what was estimated" in page and "600 MB" in page
    # Of the work alone: the three seconds of the process's start are nobody's.
    assert ">2 min</td>" in page
    TrainingRun.objects.update(estimate={})
    assert "Estimated" not in text_of(signed_in, f"/runs/{run.pk}/charts/")


def compared(label: str, right: list[bool], **changes: Any) -> TrainingRun:
    """A finished run with one iteration and these held-out results."""
    run = launched("star", label, **changes)
    accuracy = sum(right) / len(right)
    Iteration.objects.create(run=run, number=1, metrics={"accuracy": accuracy}, steps=4)
    facts = {"number": 1, "validation": {f"q{place}": one for place, one in enumerate(right)}}
    RunFact.objects.create(run=run, name="iteration-1", facts=facts)
    return run


def test_runs_are_compared_by_page_and_api(signed_in, engineer) -> None:
    compared("one", [True] * 8 + [False] * 2)
    compared("two", [True] * 3 + [False] * 7, seed=5, rationalize=False)
    page = text_of(signed_in, "/runs/compare/?run=one&run=two")
    assert "80.0%" in page and "30.0%" in page and "+50.0" in page and "10 held out" in page
    assert 'data-label="Held-out accuracy"' in page  # what a phone shows instead of the head
    status, found = ask(client_of(engineer), "get", "runs/compare/?run=one&run=two")
    assert status == 200
    assert found["recipe"] == {
        "seed": {"one": 0, "two": 5},
        "rationalize": {"one": True, "two": False},
    }
    [difference] = found["differences"]
    assert (difference["only_first"], difference["only_second"]) == (5, 0)
    assert difference["p"] == pytest.approx(2 / 32) and difference["difference"] == pytest.approx(0.5)
    assert found["runs"][0]["final"]["questions"] == 10 and found["runs"][0]["steps"] == 4
    # Each is the best of its iterations on these very questions, and that is said.
    assert [one["chosen_among"] for one in found["runs"]] == [1, 1]
    assert "best on these held-out questions themselves" in page and "questions that chose nothing" in page
    # From the list, and from a run.
    assert 'name="run" value="one"' in text_of(signed_in, "/runs/")
    run = TrainingRun.objects.get(label="one")
    assert "/runs/compare/?run=one" in text_of(signed_in, f"/runs/{run.pk}/")
    assert 'value="two"' in text_of(signed_in, "/runs/compare/?run=one")


@pytest.mark.parametrize(
    ("labels", "status", "words"),
    [
        (["one"], 422, "1 run is named, expected 2 to 6"),
        ([], 422, "0 runs are named"),
        (["one", "none"], 404, "there is no run 'none'"),
        (["one", "other"], 422, "'other' is of 'others'"),
        (["one", "two", "one"], 422, "named twice"),
        ([f"r{place}" for place in range(7)], 422, "7 runs are named"),
    ],
)
def test_runs_that_can_not_be_compared_are_refused(signed_in, engineer, labels, status, words) -> None:
    make_sums("others", count=60)
    launched("star", "one")
    launched("star", "two")
    launched("star", "other", dataset="others")
    query = "&".join(f"run={label}" for label in labels)
    answered, body = ask(client_of(engineer), "get", f"runs/compare/?{query}")
    assert answered == status and words in body["message"] and body["details"]["field"] == "run"
    # A page on which one run stands asks for the second.
    expected = 200 if len(labels) < 2 else status
    page = text_of(signed_in, f"/runs/compare/?{query}", expected)
    assert len(labels) < 2 or words.lower() in page.lower()


@pytest.mark.parametrize("path", ["runs/compare/?run=a&run=b", "measurements/"])
def test_strangers_and_blind_analysts_see_none_of_it(blind_analyst, path) -> None:
    assert ask(Client(), "get", path)[0] == 401
    assert ask(client_of(blind_analyst), "get", path)[0] == 403


def test_the_form_says_what_a_run_will_take_and_has_it_measured(signed_in) -> None:
    asked = post(signed_in, dataset="sums", act="estimate")
    assert asked.status_code == 200 and not TrainingRun.objects.exists()
    assert "No measurement yet of tiny-base on sums" in asked.content.decode()
    waiting = post(signed_in, dataset="sums", act="measure")
    assert (
        "is being measured" in waiting.content.decode()
        and "No worker on queue train" in waiting.content.decode()
    )
    assert Measurement.objects.get().job.queue == "train"
    measured()
    part = signed_in.post(
        "/runs/new/star/",
        {**form_values(signed_in), "dataset": "sums", "act": "estimate"},
        headers={"HX-Target": "estimate"},
    )
    page = part.content.decode()
    assert "<form" not in page and "Time, about" in page and "Memory, at most" in page
    assert "The base solves 50% of 64 questions" in page
    wrong = signed_in.post(
        "/runs/new/star/",
        {**form_values(signed_in), "dataset": "sums", "iterations": 0, "act": "estimate"},
        headers={"HX-Target": "estimate"},
    )
    assert "Iterations: " in wrong.content.decode() and "Time, about" not in wrong.content.decode()


def form_values(client: Client) -> dict[str, Any]:
    form = client.get("/runs/new/star/").context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value is not None and value is not False}


def test_the_api_estimates_and_measures(engineer) -> None:
    client = client_of(engineer)
    body = {"algorithm": "star", "recipe": "star", "set": {"dataset": "sums", "iterations": 1}}
    status, found = ask(client, "post", "runs/estimate/", body)
    assert (status, found["estimate"], found["steps"]) == (200, None, 250)
    status, waiting = ask(client, "post", "measurements/", {"model": "tiny-base", "dataset": "sums"})
    assert (status, waiting["host"], waiting["job"]["state"]) == (201, "", "queued")
    assert ask(client, "post", "runs/estimate/", body)[1]["pending"]["id"] == waiting["id"]
    measured()
    status, found = ask(client, "post", "runs/estimate/", body)
    assert found["estimate"]["steps"] == 250 and found["estimate"]["seconds"] > 0
    assert ask(client, "get", "measurements/")[1]["results"][0]["host"] == "here"
    status, refused = ask(client, "post", "measurements/", {"model": "none", "dataset": "sums"})
    assert (status, refused["details"]["field"]) == (404, "base")
    assert ask(client, "post", "runs/estimate/", {**body, "recipe": "/etc/passwd"})[0] == 422
