"""The small programs behind the Makefile."""

from __future__ import annotations

import re
import subprocess
from types import SimpleNamespace

import pytest

from tests.services.budget import BUDGET, TimeBudget
from tests.services.fifth import EveryFifth
from tests.services.world import ROOT
from tools.bench import listed_benchmarks


def test_the_five_fifths_hold_every_test_once() -> None:
    seen: list[int] = []
    for start in range(5, 10):
        dropped: list[int] = []
        config = SimpleNamespace(
            hook=SimpleNamespace(pytest_deselected=lambda items, into=dropped: into.extend(items))
        )
        items = list(range(13))
        EveryFifth(start).pytest_collection_modifyitems(config, items)  # type: ignore[arg-type]
        assert sorted(items + dropped) == list(range(13))
        seen += items
    assert sorted(seen) == list(range(13))


def test_benchmarks_run_in_the_order_of_the_readme() -> None:
    readme = (
        "Run `rater_loop.py` first, then `benchmarks/export_speed.py`; `rater_loop.py` again. Not `notes.md`."
    )
    assert listed_benchmarks(readme) == ["rater_loop.py", "export_speed.py"]


def test_an_overrun_of_the_budget_is_said() -> None:
    budget = TimeBudget()
    budget._kinds = {"tests/a/test_x.py::test_y": "units"}
    report = SimpleNamespace(nodeid="tests/a/test_x.py::test_y", duration=BUDGET["units"] + 1.0)
    budget.pytest_runtest_logreport(report)  # type: ignore[arg-type]
    assert list(budget.lines()) == ["time budget: units 61 of 60 s (over)", "by folder: tests/a 61 s"]


@pytest.mark.parametrize(
    "target", ["install", "demo", "test", "test-all", "check", "bench", "serve", "clean"]
)
def test_make_knows_the_targets_of_the_contract(target: str) -> None:
    plan = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True)
    assert plan.returncode == 0, plan.stderr


def test_make_passes_port_and_workers_on() -> None:
    plan = subprocess.run(
        ["make", "--dry-run", "serve", "PORT=9123", "WORKERS=5"], cwd=ROOT, capture_output=True, text=True
    )
    assert re.search(r"tools\.serve --port 9123 --workers 5$", plan.stdout, re.MULTILINE)


def test_every_requirement_is_pinned() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-slow.txt"):
        lines = [line.strip() for line in (ROOT / name).read_text().splitlines()]
        wanted = [line for line in lines if line and not line.startswith(("#", "-r "))]
        assert [line for line in wanted if not re.fullmatch(r"[\w.-]+(\[[\w,-]+\])?==[\w.+]+", line)] == []
