"""A warm-up longer than the trainings is allowed, as in the STaR paper, and told: before the launch and after it."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client

from accounts.audit import COMMAND
from generation.registry.services import ensure_tiny_base
from jobs.logs import read_log
from tests.training_runs.test_api import ask, client_of
from tests.training_runs.test_launch_form import Filled
from tests.training_runs.worlds import QUICK, done, launched, make_sums
from training.estimating.warming import UnendedWarmUp, unended_warm_up

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


WORDS = (
    "The warm-up of 100 steps is longer than every one of the 2 trainings, which take 4 steps: the learning rate only"
    " climbs, to at most 4% of its peak."
)


def test_only_trainings_that_never_reach_the_peak_are_told() -> None:
    assert unended_warm_up(0, [1, 2]) is None
    # At the last of its steps a training of 40 is at the peak.
    assert unended_warm_up(40, [40, 48]) is None
    # The paper's: int(40 x 1.2^(i-1)).
    found = unended_warm_up(100, [40, 48, 57, 69, 82, 99, 119])
    assert found == UnendedWarmUp(100, (40, 48, 57, 69, 82, 99), 7)
    assert found.words == (
        "The warm-up of 100 steps is longer than 6 of the 7 trainings, which take 40 to 99 steps: the learning rate"
        " only climbs in these, to at most 99% of its peak."
    )
    assert UnendedWarmUp.from_json(found.as_json()) == found
    whole = unended_warm_up(100, [40])
    assert whole is not None and whole.words == (
        "The warm-up of 100 steps is longer than the training, which takes 40 steps: the learning rate only climbs, to"
        " at most 40% of its peak."
    )


def test_it_is_told_before_the_launch_on_the_runs_page_and_in_its_log(client: Client, engineer) -> None:
    make_sums(count=60)
    ensure_tiny_base(actor=COMMAND)
    values = {"dataset": "sums", **QUICK["star"], "warmup_steps": 100}
    asked = {"algorithm": "star", "recipe": "star", "set": values}
    assert ask(client_of(engineer), "post", "runs/estimate/", asked)[1]["advice"] == [WORDS]
    client.force_login(engineer)
    sent = Filled(client.get("/runs/new/star/").content.decode()).sent
    for name in ("dataset", "iterations", "first_steps", "steps_growth", "warmup_steps"):
        sent[name] = str(values[name])
    sent["act"] = "estimate"
    answer = client.post(
        "/runs/new/star/",
        sent.urlencode(),
        content_type="application/x-www-form-urlencoded",
        headers={"HX-Target": "estimate"},
    )
    assert WORDS in unescape(answer.content.decode())
    run = launched("star", warmup_steps=100)
    assert run.conditions == {"warm_up": {"steps": 100, "shorter": [4, 4], "trainings": 2}}
    assert WORDS in unescape(client.get(f"/runs/{run.pk}/").content.decode())
    assert launched("star", "usual").conditions == {}


def test_it_is_told_in_the_log_as_the_run_begins() -> None:
    make_sums(count=60)
    run = done("star", warmup_steps=100)
    assert read_log(run.job_id).text.count(WORDS) == 1
    assert run.conditions["warm_up"]["shorter"] == [4, 4] and run.conditions["device"] == "cpu"


@pytest.mark.slow
def test_what_only_the_run_finds_out_is_told_when_it_is_known() -> None:
    """Of passes over what a model gets right nobody knows the steps before."""
    make_sums(count=60)
    run = done("star", iterations=1, steps_rule="epochs", first_steps=1.0, warmup_steps=100)
    (steps,) = run.iterations.filter(number=1).values_list("steps", flat=True)
    assert run.conditions["warm_up"] == {"steps": 100, "shorter": [steps], "trainings": 1}
    assert f"longer than the training, which takes {steps:,} step" in read_log(run.job_id).text
