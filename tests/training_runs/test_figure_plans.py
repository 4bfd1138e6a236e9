"""A figure from the questions on by one command, killed in the middle and called again: the same numbers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from jobs.models import Job
from tests.services.site import Site
from tests.services.worker import wait_for
from tests.services.world import ROOT
from training.figures.models import FigureRecord
from training.runs.measured_models import Evaluation
from training.runs.models import TrainingRun

pytestmark = [pytest.mark.slow, pytest.mark.race, pytest.mark.timeout(900)]

LEASE_SECONDS = "2"
PLAN = """
figure = "methods"
seeds = [0, 1]
evaluate = true
base_shots = [0, 2]
[[data]]
make = "word_problems"
dataset = "stories"
count = 120
seed = 1
[[run]]
name = "direct"
algorithm = "sft"
recipe = "sft_answers"
set = { dataset = "stories", epochs = 1.0, validation_questions = 4 }
[[run]]
name = "with"
algorithm = "star"
recipe = "star_word_problems"
[run.set]
dataset = "stories"
questions_per_iteration = 24
batch_questions = 6
iterations = 2
first_steps = 6
validation_questions = 4
"""


def test_a_plan_that_is_killed_goes_on_and_ends_with_the_same_numbers(ground: Site, tmp_path: Path) -> None:
    calm, cut = (_plan(tmp_path, name) for name in ("calm", "cut"))
    assert _start(ground, calm).wait(timeout=600) == 0
    for runs in (1, 3):
        process = _start(ground, cut)
        wait_for(lambda: TrainingRun.objects.filter(label__startswith="cut-").count() >= runs, seconds=200)  # noqa: B023
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
        time.sleep(2 * int(LEASE_SECONDS))  # until then the dead process holds its job
    assert _start(ground, cut).wait(timeout=600) == 0
    assert _numbers(tmp_path, "calm") == _numbers(tmp_path, "cut")
    # Nothing was done twice: as many runs and finished evaluations for the one as for the other.
    labels = list(TrainingRun.objects.values_list("label", flat=True))
    assert sorted(label.partition("-")[0] for label in labels) == ["calm"] * 4 + ["cut"] * 4
    done = Evaluation.objects.filter(job__state=Job.State.FINISHED)
    models = list(done.values_list("model__label", "settings__shots", "settings__seed"))
    assert len(models) == len(set(models)) == 4 + 4 + 3
    assert FigureRecord.objects.filter(error={}).count() == 2
    # Once more there is nothing left to do.
    assert _start(ground, calm).wait(timeout=100) == 0
    assert Evaluation.objects.count() == 11 + Evaluation.objects.exclude(job__state="finished").count()


def _plan(folder: Path, name: str) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(PLAN)
    return path


def _start(site: Site, plan: Path) -> subprocess.Popen[bytes]:
    out = plan.parent / plan.stem
    command = [sys.executable, "manage.py", "figure", "methods", "--recipe", str(plan), "--out", str(out)]
    environment = {**os.environ, **site.environment, "JOB_LEASE_SECONDS": LEASE_SECONDS}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)


def _numbers(folder: Path, name: str) -> list[dict[str, Any]]:
    told = json.loads((folder / name / "methods.json").read_text())
    return [{key: value for key, value in row.items() if key != "run"} for row in told["numbers"]]
