"""TRL trains on what we export: the promise behind the formats' names."""

from __future__ import annotations

import json
import math
import os
import subprocess
from pathlib import Path

import pytest

from accounts.audit import COMMAND
from ratings.exports.services import export_study
from tests.exports.worlds import judged_study
from tests.slow.environment import slow_python

SCRIPT = Path(__file__).with_name("train_five_steps.py")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("format_name", ["trl-preference", "trl-conversational"])
def test_trl_takes_the_export_for_five_steps(db, tmp_path, format_name):
    study = judged_study()
    out = tmp_path / "preferences.jsonl"
    export = export_study(study.name, format=format_name, out=out, ties="both", actor=COMMAND)
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HOME": str(tmp_path / "hf"),
        "TOKENIZERS_PARALLELISM": "false",
    }
    done = subprocess.run(
        [str(slow_python()), str(SCRIPT), str(out), str(tmp_path)],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["rows"] == export.rows >= 20
    assert said["columns"] == ["prompt", "chosen", "rejected"]
    assert len(said["losses"]) == 5 and all(math.isfinite(loss) for loss in said["losses"])
    # An untrained policy equals its reference, so that DPO begins at log 2; then it learns.
    assert said["losses"][0] == pytest.approx(math.log(2), abs=1e-3)
    assert min(said["losses"][1:]) < math.log(2)
