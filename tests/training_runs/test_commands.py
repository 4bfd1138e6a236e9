"""`train`, `evaluate` and `export_checkpoint`: their answers are CONTRACT.md's, their errors name what is wrong."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from generation.registry.models import LanguageModel
from jobs.leases import claim_job
from jobs.models import Job
from ratings.library.models import Question
from tests.training_runs.worlds import QUICK, done, launched, make_sums, outcome_of
from training.runs.comparing import compare
from training.runs.models import TrainingRun
from training.runs.selectors import get_run
from training.runs.serializers import RunSerializer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


def call(*arguments: str) -> dict[str, Any]:
    """The JSON line of a command that does all that it was asked."""
    said = StringIO()
    call_command(*arguments, "--json", stdout=said)
    answer = json.loads(said.getvalue().splitlines()[-1])
    assert isinstance(answer, dict)
    return answer


def refused(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status and error of one that does not."""
    said = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command(*arguments, "--json", stdout=said)
    error = json.loads(said.getvalue().splitlines()[-1])["error"]
    assert error["message"] == str(caught.value)
    return caught.value.returncode, error


def settings_of(algorithm: str, **changes: Any) -> list[str]:
    values = {"dataset": "sums", "base": "tiny-base", **QUICK[algorithm], **changes}
    return ["--set", *(f"{key}={json.dumps(value)}" for key, value in values.items())]


def train(
    algorithm: str = "star", label: str = "made", recipe: str | None = None, **changes: Any
) -> list[str]:
    return [
        "train",
        algorithm,
        "--recipe",
        recipe or algorithm,
        *settings_of(algorithm, **changes),
        "--label",
        label,
    ]


def test_train_answers_with_run_label_checkpoint_metrics_and_seconds() -> None:
    make_sums()
    answer = call(*train(iterations=1))
    run = TrainingRun.objects.get()
    assert (answer["run"], answer["label"], answer["checkpoint"]) == (run.pk, "made", "made")
    assert answer["metrics"] == run.metrics and answer["seconds"] > 0
    status, error = refused(*train(iterations=2))
    assert (status, error["code"], error["details"]["field"]) == (1, "name_taken", "label")
    assert TrainingRun.objects.count() == 1
    # The same seconds wherever they are told: of the work, without the process's start.
    launched(label="other")
    assert (
        answer["seconds"]
        == compare(["made", "other"]).runs[0].seconds
        == RunSerializer(run).data["took"]["seconds"]
    )
    starting = run.job.spans.get(name="starting").seconds
    assert answer["seconds"] == pytest.approx(
        sum(run.job.spans.values_list("seconds", flat=True)) - starting, abs=1e-3
    )


def test_the_same_command_goes_on_where_a_killed_one_left_off() -> None:
    make_sums()
    expected = outcome_of(done(label="whole"))
    run = launched(label="cut")
    assert claim_job(run.job_id, owner="a command that is dead") is not None
    status, error = refused(*train(label="cut"))
    assert (status, error["code"]) == (1, "job_is_live")
    assert f"it can be taken over in {error['details']['retry_after_seconds']} s" in error["message"]
    Job.objects.filter(pk=run.job_id).update(lease_expires_at=timezone.now() - timedelta(minutes=1))
    answer = call(*train(label="cut"))
    assert answer["run"] == run.pk and outcome_of(get_run(run.pk)) == expected
    assert get_run(run.pk).job.attempts == 2


