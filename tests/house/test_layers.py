"""The floors and rooms hold, and the linter that says so would notice a breach."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.services.world import ROOT

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

BREACHES = [
    ("problems/breach.py", "import accounts.roles", "Imports point down the floors"),
    ("accounts/breach.py", "import ratings.library.models", "Imports point down the floors"),
    ("ratings/library/breach.py", "import config.env", "Imports point down the floors"),
    ("jobs/breach.py", "import ratings.library.models", "Imports point down the floors"),
    ("ratings/slots/breach.py", "import generation.runs.models", "Imports point down the floors"),
    ("generation/runs/breach.py", "import training.runs.models", "Imports point down the floors"),
    ("ratings/library/breach.py", "import ratings.studies.models", "Rooms inside ratings"),
    ("ratings/slots/breach.py", "import ratings.models", "Rooms inside ratings"),
    ("ratings/desk/breach.py", "import ratings.exports.models", "Rooms inside ratings"),
    ("problems/breach.py", "import django.utils.html", "Pure modules"),
    ("ratings/library/readers/breach.py", "import django.db", "Pure modules"),
    ("ratings/desk/breach.py", "import torch", "The web process never imports torch"),
    ("jobs/breach.py", "import torch", "The web process never imports torch"),
    (
        "ratings/analysis/breach.py",
        "import statsmodels.api",
        "The product imports nothing of requirements-dev.txt",
    ),
    ("ratings/attic/__init__.py", "import json", "Rooms inside ratings"),
    ("generation/sampling/breach.py", "import generation.runs.services", "Rooms inside generation"),
    ("training/evaluation/breach.py", "import django.db", "The training algorithms know neither"),
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages and their contracts."""
    copy = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for package in ("config", "training", "generation", "ratings", "jobs", "accounts", "problems"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    return copy


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-logo"], cwd=folder, capture_output=True, text=True, timeout=120
    )


def test_every_module_that_a_contract_names_exists() -> None:
    # The linter passes over a name that is gone, and a renamed module would leave its contract unseen.
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    named = {module for contract in contracts for module in contract.get("source_modules", [])}
    gone = [
        module
        for module in named
        if not (ROOT / f"{module.replace('.', '/')}.py").exists()
        and not (ROOT / module.replace(".", "/")).is_dir()
    ]
    assert gone == []


def test_the_house_keeps_its_floors_and_rooms(house: Path) -> None:
    answer = lint(house)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(("place", "statement", "contract"), BREACHES)
def test_a_breach_is_noticed(house: Path, place: str, statement: str, contract: str) -> None:
    path = house / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{statement}\n")
    try:
        answer = lint(house)
    finally:
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    assert answer.returncode != 0
    said = " ".join(answer.stdout.split())
    assert contract in said.partition("Broken contracts")[2] or "BROKEN" in said.partition(contract)[2], said
