"""The commands: their one JSON line, their exits, and what they leave behind."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEvent
from ratings.library.models import Dataset, Question
from tests.library.files import GSM8K, SUM, lines

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> dict:
    out = StringIO()
    try:
        call_command(*arguments, "--json", stdout=out)
    except CommandError as error:
        assert error.returncode == 1
    (line,) = out.getvalue().splitlines()
    answer: dict = json.loads(line)
    return answer


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "test.jsonl"
    path.write_bytes(lines(GSM8K).read())
    return str(path)


def test_import_questions_says_what_the_contract_promises(file):
    answer = run("import_questions", file, "--format", "gsm8k", "--dataset", "g", "--split", "test")
    promised = {
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "errors": 0,
        "error_rows": [],
        "human_rationales": 1,
    }
    assert promised.items() <= answer.items()
    event = AuditEvent.objects.get()
    assert (event.actor_label, event.details["file"]) == ("command", "test.jsonl")


def test_import_rationales_says_what_the_contract_promises(tmp_path, file):
    run("import_questions", file, "--format", "gsm8k", "--dataset", "g")
    path = tmp_path / "rationales.jsonl"
    path.write_bytes(lines({"question": GSM8K["question"], "source": "m", "text": "#### 5"}).read())
    answer = run("import_rationales", str(path), "--format", "jsonl", "--dataset", "g")
    promised = {"created": 1, "updated": 0, "unchanged": 0, "errors": 0, "error_rows": []}
    assert promised.items() <= answer.items()
    assert answer["sources"] == {
        "m": {"rationales": 1, "correct": 1, "wrong": 0, "unparsable": 0, "given": 0}
    }


def test_row_errors_stand_in_the_details_and_nothing_is_written(tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_bytes(lines(SUM, {"id": "b"}).read())
    error = run("import_questions", str(path), "--format", "jsonl", "--dataset", "d")["error"]
    assert (error["code"], error["details"]["errors"]) == ("row_errors", 1)
    assert error["details"]["error_rows"][0]["row"] == 2
    assert not Dataset.objects.exists()


def test_a_missing_file_is_an_error_with_its_path(tmp_path):
    error = run("import_questions", str(tmp_path / "no"), "--format", "jsonl", "--dataset", "d")["error"]
    assert (error["code"], error["details"]["path"]) == ("unreadable_file", str(tmp_path / "no"))


def test_a_dry_run_writes_nothing(file):
    assert run("import_questions", file, "--format", "gsm8k", "--dataset", "g", "--dry-run")["created"] == 1
    assert not Question.objects.exists()


def test_split_dataset_says_the_splits(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_bytes(lines(*({"id": f"q{n}", "question": f"{n}?", "answer": n} for n in range(10))).read())
    run("import_questions", str(path), "--format", "jsonl", "--dataset", "d")
    shares = ("--train", "0.8", "--verifier", "0.1", "--test", "0.1", "--seed", "3")
    assert run("split_dataset", "d", *shares) == {"splits": {"train": 8, "verifier": 1, "test": 1}}


@pytest.mark.parametrize("share", ["nan", "inf", "-inf", "1.5"])
def test_a_share_that_is_none_is_a_bad_argument_with_its_line(share, capsys):
    with pytest.raises(CommandError) as caught:
        call_command("split_dataset", "d", f"--train={share}", "--json")
    error = json.loads(capsys.readouterr().out.splitlines()[-1])["error"]
    assert caught.value.returncode == 2 and error["code"] == "invalid"
    assert (
        error["message"]
        == f"train: {error['details']['value']!r} is not usable, expected a share from 0 to 1."
    )
    assert str(error["details"]["value"]) == share


def test_shares_that_are_no_whole_say_what_they_sum_to(capsys):
    with pytest.raises(CommandError, match=r"'0\.1 \+ 0\.1 \+ 0\.3'.*sum to 1 \(these sum to 0\.5\)"):
        call_command("split_dataset", "d", "--train=0.1", "--test=0.3", "--json")
