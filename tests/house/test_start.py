"""What a web process loads, how long that takes, and that every command explains itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.services.world import ROOT, SERVERS

START = """
import json, os, sys
import config.wsgi
from django.urls import get_resolver

def walk(resolver):
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            walk(pattern)

walk(get_resolver())
spent = os.times()
print(json.dumps({"modules": sorted(sys.modules), "seconds": spent.user + spent.system}))
"""

#: Heavy packages that belong in workers, commands and tests.
NEVER = {"torch", "transformers", "tokenizers", "pandas", "statsmodels", "datasets", "pytest", "playwright"}

OURS = sorted(name for name, app in get_commands().items() if app in ("accounts", "ratings"))


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a process knows after it loaded the site and every address of it."""
    database = tmp_path_factory.mktemp("start") / "none.sqlite3"
    done = subprocess.run(
        [sys.executable, "-c", START],
        cwd=ROOT,
        env=SERVERS.environment_of_a_process(f"sqlite:///{database}"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert not database.exists(), "loading the site must not touch the database"
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_the_web_process_never_imports_torch_nor_its_like(start: dict[str, object]) -> None:
    modules = start["modules"]
    assert isinstance(modules, list)
    assert "config.urls" in modules
    assert NEVER & set(modules) == set()


def test_the_site_loads_in_three_seconds_of_processor_time(start: dict[str, object]) -> None:
    seconds = start["seconds"]
    assert isinstance(seconds, float)
    assert seconds < 3


@pytest.mark.parametrize("name", OURS)
def test_every_command_says_what_it_is_for_and_explains_its_options(name: str) -> None:
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    assert parser.description
    unexplained = [action.dest for action in parser._actions if not action.help]
    assert unexplained == []


def test_the_commands_of_the_contract_are_all_there() -> None:
    contract = {
        *("import_questions", "import_rationales", "import_ratings"),
        *("create_study", "open_study", "pause_study", "close_study", "unblind_study"),
        *("create_rater", "create_researcher", "simulate_raters", "analyse_study", "export_dataset"),
    }
    assert contract - set(OURS) == set()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "mysql://somewhere/else"),
        ("PUBLIC_URL", "ratings.example.org"),
        ("DEBUG", "yes"),
        ("SECRET_KEY", "short"),
        ("REDIS_URL", "http://127.0.0.1"),
        ("SECRET_KEY_FILE", "/does/not/exist"),
        ("MAX_UPLOAD_BYTES", "many"),
    ],
)
def test_a_malformed_value_stops_the_start_with_one_line(variable: str, value: str, tmp_path: Path) -> None:
    environment = SERVERS.environment_of_a_process(f"sqlite:///{tmp_path}/none.sqlite3")
    done = subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        cwd=ROOT,
        env={**environment, variable: value},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert done.stderr.count("\n") == 1
    assert variable in done.stderr
    assert os.fspath(ROOT) not in done.stderr
