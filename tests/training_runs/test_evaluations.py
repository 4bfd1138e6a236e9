"""Evaluations: CONTRACT.md's object, samples that are kept and scored again, and what is refused."""

from __future__ import annotations

import json
from collections import defaultdict
from math import comb
from typing import Any

import pytest

from accounts.audit import COMMAND
from accounts.errors import StarchamberError
from jobs.here import run_here
from jobs.services import resume_job
from tests.training_runs.test_star_runs import interrupted
from tests.training_runs.worlds import base, done, make_sums
from training.evaluation import report
from training.runs import evaluating, evaluation_work
from training.runs.evaluating import EvaluationSpec, launch_evaluation
from training.runs.measured_models import Evaluation, Sample, SampleScore, SampleSet

pytestmark = pytest.mark.usefixtures("storage")

K = (1, 2, 4)


def spec(**changes: Any) -> EvaluationSpec:
    usual: dict[str, Any] = {"model": "tiny-base", "dataset": "sums", "samples": 4, "questions": 8}
    return EvaluationSpec(**{**usual, **changes})


def measured(**changes: Any) -> tuple[Evaluation, dict[str, Any]]:
    evaluation = launch_evaluation(spec(**changes), actor=COMMAND)
    answer = run_here(evaluation.job_id)
    return Evaluation.objects.get(pk=evaluation.pk), answer


def by_question(evaluation: Evaluation) -> dict[int, list[Sample]]:
    found: dict[int, list[Sample]] = defaultdict(list)
    assert evaluation.sample_set is not None
    for sample in evaluation.sample_set.candidates.filter(greedy=False).order_by("number"):
        found[sample.question_id].append(sample)
    return found


def test_the_answer_is_the_contracts_and_follows_from_the_stored_samples(world) -> None:
    make_sums()
    verifier = done("sft", label="verifier", validation_split="", steps=2)
    evaluation, answer = measured(verifiers=("verifier",))
    assert answer == {"evaluation": evaluation.pk, **evaluation.result}
    assert (answer["questions"], answer["samples"]) == (8, 4)
    assert set(answer["best_of"]) == {"generator_logprob", "verifier"}
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    groups = by_question(evaluation)
    assert {len(samples) for samples in groups.values()} == {4} and len(groups) == 8
    right = [sum(sample.verdict == "correct" for sample in samples) for samples in groups.values()]
    for k in K:
        expected = sum(1 - comb(4 - c, k) / comb(4, k) for c in right) / 8
        assert answer["pass_at"][str(k)] == pytest.approx(expected)
    best = sum(
        max(samples, key=lambda one: one.logprob or 0).verdict == "correct" for samples in groups.values()
    )
    assert answer["best_of"]["generator_logprob"]["4"] == pytest.approx(best / 8)
    scores = dict(SampleScore.objects.values_list("sample_id", "value"))
    best = sum(
        max(samples, key=lambda one: scores[one.pk] or 0).verdict == "correct" for samples in groups.values()
    )
    assert answer["best_of"]["verifier"]["4"] == pytest.approx(best / 8)
    greedy = Sample.objects.filter(greedy=True)
    assert answer["greedy_accuracy"] == greedy.filter(verdict="correct").count() / 8
    for path in ("pass_at", "majority_at"):
        assert set(answer["intervals"][path]) == set(map(str, K))
        for k, (low, high) in answer["intervals"][path].items():
            assert low <= answer[path][k] <= high
    assert set(evaluation.verifiers.all()) == {verifier.checkpoints.get().model}


