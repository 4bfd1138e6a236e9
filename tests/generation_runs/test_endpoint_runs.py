"""Runs on a model server, a real one on this machine: what it is asked, what is kept, and what its troubles come to."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.audit import COMMAND
from accounts.errors import StarchamberError
from generation.registry.services import register_model
from generation.registry.settings import ModelSettings
from generation.runs import samplers
from generation.runs.models import Candidate, GenerationRun
from generation.sampling import waiting
from generation.sampling.endpoint import EndpointSampler
from jobs.context import Wishes
from jobs.errors import JobError
from jobs.logs import folder_of, read_log
from jobs.models import Job
from jobs.services import resume_job, run_here
from ratings.library.models import Rationale
from tests.generation_runs.server import Behaviour, ModelServer, adds_two, completion, model_server, sleeps
from tests.generation_runs.worlds import done, launched, make_questions

SECRET = "sk-this-is-nobodys-business"


@pytest.fixture
def server(db: None, settings, tmp_path, monkeypatch) -> Iterator[ModelServer]:
    """A server that adds two, allowed under the name `lab`, with a key; and questions."""
    make_questions()
    settings.STORAGE_DIR = tmp_path / "storage"
    monkeypatch.setenv("LAB_KEY", SECRET)
    # The sampler waits seconds between two tries, and minutes for an answer: here tenths of them.
    monkeypatch.setattr(
        samplers, "PATIENCE", {"timeout_seconds": 1.0, "attempts": 2, "backoff_seconds": 0.05}
    )
    with model_server(adds_two) as running:
        settings.ENDPOINTS = {"lab": (running.url, "LAB_KEY")}
        yield running


def register(**chosen: str) -> None:
    options = {"protocol": "completions", "served_model": "big-7b", **chosen}
    register_model("served", endpoint="lab", settings=ModelSettings.from_json(options), actor=COMMAND)


@pytest.mark.parametrize("protocol", ["completions", "chat"])
def test_a_server_is_asked_the_stored_prompt_and_its_answers_are_graded_and_kept(
    server: ModelServer, protocol: str
) -> None:
    register(protocol=protocol)
    run = done(model="served", samples=2, batch_size=None, temperature=0.7)
    assert (run.batch_size, run.max_new_tokens, run.calculator) == (16, 12, False)
    assert run.job.result is not None and run.job.result["correct"] == 8
    prompts = set(run.prompts.values_list("text", flat=True))
    for path, headers, body in server.asked:
        assert path.endswith("/chat/completions" if protocol == "chat" else "/v1/completions")
        assert headers["Authorization"] == f"Bearer {SECRET}"
        assert (body["model"], body["temperature"], body["max_tokens"]) == ("big-7b", 0.7, 12)
        assert (body["messages"][0]["content"] if protocol == "chat" else body["prompt"]) in prompts
    assert len({body["seed"] for body in server.bodies}) == 8
    candidate = Candidate.objects.filter(run=run).earliest("pk")
    assert (candidate.text, candidate.verdict, candidate.answer) == (" 0 + 2 = 2.\n#### 2", "correct", "2")
    assert (candidate.logprob, candidate.scored_tokens, candidate.tokens) == (-3.0, 6, 6)
    assert {row.copies for row in Rationale.objects.all()} == {2}
    told = json.dumps([run.job.result, *Job.objects.values_list("error", "title")], default=str)
    assert SECRET not in told


THINKING = {
    "after_thinking": ("Two.\n#### 2", "correct"),
    "content": ("<think>hm, 3?</think>Two.\n#### 2", "correct"),
    "reasoning_content": ("hm, 3?", "correct"),  # the answer stands in the content
}


@pytest.mark.parametrize("which", THINKING)
def test_thinking_is_kept_apart_and_the_models_setting_says_which_text_is_the_rationale(
    server: ModelServer, which: str
) -> None:
    def thinks(path: str, body: dict[str, Any], number: int) -> tuple[int, Any]:
        return 200, completion("<think>hm, 3?</think>Two.\n#### 2", chat=True)

    server.behave = thinks
    register(protocol="chat", rationale_text=which)
    make_questions("one", count=1)
    run = done(dataset="one", model="served", samples=1)
    candidate = Candidate.objects.select_related("rationale").get(run=run)
    assert candidate.text == "<think>hm, 3?</think>Two.\n#### 2"  # as it came
    assert candidate.reasoning == "hm, 3?"
    assert candidate.rationale is not None
    assert (candidate.rationale.text, candidate.verdict) == THINKING[which]
    assert "hm" not in candidate.rationale.normalised or which == "reasoning_content"


def test_reasoning_content_of_a_server_is_kept_apart(server: ModelServer) -> None:
    server.behave = lambda path, body, number: (
        200,
        completion("#### 2", chat=True, reasoning_content="Because two."),
    )
    register(protocol="chat", rationale_text="reasoning_content")
    make_questions("one", count=1)
    candidate = done(dataset="one", model="served", samples=1).candidates.get()
    assert candidate.rationale is not None
    assert (candidate.text, candidate.reasoning) == ("#### 2", "Because two.")
    assert (candidate.rationale.text, candidate.rationale.stated_answer) == ("Because two.", "#### 2")
    assert candidate.verdict == "correct"


def always(status: int, answer: Any) -> Behaviour:
    return lambda path, body, number: (status, answer)


TROUBLES: dict[str, tuple[Behaviour, str]] = {
    "errors": (always(500, {"error": "out of memory"}), "endpoint_unavailable"),
    "no such model": (always(404, {"error": "no model big-7b"}), "endpoint_refused"),
    "a redirect": (always(302, b""), "endpoint_refused"),
    "no JSON": (always(200, b"<html>Hello</html>"), "endpoint_garbage"),
    "JSON of another kind": (always(200, {"choices": []}), "endpoint_garbage"),
    "no text": (always(200, {"choices": [{"text": 7}]}), "endpoint_garbage"),
    "silence": (sleeps(1), "endpoint_timeout"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_server_in_trouble_fails_the_run_with_its_reason_and_nothing_is_half_written(
    server: ModelServer, trouble: str, capsys, monkeypatch
) -> None:
    server.behave, code = TROUBLES[trouble]
    if code == "endpoint_timeout":
        monkeypatch.setitem(samplers.PATIENCE, "timeout_seconds", 0.2)
    monkeypatch.setattr("jobs.here.MAX_BACKOFF_SECONDS", 0.05)
    register()
    with pytest.raises(CommandError, match="model server at 127.0.0.1") as raised:
        call_command("generate", "--dataset", "sums", "--model", "served", "--samples", "1", "--json")
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (raised.value.returncode, answer["error"]["code"]) == (1, code)
    job = GenerationRun.objects.get().job
    assert job.error is not None
    assert (job.state, job.error["code"]) == ("failed", code)
    assert not Candidate.objects.exists() and not Rationale.objects.exists()
    assert SECRET not in json.dumps(answer)


def test_trouble_that_passes_is_waited_out_and_every_batch_is_there_in_the_end(
    server: ModelServer, monkeypatch
) -> None:
    monkeypatch.setattr("jobs.here.MAX_BACKOFF_SECONDS", 0.05)

    def limps(path: str, body: dict[str, Any], number: int) -> tuple[int, Any]:
        return (503, {"error": "busy"}) if number % 7 < 3 else adds_two(path, body, number)

    server.behave = limps
    register()
    run = done(model="served", samples=3, batch_size=1)
    assert (run.job.state, run.candidates.filter(verdict="correct").count()) == ("finished", 12)


def test_a_run_that_is_cancelled_while_its_server_is_silent_ends_at_once(
    server: ModelServer, monkeypatch
) -> None:
    wishes = Wishes()
    monkeypatch.setattr("jobs.here.Wishes", lambda: wishes)
    monkeypatch.setitem(samplers.PATIENCE, "timeout_seconds", 60)

    def hangs(path: str, body: dict[str, Any], number: int) -> tuple[int, Any]:
        wishes.cancel.set()
        time.sleep(10)
        return adds_two(path, body, number)

    server.behave = hangs
    register()
    began = time.monotonic()
    with pytest.raises(JobError) as raised:
        run_here(launched(model="served").job_id)
    assert raised.value.code == "cancelled" and time.monotonic() - began < 4


@pytest.mark.slow
def test_a_silent_server_is_told_in_the_log_with_each_attempt(server: ModelServer, monkeypatch) -> None:
    monkeypatch.setattr(waiting, "WORD_SECONDS", 0.2)
    monkeypatch.setattr("jobs.here.MAX_BACKOFF_SECONDS", 0.05)
    monkeypatch.setitem(samplers.PATIENCE, "timeout_seconds", 0.5)
    server.behave = sleeps(2)
    register()
    run = launched(model="served", samples=1)
    with pytest.raises(JobError):
        run_here(run.job_id)
    text = read_log(run.job_id).text
    assert "Waiting for 127.0.0.1, try 1 of 2: 4 answers outstanding" in text
    assert "no whole answer within 0.5 seconds. Attempt 5 of 5 in" in text


def test_one_failing_prompt_costs_no_other_answer_and_only_it_is_asked_again(server: ModelServer) -> None:
    def dislikes(path: str, body: dict[str, Any], number: int) -> tuple[int, Any]:
        if "What is 2 plus" in body["prompt"]:
            time.sleep(0.3)
            return 400, {"error": "not this one"}
        return adds_two(path, body, number)

    server.behave = dislikes
    register()
    run = launched(model="served", samples=1, batch_size=4)
    with pytest.raises(JobError, match="not this one"):
        run_here(run.job_id)
    assert not Candidate.objects.exists() and len(server.asked) == 4
    assert "3 of 4 answers are there and kept" in read_log(run.job_id).text
    server.behave = adds_two
    resume_job(run.job_id, actor=COMMAND)
    run_here(run.job_id)
    assert len(server.asked) == 5 and "What is 2 plus" in server.bodies[-1]["prompt"]
    assert run.candidates.filter(verdict="correct").count() == 4
    assert run.candidates.filter(logprob=-3.0).count() == 4
    assert not list((folder_of(run.job_id) / "answers").iterdir())


def test_a_key_that_the_environment_lacks_is_named_and_not_guessed(server: ModelServer, monkeypatch) -> None:
    monkeypatch.delenv("LAB_KEY")
    register()
    with pytest.raises(StarchamberError, match="LAB_KEY") as raised:
        run_here(launched(model="served").job_id)
    assert raised.value.code == "no_key"
    assert server.asked == []


def test_an_endpoint_that_was_taken_away_since_the_launch_fails_the_run(
    server: ModelServer, settings
) -> None:
    register()
    run = launched(model="served")
    settings.ENDPOINTS = {}
    with pytest.raises(StarchamberError) as raised:
        run_here(run.job_id)
    assert raised.value.code == "unknown_endpoint"
    assert server.asked == []


def test_patience_is_what_the_sampler_takes() -> None:
    EndpointSampler("http://127.0.0.1:1/v1", "", "m", **samplers.PATIENCE)
