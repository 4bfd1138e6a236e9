"""The primary contrast in a study's analysis: the frozen one, in its own direction, under masked names too."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from accounts.audit import COMMAND
from ratings.analysis.services import analyse_study
from ratings.crowd.simulation import Simulation, simulate_raters
from ratings.slots.overlap import raise_overlap
from ratings.studies.models import Study
from tests.worlds import make_study

pytestmark = pytest.mark.django_db

PRIMARY = {
    "a": "gamma",
    "b": "alpha",
    "direction": "a_better",
    "hypothesis": "gamma explains more than alpha",
}


def rated() -> Study:
    study = make_study(questions=12, protocol=PRIMARY)
    simulate_raters(Simulation(study="trial", raters=5, strengths={"gamma": 2.0}), actor=COMMAND)
    return study


def test_the_contrast_comes_out_as_the_pair_does_from_its_own_side():
    rated()
    found = analyse_study("trial", raters_kind="simulated")
    [pair] = [pair for pair in found["pairs"] if (pair["a"], pair["b"]) == ("alpha", "gamma")]
    primary = found["protocol"]["primary"]
    assert primary["a"] == "gamma" and primary["b"] == "alpha" and primary["ratings"] == 36
    assert (
        primary["win_rate"] == pytest.approx(1 - pair["clustered"]["win_rate"]) and primary["win_rate"] > 0.5
    )
    assert primary["low"] == pytest.approx(1 - pair["clustered"]["high"])
    assert (
        primary["p"] == pytest.approx(pair["clustered"]["p_two_sided"] / 2) and primary["significant"] is True
    )
    assert len(found["protocol"]["sha256"]) == 64 and found["protocol"]["deviations"] == []


def test_masked_names_hide_which_source_it_is_about_and_what_was_written():
    rated()
    clear = analyse_study("trial", raters_kind="simulated")["protocol"]["primary"]
    masked = analyse_study("trial", raters_kind="simulated", masked=True)["protocol"]["primary"]
    assert {masked["a"], masked["b"]} < {"Source 1", "Source 2", "Source 3"}
    assert masked["win_rate"] == pytest.approx(clear["win_rate"])
    assert "gamma" not in json.dumps(masked) and "alpha" not in json.dumps({**masked, "alpha": None}).replace(
        '"alpha"', ""
    )


def test_deviations_stand_in_the_analysis_and_a_study_without_a_contrast_says_null(capsys):
    rated()
    raise_overlap("trial", to=4, reason="too wide an interval", actor=COMMAND)
    Study.objects.filter(name="trial").update(protocol={})
    found = analyse_study("trial")["protocol"]
    assert found["primary"]["significant"] is None, "what was frozen counts; no human rated"
    assert [(one["code"], one["reason"]) for one in found["deviations"]] == [
        ("overlap_raised", "too wide an interval")
    ]
    make_study("plain", dataset="other")
    call_command("analyse_study", "plain", as_json=True)
    assert json.loads(capsys.readouterr().out)["protocol"]["primary"] is None
