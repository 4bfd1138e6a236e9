"""What docs/quality.md shows is what the product takes."""

from __future__ import annotations

import json
import re

from ratings.quality.decisions import VERDICTS
from ratings.studies.pay import read_pay
from ratings.studies.quality_mix import QualityMix, read_mix
from tests.services.world import ROOT

EXAMPLES = re.findall(
    r"```json\n(.*?)```", (ROOT / "docs" / "quality.md").read_text(encoding="utf-8"), re.DOTALL
)


def test_the_design_of_the_documentation_is_read():
    design, _ = (json.loads(example) for example in EXAMPLES)
    mix = read_mix(design["quality"])
    # Every key is shown, and the thresholds are the defaults.
    assert set(design["quality"]) == set(QualityMix().as_json())
    assert mix == QualityMix(checks=2, degraded=3, repeats=2)
    assert read_pay(design["pay"]).as_json() == design["pay"]


def test_the_decision_of_the_documentation_is_one():
    decision = json.loads(EXAMPLES[1])
    assert decision["verdict"] in VERDICTS[decision["matter"]]
