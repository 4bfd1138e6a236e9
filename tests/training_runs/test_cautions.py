"""A bad outcome is told: on the run's page, in the API, in the command's answer and in the log, in the same words."""

from __future__ import annotations

import math
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.audit import COMMAND
from generation.registry.services import register_model
from jobs.logs import read_log
from jobs.models import Metric
from ratings.library.models import Question
from tests.training_runs.test_commands import call, train
from tests.training_runs.worlds import base, done, launched, make_sums, staged
from training.base.building import TINY
from training.evaluation.paired import paired_difference
from training.runs.against_base import against_base
from training.runs.cautions import cautions_of
from training.runs.evaluating import EvaluationSpec, launch_evaluation
from training.runs.measured_models import Evaluation, Sample, SampleSet
from training.runs.models import Checkpoint, Iteration, RunFact, TrainingRun
from training.runs.results import RESULTS
from training.runs.selectors import get_run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]

HELD_OUT = "held-out log-likelihood per token"


@pytest.fixture
def signed_in(client: Client, engineer) -> Client:
    make_sums(count=60)
    base()
    client.force_login(engineer)
    return client


def told_everywhere(client: Client, run: TrainingRun) -> list[str]:
    """The messages that the run's page has, which are those of the API."""
    said = client.get(f"/api/v1/runs/{run.pk}/").json()["warnings"]
    for address in (f"/runs/{run.pk}/", f"/runs/{run.pk}/moving/"):
        page = unescape(client.get(address).content.decode())
        assert all(one["message"] in page for one in said)
    assert [one.as_json() for one in cautions_of(get_run(run.pk))] == said
    return [one["message"] for one in said]


def draw(run: TrainingRun, series: str, values: list[float], *, first: int = 1) -> None:
    for step, value in enumerate(values, start=first):
        Metric.objects.create(job=run.job, series=series, step=step, value=value)


def judged(run: TrainingRun, name: str, number: int | None, results: str) -> None:
    """What a loop wrote down: + for a question that was answered rightly."""
    facts: dict[str, Any] = {"validation": {f"q{place:02}": one == "+" for place, one in enumerate(results)}}
    if number is not None:
        facts["number"] = number
    RunFact.objects.create(run=run, name=name, facts=facts)


@pytest.mark.parametrize(
    ("losses", "held_out", "told"),
    [
        ([3.0, 2.5, 2.0], [2.9, 2.4], ""),
        ([3.0, 3.2, 2.9], [2.9, 5.81], "held-out loss went from 2.90 to 5.81: the model unlearned more"),
        ([3.0, 2.0, 1.0], [6.0], "held-out loss went from 3.00 to 6.00"),
        ([0.69] + [4.0] * 12, [], "training loss went from 0.69 to 4.00"),
        (
            [50.0, 50.0],
            [],
            "went from 50.00 to 50.00; a model that thinks every token equally likely has 6.93",
        ),
        ([0.1, 0.3], [0.1, 0.4], ""),  # little either way
        ([], [], ""),
    ],
)
def test_a_training_that_diverged_is_told(signed_in, losses, held_out, told) -> None:
    run = launched("sft")
    draw(run, "loss", losses)
    draw(run, HELD_OUT, [-value for value in held_out])
    messages = told_everywhere(signed_in, run)
    assert bool(messages) == bool(told) and all(told in one for one in messages)
    assert all("lower learning rate" in one and "gradient clip" in one for one in messages)


def test_each_iteration_is_looked_at_by_itself_and_the_one_at_hand_too(signed_in) -> None:
    run = launched("star")
    for number, steps in ((0, 0), (1, 4), (2, 8)):
        Iteration.objects.create(run=run, number=number, steps=steps)
    # The second ends lower than it began, though far above where the first began.
    draw(run, "loss", [1.0, 0.9, 0.8, 0.7, *[4.0] * 6, 3.0, 3.0])
    assert told_everywhere(signed_in, run) == []
    draw(run, "loss", [0.5, 2.0, 9.0], first=13)
    [message] = told_everywhere(signed_in, run)
    assert "The training loss of iteration 3 went from 0.50 to 5.50" in message


