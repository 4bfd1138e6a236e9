"""`generate` and `register_model` as people call them: in processes of their own, that may be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from generation.runs.models import Candidate, GenerationBatch, GenerationRun
from generation.runs.selectors import get_run
from generation.sampling.local import LocalSampler
from jobs.leases import claim_job
from jobs.models import Job
from ratings.library.models import Rationale
from tests.generation_runs.worlds import done, launched, make_model, make_questions, rows_of
from tests.services.world import ROOT, SERVERS


@pytest.fixture
def both_worlds(world: str, roots: Path) -> Path:
    make_model(roots)
    return roots


@pytest.fixture
def model(db: None, roots: Path) -> Path:
    make_model(roots)
    return roots


def answer_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The command's JSON line, of a run in the test's own process; raises CommandError as the command does."""
    capsys.readouterr()
    try:
        call_command(*arguments, "--json")
    finally:
        said = capsys.readouterr().out
    answer: dict[str, Any] = json.loads(said.splitlines()[-1])
    return answer


def started(roots: Path, storage: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """The command in a process of its own, on the test's database."""
    environment = SERVERS.environment_of_a_process(
        os.environ["DATABASE_URL"], MODEL_ROOTS=str(roots), STORAGE_URL=str(storage), DEVICE="cpu"
    )
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments, "--json"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


GENERATE = ("generate", "--dataset", "sums", "--model", "tiny", "--seed", "11", "--max-new-tokens", "12")
#: CONTRACT.md's keys.
AGREED = {"run", "questions", "candidates", "correct", "wrong", "unparsable", "tokens", "seconds"}


def test_the_command_answers_as_agreed(model: Path, capsys) -> None:
    make_questions(count=2)
    arguments = ("--samples", "2", "--temperature", "0.5", "--source", "mine")
    answer = answer_of(capsys, *GENERATE, *arguments)
    run = GenerationRun.objects.get()
    assert answer.keys() >= AGREED
    assert (answer["run"], answer["questions"], answer["candidates"]) == (run.pk, 2, 4)
    assert answer["correct"] + answer["wrong"] + answer["unparsable"] == 4
    assert answer["seconds"] > 0 and answer["tokens"] > 0
    assert (run.temperature, run.source.label, run.job.state) == (0.5, "mine", "finished")


def test_the_same_command_goes_on_after_ctrl_c_as_long_as_its_settings_and_questions_are_the_same(
    model: Path, capsys, monkeypatch
) -> None:
    make_questions(count=4)
    arguments = ("generate", "--dataset", "sums", "--model", "tiny", "--samples", "2", "--batch-size", "3")
    expected = rows_of(get_run(answer_of(capsys, *arguments, "--source", "whole")["run"]))
    sample, calls = LocalSampler.sample, []

    def interrupting(self, *given):
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return sample(self, *given)

    monkeypatch.setattr(LocalSampler, "sample", interrupting)
    with pytest.raises(CommandError) as caught:
        call_command(*arguments, "--source", "cut")
    run = GenerationRun.objects.get(source__label="cut")
    assert run.candidates.count() == 6
    assert f"Interrupted: run {run.pk} keeps 6 of its 8 candidates. The same command goes on" in str(
        caught.value
    )
    for other in (("--seed", "1"), ("--max-new-tokens", "9"), ("--shots", "0", "--top-p", "0.5")):
        assert answer_of(capsys, *arguments, "--source", "cut", *other)["run"] != run.pk
    assert answer_of(capsys, *arguments, "--source", "cut")["run"] == run.pk
    assert rows_of(get_run(run.pk)) == expected and get_run(run.pk).job.attempts == 2
    # Once it is finished, and once there is another question, the command is another run.
    Job.objects.filter(pk=run.job_id).update(state="cancelled")
    GenerationRun.objects.filter(pk=run.pk).update(finished_at=None)
    make_questions(count=1, start=4)
    assert answer_of(capsys, *arguments, "--source", "cut")["run"] != run.pk


def test_right_after_a_kill_it_is_said_how_long_to_wait(model: Path, settings, capsys) -> None:
    make_questions(count=1)
    run = launched()
    assert claim_job(run.job_id, owner="a command that is dead") is not None
    with pytest.raises(CommandError):
        call_command("generate", "--resume", str(run.pk), "--json")
    error = json.loads(capsys.readouterr().out.splitlines()[-1])["error"]
    assert error["code"] == "job_is_live" and error["details"]["run"] == run.pk
    seconds = error["details"]["retry_after_seconds"]
    assert settings.JOB_LEASE_SECONDS - 5 < seconds <= settings.JOB_LEASE_SECONDS
    assert error["message"] == (
        f"Run {run.pk} is at work under a command that is dead. If that was killed, it can be taken over in"
        f" {seconds} s: ask again then."
    )


@pytest.mark.slow
def test_a_command_that_is_killed_half_way_is_resumed_and_ends_with_the_same_rows(
    both_worlds: Path, settings, capsys
) -> None:
    make_questions(count=60)
    alone = done(samples=2, batch_size=2, source="alone")
    arguments = (*GENERATE, "--samples", "2", "--batch-size", "2", "--source", "killed")
    process = started(both_worlds, settings.STORAGE_DIR, *arguments)
    deadline = time.monotonic() + 150
    while GenerationBatch.objects.filter(run__source__label="killed", stored_at__isnull=False).count() < 3:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    run = GenerationRun.objects.get(source__label="killed")
    stored = Candidate.objects.filter(run=run).count()
    assert 0 < stored < run.planned and stored % 2 == 0
    resume = ("generate", "--resume", str(run.pk))
    with pytest.raises(CommandError, match="can be taken over in"):
        answer_of(capsys, *resume)  # the dead process's lease has to run out first
    Job.objects.filter(pk=run.job_id).update(lease_expires_at=timezone.now() - timedelta(seconds=60))
    assert answer_of(capsys, *resume)["candidates"] == run.planned
    assert rows_of(get_run(run.pk)) == rows_of(alone)
    assert answer_of(capsys, *resume)["candidates"] == run.planned  # nothing was left to do


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("generate", "--dataset", "sums"), 2, "required: --model, --samples"),
        (("generate", "--resume", "1", "--samples", "2"), 2, "not allowed with --samples"),
        (("generate", "--resume", "12345"), 1, "no generation run 12345"),
        ((*GENERATE[:3], "--model", "nobody", "--samples", "1"), 1, "no model labelled 'nobody'"),
        ((*GENERATE, "--samples", "1", "--split", "attic"), 1, "no questions in split 'attic'"),
        ((*GENERATE, "--samples", "1", "--temperature", "nan"), 2, "temperature: 'nan'"),
        (("register_model", "x", "--path", "/etc"), 1, "below none of the folders"),
        (("register_model", "x", "--endpoint", "nowhere"), 1, "no endpoint named 'nowhere'"),
        (("register_model", "x", "--hub", "a", "--path", "b"), 2, "not allowed with argument"),
    ],
)
def test_a_bad_call_says_what_is_wrong(db: None, roots: Path, arguments, status: int, said: str) -> None:
    make_model(roots)
    make_questions()
    with pytest.raises(CommandError, match=said) as raised:
        call_command(*arguments)
    assert raised.value.returncode == status
    assert not GenerationRun.objects.exists()


@pytest.mark.parametrize(
    ("length", "code"),
    [("12", "model_changed"), ("250", "prompt_too_long")],
)
def test_an_error_of_the_work_stands_on_the_run_and_in_the_answer(
    model: Path, capsys, length: str, code: str
) -> None:
    make_questions(count=2)
    if code == "model_changed":
        config = model / "tiny" / "config.json"
        config.write_text(config.read_text() + "\n")
    with pytest.raises(CommandError) as raised:
        call_command(*GENERATE, "--samples", "1", "--max-new-tokens", length, "--json")
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (raised.value.returncode, answer["error"]["code"]) == (1, code)
    job = GenerationRun.objects.get().job
    assert (job.state, job.error) == ("failed", answer["error"])
    assert not Candidate.objects.exists() and not Rationale.objects.exists()