@pytest.mark.django_db
def test_another_verifier_on_the_same_samples_samples_nothing_again(monkeypatch) -> None:
    make_sums()
    done("sft", label="verifier", validation_split="", steps=2)
    first, plain = measured()
    stored = list(Sample.objects.order_by("pk").values_list("pk", "text"))

    def refused(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("sampled again")

    monkeypatch.setattr(evaluation_work, "sampler_of", refused)
    second, scored = measured(verifiers=("verifier",))
    assert second.sample_set == first.sample_set
    assert list(Sample.objects.order_by("pk").values_list("pk", "text")) == stored
    assert scored["pass_at"] == plain["pass_at"] and "verifier" in scored["best_of"]
    assert SampleScore.objects.count() == 32
    # The same once more scores nothing again either.
    monkeypatch.setattr(evaluation_work, "load_model", refused)
    _, again = measured(verifiers=("verifier",))
    assert again["best_of"] == scored["best_of"] and SampleScore.objects.count() == 32


@pytest.mark.django_db
@pytest.mark.parametrize("changes", [{"seed": 1}, {"temperature": 0.5}, {"samples": 5}, {"questions": 7}])
def test_other_settings_are_other_samples(changes) -> None:
    make_sums()
    first = launch_evaluation(spec(), actor=COMMAND)
    second = launch_evaluation(spec(**changes), actor=COMMAND)
    sets = set()
    for evaluation in (first, second):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(evaluation_work._Work, "sample", lambda self: None)
            patch.setattr(evaluation_work._Work, "report", lambda self: {})
            run_here(evaluation.job_id)
        evaluation.refresh_from_db()
        sets.add(evaluation.sample_set_id)
    assert len(sets) == SampleSet.objects.count() == 2


@pytest.mark.django_db
def test_an_evaluation_that_was_interrupted_ends_with_the_same_numbers(monkeypatch) -> None:
    make_sums()
    monkeypatch.setattr(evaluation_work, "BATCH", 10)
    done("sft", label="verifier", validation_split="", steps=2)
    expected, _ = measured(verifiers=("verifier",))
    rows = list(Sample.objects.order_by("pk").values_list("question", "greedy", "number", "text", "logprob"))
    SampleSet.objects.all()
    Evaluation.objects.all().update(sample_set=None)
    SampleSet.objects.all().delete()
    evaluation = launch_evaluation(spec(verifiers=("verifier",)), actor=COMMAND)
    cure = interrupted(monkeypatch, evaluation_work._Work, "_sample_batch", at=2, before=False)
    with pytest.raises(KeyboardInterrupt):
        run_here(evaluation.job_id)
    cure()
    assert 0 < Sample.objects.count() < len(rows)
    resume_job(evaluation.job_id, actor=COMMAND)
    run_here(evaluation.job_id)
    again = Sample.objects.order_by("pk").values_list("question", "greedy", "number", "text", "logprob")
    assert list(again) == rows
    evaluation.refresh_from_db()
    assert evaluation.result == expected.result


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"model": "none"}, ("unknown_model", "model")),
        ({"dataset": "none"}, ("unknown_dataset", "dataset")),
        ({"split": "none"}, ("empty_split", "split")),
        # Behind their own solutions.
        ({"split": "prompt", "shots": 2}, ("invalid", "split")),
        ({"verifiers": ("none",)}, ("unknown_model", "verifier")),
        ({"verifiers": ("tiny-base", "tiny-base")}, ("invalid", "verifier")),
        ({"verifiers": ("generator_logprob",)}, ("invalid", "verifier")),
        ({"samples": 0}, ("invalid", "samples")),
        ({"k": (8,)}, ("invalid", "k")),
        ({"k": (0,)}, ("invalid", "k")),
        ({"temperature": -1.0}, ("invalid", "temperature")),
        ({"temperature": 0.0}, ("invalid", "temperature")),
        ({"temperature": float("nan")}, ("invalid", "temperature")),
        ({"top_p": 0.0}, ("invalid", "top_p")),
        ({"seed": -1}, ("invalid", "seed")),
        ({"max_new_tokens": 0}, ("invalid", "max_new_tokens")),
    ],
)
def test_what_can_not_be_measured_is_refused_before_anything_is_made(changes, expected) -> None:
    make_sums()
    base()
    with pytest.raises(StarchamberError) as caught:
        launch_evaluation(spec(**changes), actor=COMMAND)
    assert (caught.value.code, caught.value.details["field"]) == expected
    assert not Evaluation.objects.exists()


def test_the_generators_score_has_one_name() -> None:
    assert evaluating.GENERATOR == report.GENERATOR


def test_the_draws_are_the_powers_of_two_unless_said_otherwise() -> None:
    assert spec(samples=16).ks == (1, 2, 4, 8, 16)
    assert spec(samples=5).ks == (1, 2, 4)
    assert spec(samples=5, k=(3, 5)).ks == (3, 5)
    assert EvaluationSpec.from_json(spec(verifiers=("a",)).as_json()).verifiers == ("a",)