def test_a_verifier_worse_than_chance_is_told_by_its_loss_its_choice_and_its_agreement(signed_in) -> None:
    run = launched("vstar")
    Iteration.objects.create(run=run, number=1, steps=2)
    draw(run, "loss", [1.0, 0.9])
    draw(run, "verifier loss", [math.log(2), 0.9, 0.9, 0.9], first=3)
    report: dict[str, Any] = {
        "best_of": {"verifier": {"1": 0.4, "4": 0.2}},
        "pass_at": {"1": 0.4},
        "intervals": {"best_of": {"verifier": {"4": [0.1, 0.3]}}},
    }
    agreement: dict[str, Any] = {"agreement": 0.25, "low": 0.1, "high": 0.4, "pairs": 40, "questions": 20}
    TrainingRun.objects.filter(pk=run.pk).update(
        metrics={"validation": report, "held_out": {"test": {"reward": agreement}}}
    )
    loss, agrees, chooses = told_everywhere(signed_in, run)
    assert "The verifier's training loss went from 0.69 to 0.90; a coin has 0.69" in loss
    assert (
        "agrees with 25.0% of 40 held-out preferences of split test (95% interval 10.0% to 40.0%)" in agrees
    )
    assert "The best of 4 samples by the verifier is right for 20.0%" in chooses
    assert "one drawn blindly for 40.0%" in chooses
    # With intervals that reach as far it may be chance, and nothing is said.
    agreement["high"], report["intervals"]["best_of"]["verifier"]["4"] = 0.6, [0.1, 0.5]
    TrainingRun.objects.filter(pk=run.pk).update(
        metrics={"validation": report, "held_out": {"test": {"reward": agreement}}}
    )
    assert told_everywhere(signed_in, run) == [loss]


def test_a_real_run_that_collapsed_says_so_in_its_answer_and_its_log(signed_in) -> None:
    answer = call(*train("sft", learning_rate=0.3, clip=0.0, warmup_steps=0, validation_split="", steps=8))
    run = TrainingRun.objects.get()
    [found] = answer["warnings"]
    assert found["code"] == "worse_than_guessing" and found["details"]["end"] > math.log(1024)
    assert told_everywhere(signed_in, run) == [found["message"]]
    assert f"This training has collapsed. {found['message']}" in read_log(run.job_id).text
    assert "This training has collapsed" in signed_in.get(f"/runs/{run.pk}/").content.decode()
    assert run.job.state == "finished" and (run.job.result or {})["warnings"] == answer["warnings"]


def test_a_result_worse_than_its_base_is_told_with_the_paired_interval(signed_in) -> None:
    run = staged()
    judged(run, "iteration-0", 0, "+" * 12 + "-" * 8)
    judged(run, "iteration-1", 1, "-" * 8 + "+" * 6 + "-" * 6)
    [found] = against_base(run)
    # 8 of the base's 12 are lost, 2 won.
    assert (found.base_accuracy, found.accuracy) == (0.6, 0.3)
    assert (found.paired.only_first, found.paired.only_second) == (2, 8)
    assert found.paired == paired_difference(
        [False] * 8 + [True] * 6 + [False] * 6, [True] * 12 + [False] * 8
    )
    assert found.paired.p == pytest.approx(2 * (1 + 10 + 45) / 2**10)
    [message] = told_everywhere(signed_in, run)
    low, high = found.paired.low, found.paired.high
    assert low is not None and high is not None
    assert message == (
        "Its result is worse than tiny-base: 30.0% against 60.0% of 20 held-out questions "
        f"(-30.0 points, 95% interval {100 * low:+.1f} to {100 * high:+.1f}). This could be chance."
    )
    assert "Worse than its base" in signed_in.get(f"/runs/{run.pk}/").content.decode()
    told = signed_in.get(f"/api/v1/runs/{run.pk}/").json()["against_base"]
    assert told == [found.as_json()] and told[0]["worse"] is True
    other = launched("sft", "other")
    judged(other, RESULTS, None, "+" * 20)
    Iteration.objects.create(run=other, number=1, metrics={"accuracy": 1.0})
    compared = signed_in.get("/api/v1/runs/compare/?run=made&run=other").json()["runs"]
    assert compared[0]["against_base"] == told and compared[1]["against_base"] == []
    assert [one["message"] for one in compared[0]["warnings"]] == [message] and compared[1]["warnings"] == []
    page = signed_in.get("/runs/compare/?run=made&run=other").content.decode()
    assert message in page
    assert "Against its base" in page and "-30.0" in page and "worse, could be chance" in page