@pytest.mark.parametrize(
    ("arguments", "status", "code", "words"),
    [
        (["train", "orm", "--recipe", "star", "--label", "made"], 2, "unknown_algorithm", "not built yet"),
        (train(recipe="none"), 2, "unknown_recipe", "star_addition"),
        (train(iteration=3), 2, "unknown_key", "did you mean 'iterations'?"),
        (train(iterations=0), 2, "bad_value", "iterations: 0 is not usable, expected a whole number"),
        (train(learning_rate="fast"), 2, "bad_value", "learning_rate: 'fast'"),
        (train(base="none"), 1, "unknown_model", "base: There is no model labelled 'none'."),
        (train(dataset="none"), 1, "unknown_dataset", "dataset: There is no dataset named 'none'."),
        (train(split="empty"), 1, "empty_split", "has no questions in split 'empty'"),
        (["train", "star", "--recipe", "star", "--set", "x", "--label", "made"], 2, "bad_override", "KEY=VALUE"),
        (["evaluate", "--model", "none", "--dataset", "sums"], 1, "unknown_model", "'none'"),
        (["evaluate", "--model", "tiny-base", "--dataset", "none"], 1, "unknown_dataset", "'none'"),
        (["evaluate", "--model", "tiny-base", "--dataset", "sums", "--split", "empty"], 1, "empty_split", "'empty'"),
        (["evaluate", "--model", "tiny-base", "--dataset", "sums", "--k", "64"], 2, "invalid", "k: 64"),
        (["evaluate", "--model", "tiny-base", "--dataset", "sums", "--verifier", "none"], 1, "unknown_model", "'none'"),
        (["export_checkpoint", "none", "--out", "/none/none"], 1, "unknown_model", "'none'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_is_made(arguments, status, code, words) -> None:
    make_sums(count=60)
    assert refused(*arguments)[0] == status
    error = refused(*arguments)[1]
    assert error["code"] == code and words in error["message"]
    assert not TrainingRun.objects.exists() and not Job.objects.exists()


def test_a_recipe_may_be_a_file(tmp_path: Path) -> None:
    make_sums()
    path = tmp_path / "mine.toml"
    path.write_text('algorithm = "sft"\ndataset = "sums"\nepochs = 0.0\nsteps = 2\nvalidation_split = ""\n')
    answer = call("train", "sft", "--recipe", str(path), "--label", "made")
    assert answer["metrics"]["steps"] == 2
    assert TrainingRun.objects.get().recipe_name == str(path)


def test_evaluate_measures_the_test_split_and_export_copies_the_model(tmp_path: Path) -> None:
    make_sums()
    call(*train("sft", label="verifier", validation_split=""))
    wanted = ["evaluate", "--model", "tiny-base", "--dataset", "sums", "--verifier", "verifier"]
    answer = call(*wanted, "--samples", "4", "--k", "1", "2", "4", "--questions", "6", "--seed", "3")
    tested = Question.objects.filter(split="test").count()
    assert (answer["questions"], answer["samples"]) == (6, 4) and tested > 6
    for path in ("pass_at", "majority_at"):
        assert set(answer[path]) == {"1", "2", "4"}
    assert set(answer["best_of"]) == {"generator_logprob", "verifier"}
    assert {"greedy_accuracy", "pass_at", "majority_at", "best_of"} <= set(answer["intervals"])
    copied = call("export_checkpoint", "verifier", "--out", str(tmp_path / "copy"))
    assert copied["bytes"] == sum(path.stat().st_size for path in (tmp_path / "copy").iterdir())
    status, error = refused("export_checkpoint", "verifier", "--out", str(tmp_path / "copy"))
    assert (status, error["code"]) == (2, "cannot_write")


def test_a_single_sample_is_greedy_unless_a_temperature_is_given() -> None:
    make_sums(count=60)
    answer = call("evaluate", "--model", "tiny-base", "--dataset", "sums", "--samples", "1")
    assert answer["pass_at"] == {"1": answer["greedy_accuracy"]}


def test_a_run_of_another_recipe_under_the_label_of_a_failed_one_is_a_new_run() -> None:
    make_sums()
    first = launched()
    error = {"code": "nothing_right", "message": "Nothing was right.", "details": {}}
    Job.objects.filter(pk=first.job_id).update(state="failed", error=error)
    answer = call(*train(iterations=1))
    assert answer["run"] != first.pk and LanguageModel.objects.filter(label="made").count() == 1


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("learning_rate=nan", "bad_value"),
        ("learning_rat=0.1", "unknown_key"),
        ("iterations=0", "bad_value"),
        ("iterations", "bad_override"),
    ],
)
def test_a_value_that_is_none_is_a_bad_argument_wherever_it_stands(
    tmp_path: Path, setting: str, code: str
) -> None:
    status, error = refused("train", "star", "--recipe", "star", "--set", setting, "--label", "made")
    assert (status, error["code"]) == (2, code)
    path = tmp_path / "own.toml"
    path.write_text(f'algorithm = "star"\n{setting.replace("=", " = ")}\n')
    status, error = refused("train", "star", "--recipe", str(path), "--label", "made")
    assert (status, error["code"]) == (2, "unreadable_recipe" if code == "bad_override" else code)
    assert not TrainingRun.objects.exists()


def test_a_storage_that_can_not_be_used_is_named(settings) -> None:
    make_sums(count=60)
    settings.STORAGE_DIR = Path("/proc/nope")
    status, error = refused(*train("star", iterations=1))
    assert (status, error["code"]) == (1, "storage_unusable")
    assert "The storage can not be used: /proc/nope" in error["message"]
    assert "Check STORAGE_URL" in error["message"] and error["details"]["storage"] == "/proc/nope"
