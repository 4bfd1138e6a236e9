"""The frame of every command, seen from a shell: one JSON line, honest exit codes, quiet where it should be."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.arguments import BadArguments, folder_to_fill
from accounts.commands import JsonCommand
from accounts.errors import InvalidInput
from accounts.health import examine
from jobs.models import WorkerBeat
from tests.services.world import ROOT, SERVERS


class Trial(JsonCommand):
    def run(self) -> dict[str, Any]:
        return {}


pytestmark = pytest.mark.timeout(120)

#: A command of the test's own, run as `manage.py` runs one.
PROGRAM = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from accounts.commands import JsonCommand
class Command(JsonCommand):
    help = "A command of a test."
    def add_arguments(self, parser):
        parser.add_argument("--count", type=int, default=1, help="how many")
    def run(self, *, count, **options):
{body}
Command().run_from_argv(["manage.py", "trial", *sys.argv[1:]])
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A fresh process' environment: an empty SQLite file, nothing else of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'site.sqlite3'}",
        "SECRET_KEY": "a key of the tests, long enough",
        "STORAGE_URL": str(tmp_path / "storage"),
    }


def run(
    environment: dict[str, str], *arguments: str, body: str | None = None
) -> subprocess.CompletedProcess[str]:
    if body is None:
        command = [sys.executable, "manage.py", *arguments]
    else:
        program = PROGRAM.format(body=textwrap.indent(textwrap.dedent(body), " " * 8))
        command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)


def last_line(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    answer = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(answer, dict)
    return answer


def test_the_answer_is_the_only_line_on_stdout_whatever_prints(environment):
    done = run(environment, "--json", body='print("chatter")\nreturn {"count": count, "text": "naïve \\n ✓"}')
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    assert last_line(done) == {"count": 1, "text": "naïve \n ✓"}
    assert "chatter" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--count", "x"],
        # Django's own parser would take it for --count.
        ["--cou", "1"],
        pytest.param(["--nothing"], marks=pytest.mark.slow),
        pytest.param(["stray"], marks=pytest.mark.slow),
    ],
)
def test_bad_arguments_exit_2_with_the_json_line(environment, arguments):
    done = run(environment, *arguments, "--json", body='return {"count": count}')
    assert done.returncode == 2 and last_line(done)["error"]["code"] == "bad_arguments"
    assert set(last_line(done)["error"]) == {"code", "message", "details"}
    assert {"field", "value", "expected"} == set(last_line(done)["error"]["details"])
    done = run(environment, *arguments, body='return {"count": count}')
    assert done.returncode == 2 and done.stdout == "" and done.stderr.startswith("bad_arguments: ")


@pytest.mark.parametrize(
    ("arguments", "details"),
    [
        (["--most", "x"], {"field": "most_samples", "value": "x", "expected": "a whole number"}),
        (["--way", "up"], {"field": "way", "value": "up", "expected": ["there", "back"]}),
        (["--share", "a=b"], {"field": "share", "value": "a=b", "expected": "a share"}),
        (["--most"], {"field": "most_samples", "value": None, "expected": "one argument"}),
        (["--mos-t", "1"], {"field": "mos_t", "value": None, "expected": "an argument that --help names"}),
        ([], {"field": "name", "value": None, "expected": "a value"}),
    ],
)
def test_what_is_wrong_with_an_argument_names_it_its_value_and_what_was_expected(arguments, details):
    def share(text: str) -> float:
        raise argparse.ArgumentTypeError("a share")

    parser = Trial().create_parser("manage.py", "trial")
    parser.add_argument("name")
    parser.add_argument("--most", "--most-samples", type=int)
    parser.add_argument("--way", choices=["there", "back"])
    parser.add_argument("--share", type=share)
    with pytest.raises(BadArguments) as caught:
        parser.parse_args([*(["somebody"] if arguments else []), *arguments])
    assert caught.value.details == details


def test_a_folder_to_fill_is_looked_at_and_left_as_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    assert folder_to_fill("new/deep") == Path("new/deep")
    for out in ("", "  ", "file", "file/below", "lost", "/proc/nope", "x" * 300):
        with pytest.raises(InvalidInput) as caught:
            folder_to_fill(out)
        assert (caught.value.code, caught.value.details["field"]) == ("cannot_write", "out")
        assert caught.value.details["value"] == out[:200] and "a folder" in caught.value.details["expected"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "lost"]


def test_help_is_help_and_still_leaves_its_line_for_a_program(environment):
    done = run(environment, "--help", body="return {}")
    assert done.returncode == 0 and "A command of a test." in done.stdout and "how many" in done.stdout
    done = run(environment, "--help", "--json", body="return {}")
    assert done.returncode == 0 and "how many" in last_line(done)["help"]


def test_help_tells_defaults_that_say_something(capsys):
    parser = Trial().create_parser("manage.py", "trial")
    parser.add_argument("--split", help="only this one")
    parser.add_argument("--hint", action="store_true", help="give it away")
    parser.add_argument("--set", nargs="+", default=[], help="values")
    parser.add_argument("--samples", type=int, default=4, help="how many")
    text = " ".join(parser.format_help().split())
    assert "how many (default: 4)" in text and text.count("(default: ") == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("from accounts.errors import Conflict\nraise Conflict('no', details={'row': 3})", "conflict"),
        ("from django.core.management import CommandError\nraise CommandError('no')", "failed"),
        ("open('/nowhere/at/all')", "os_error"),
        ("raise KeyboardInterrupt", "interrupted"),
    ],
)
def test_a_failure_exits_1_without_a_stack(environment, body, code):
    done = run(environment, "--json", body=body)
    assert done.returncode == 1 and last_line(done)["error"]["code"] == code
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "body", ["raise RuntimeError('bug')", "return {'x': float('nan')}", "return {'x': object()}"]
)
def test_a_bug_exits_1_with_the_line_and_its_stack(environment, body):
    done = run(environment, "--json", body=body)
    assert done.returncode == 1 and last_line(done)["error"]["code"] == "internal_error"
    assert "Traceback" in done.stderr


def test_an_answer_with_an_error_exits_1_and_keeps_the_rest(environment):
    error = "{'code': 'unfit', 'message': 'no', 'details': {}}"
    done = run(environment, "--json", body=f"return {{'ok': False, 'error': {error}}}")
    assert done.returncode == 1 and last_line(done)["ok"] is False


def test_a_polite_end_still_says_its_line(environment):
    program = PROGRAM.format(body=" " * 8 + "import time; print('ready'); sys.stderr.flush(); time.sleep(60)")
    with subprocess.Popen(
        [sys.executable, "-c", program, "--json"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None and process.stdout is not None
        assert process.stderr.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        out = process.stdout.read()
        assert process.wait(timeout=30) == 1
    assert json.loads(out.splitlines()[-1])["error"]["code"] == "interrupted"


def test_a_reader_who_left_is_no_reason_to_complain(environment):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body=" " * 8 + "return {'x': 'y' * 100_000}"), "--json"],
        cwd=ROOT,
        env=environment,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    os.close(write)
    assert done.stderr == ""


def test_missing_migrations_are_one_clear_line(environment):
    done = run(environment, "create_researcher", "ada", "--json")
    error = last_line(done)["error"]
    assert done.returncode == 1 and error["code"] == "unapplied_migrations"
    assert "manage.py migrate" in error["message"] and "\n" not in error["message"]
    assert "accounts.0001_people_tokens_audit" in error["details"]["missing"]


def test_a_database_that_does_not_answer_is_one_clear_line(environment):
    environment["DATABASE_URL"] = "postgresql://nobody:geheim@127.0.0.1:9/none"
    done = run(environment, "create_researcher", "ada", "--json")
    error = last_line(done)["error"]
    assert done.returncode == 1 and error["code"] == "database_error"
    assert "\n" not in error["message"] and "geheim" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_environment_is_one_line_and_the_json_line(environment):
    environment["DEBUG"] = "maybe"
    done = run(environment, "create_researcher", "ada", "--json")
    assert done.returncode == 1 and last_line(done)["error"]["code"] == "bad_environment"
    assert done.stderr.count("\n") == 1 and "DEBUG='maybe'" in done.stderr


@pytest.fixture
def migrated() -> Iterator[str]:
    """The URL of a SQLite file that `migrate` made of nothing."""
    with SERVERS.sqlite_copy() as url:
        yield url


@pytest.mark.slow
def test_create_researcher_and_doctor_from_an_empty_folder(environment, migrated, tmp_path):
    environment["DATABASE_URL"] = migrated
    done = run(environment, "create_researcher", "ada", "--json")
    first = last_line(done)
    assert done.returncode == 0 and first["role"] == "owner"
    assert first["token"].startswith("scs_") and first["link"].startswith("http://127.0.0.1:8000/join/scl_")
    done = run(environment, "create_researcher", "ada", "--json")
    assert done.returncode == 1 and last_line(done)["error"]["code"] == "already_exists"
    done = run(environment, "create_researcher", "ada", "--again", "--json")
    assert done.returncode == 0 and last_line(done)["token"] != first["token"]
    done = run(environment, "create_researcher", "grace", "--role", "emperor", "--json")
    assert done.returncode == 2
    done = run(environment, "create_researcher", "a b", "--json")
    assert done.returncode == 2 and last_line(done)["error"]["details"]["field"] == "username"

    checks = {check["name"]: check for check in last_line(run(environment, "doctor", "--json"))["checks"]}
    assert checks["database"]["ok"] and checks["migrations"]["ok"] and checks["storage"]["ok"]
    environment["SECRET_KEY"] = ""
    del environment["SECRET_KEY"]
    (tmp_path / "storage").write_text("a file where a folder should be")
    done = run(environment, "doctor", "--json")
    answer = last_line(done)
    failed = {check["name"] for check in answer["checks"] if not check["ok"]}
    assert done.returncode == 1 and not answer["ok"]
    assert failed >= {"secret_key", "storage"} and set(answer["error"]["details"]["failed"]) == failed


def test_doctor_writes_nothing_and_names_what_is_missing(environment, tmp_path):
    """A mistyped path is told, and not made true."""
    (tmp_path / "place").mkdir()
    environment["DATABASE_URL"] = f"sqlite:///{tmp_path}/place/typo.sqlite3"
    environment["STORAGE_URL"] = f"{tmp_path}/no/storage"
    environment["MODEL_ROOTS"] = f"{tmp_path}/models"
    environment["ENDPOINTS"] = "lab=http://127.0.0.1:1/v1|LAB_KEY,free=http://127.0.0.1:2/v1"
    environment["DEVICE"] = "mps"
    before = sorted(tmp_path.rglob("*"))
    done = run(environment, "doctor", "--json")
    checks = {check["name"]: (check["ok"], check["message"]) for check in last_line(done)["checks"]}
    assert sorted(tmp_path.rglob("*")) == before
    assert checks["database"] == (
        False,
        f"there is no file {tmp_path}/place/typo.sqlite3 yet; run manage.py migrate",
    )
    assert checks["storage"] == (True, f"{tmp_path}/no/storage (made when it is first needed)")
    assert checks["model_roots"] == (False, f"there is no folder {tmp_path}/models")
    assert checks["endpoints"] == (False, "lab: the variable LAB_KEY holds no key")
    assert checks["device"] == (False, "mps is not on this machine; set DEVICE=auto, or cpu")
    assert checks["queues"][0] is False and not checks["migrations"][0]
    assert done.returncode == 1


def test_doctor_tells_queues_and_a_storage_that_can_not_be_made(db, settings):
    settings.STORAGE_DIR = Path("/proc/nope")
    now = timezone.now()
    WorkerBeat.objects.create(name="w", queues=["train"], started_at=now, seen_at=now)
    checks = {check["name"]: check for check in examine()["checks"]}
    assert not checks["storage"]["ok"] and "/proc/nope can not be written" in checks["storage"]["message"]
    said = checks["queues"]["message"]
    assert "train: 1 worker, 0 waiting, 0 running" in said and "generate: no workers" in said
    assert said.endswith("make worker QUEUES=generate,analysis")


def test_call_command_raises_what_a_shell_would_exit_with(db, capsys):
    call_command("create_researcher", "ada", as_json=True)
    assert json.loads(capsys.readouterr().out)["role"] == "owner"
    with pytest.raises(CommandError) as refused:
        call_command("create_researcher", "ada")
    assert refused.value.returncode == 1
    with pytest.raises(CommandError) as refused:
        call_command("create_researcher", "ada", "--role", "emperor")
    assert refused.value.returncode == 2


def test_starting_a_command_does_not_take_seconds(environment):
    started = time.perf_counter()
    run(environment, "doctor", "--help")
    assert time.perf_counter() - started < 20


def test_details_of_any_number_leave_their_line(db, capsys):
    """JSON has no NaN: an error about one is told all the same."""
    error = InvalidInput("no", details={"value": float("nan"), "all": [1.5, {"x": -float("inf")}], "n": (3,)})
    assert error.details == {"value": "nan", "all": [1.5, {"x": "-inf"}], "n": (3,)}
    assert json.loads(json.dumps(error.as_json(), allow_nan=False))["details"]["value"] == "nan"