def test_one_that_is_better_has_no_warning_and_its_gain_beside_its_accuracy(signed_in) -> None:
    run = staged()
    judged(run, "iteration-0", 0, "+" * 5 + "-" * 15)
    judged(run, "iteration-1", 1, "+" * 15 + "-" * 5)
    assert told_everywhere(signed_in, run) == []
    page = signed_in.get(f"/runs/{run.pk}/").content.decode()
    assert "+50.0 points" in page and "20 held-out questions" in page


def evaluated(run: TrainingRun, model: Any, results: str, *, shots: int = 0) -> None:
    """Greedy answers of a model to the test questions: + for right."""
    questions = list(Question.objects.filter(split="test").order_by("external_id")[: len(results)])
    made = SampleSet.objects.create(
        model=model, dataset=run.dataset, split="test", settings={"shots": shots, "max_new_tokens": None},
        digest=f"{model.pk}-{shots}", questions=[],
    )  # fmt: skip
    for question, one in zip(questions, results, strict=True):
        Sample.objects.create(
            sample_set=made, question=question, revision=question.current_revision, greedy=True, number=0,
            text="", verdict="correct" if one == "+" else "wrong", finish="stop", tokens=1, seed=0,
        )  # fmt: skip


def test_evaluations_of_result_and_base_under_one_setting_are_compared(signed_in) -> None:
    run = launched("sft")
    result = register_model("made", path=TINY, actor=COMMAND)
    Checkpoint.objects.create(run=run, name="best", is_result=True, model=result)
    evaluated(run, run.base, "++++--", shots=8)
    evaluated(run, result, "+-----")
    assert told_everywhere(signed_in, run) == []  # nobody asked both alike
    evaluated(run, run.base, "+++---")
    [message] = told_everywhere(signed_in, run)
    assert message.startswith(
        "Its result is worse than tiny-base: 16.7% against 50.0% of 6 questions of split test"
    )
    # The evaluation's own page says it too, of a model that a run made and of no other.
    told = {"greedy_accuracy": 1 / 6, "intervals": {}, "samples": 1, "questions": 6}
    for model, words in ((result, "-33.3 points"), (run.base, "")):
        asked = launch_evaluation(EvaluationSpec(model=model.label, dataset="sums"), actor=COMMAND)
        made = SampleSet.objects.get(model=model, settings__shots=0)
        Evaluation.objects.filter(pk=asked.pk).update(sample_set=made, result=told)
        page = signed_in.get(f"/evaluations/{asked.pk}/").content.decode()
        assert ('id="against-base"' in page) == bool(words) and words in page


def test_a_generator_that_lost_what_it_began_with_is_told_whatever_its_verifier_does(signed_in) -> None:
    run = launched("vstar", "chooser")
    judged(run, "generator-0", 0, "++--")
    judged(run, "generator-1", 1, "+---")
    TrainingRun.objects.filter(pk=run.pk).update(metrics={"generator": 1})
    [message] = told_everywhere(signed_in, run)
    assert message.startswith(
        "Its result is worse than tiny-base: 25.0% against 50.0% of 4 held-out questions"
    )


@pytest.mark.slow
def test_a_real_verifier_that_collapsed_says_so() -> None:
    make_sums()
    run = done(
        "vstar", validation_split="", verifier_learning_rate=0.3, verifier_epochs=2.0, clip=0.0, warmup_steps=0
    )  # fmt: skip
    [caution] = cautions_of(run)
    assert caution.code == "worse_than_chance"
    assert caution.details["end"] > math.log(2) == caution.details["bound"]
    assert caution.message.startswith("The verifier's training loss went from 0.69 to")
    assert (run.job.result or {})["warnings"] == [caution.as_json()]
