"""CONTRACT.md's `evaluate` object."""

from __future__ import annotations

import json

import numpy as np
import pytest

from training.evaluation.estimators import best_of_k, majority_at_k, pass_at_k
from training.evaluation.report import QuestionCandidates, evaluate_candidates


def two_questions() -> list[QuestionCandidates]:
    return [
        QuestionCandidates(
            correct=[True, True, False, False],
            answers=["7", "7", "8", None],
            scores={"generator_logprob": [-1, -2, -3, -4], "judge": [0, 0, 1, 0]},
            greedy_correct=True,
        ),
        QuestionCandidates(
            correct=[False, False, False, True],
            answers=["1", "1", "2", "3"],
            scores={"generator_logprob": [-1, -1, -1, -1], "judge": [0, 0, 0, 9]},
            greedy_correct=False,
        ),
    ]


def random_questions(count: int = 60, samples: int = 16) -> list[QuestionCandidates]:
    rng = np.random.default_rng(0)
    made = []
    for chance in rng.beta(1, 1.5, count):
        correct = rng.random(samples) < chance
        answers = ["right" if right else str(rng.integers(5)) for right in correct]
        scores = {"generator_logprob": rng.normal(size=samples), "judge": correct + rng.normal(size=samples)}
        made.append(QuestionCandidates(correct.tolist(), answers, scores, bool(rng.random() < chance)))
    return made


def test_the_report_has_the_contracts_shape_and_values_worked_by_hand():
    report = evaluate_candidates(two_questions(), ks=[1, 4])
    assert report["questions"] == 2
    assert report["samples"] == 4
    assert report["greedy_accuracy"] == 0.5
    assert report["pass_at"] == {"1": pytest.approx((0.5 + 0.25) / 2), "4": 1}
    # Of all four, 7 has two votes of three; in the second question 1 has two of four.
    assert report["majority_at"]["4"] == pytest.approx(0.5)
    assert report["best_of"]["generator_logprob"]["4"] == pytest.approx((1 + 0.25) / 2)
    assert report["best_of"]["judge"]["4"] == pytest.approx(0.5)
    assert report["differences"]["judge"]["generator_logprob"]["4"] == pytest.approx(0.5 - 0.625)
    assert report["differences"]["judge"]["majority"]["4"] == pytest.approx(0)
    assert report["differences"]["generator_logprob"].keys() == {"majority"}


def test_the_intervals_have_the_same_paths_as_the_figures():
    report = evaluate_candidates(random_questions(), ks=[1, 2, 4])

    def paths(tree, prefix=()):
        return {
            path
            for name, value in tree.items()
            for path in (paths(value, (*prefix, name)) if isinstance(value, dict) else [(*prefix, name)])
        }

    figures = {name: report[name] for name in report if name not in ("intervals", "questions", "samples")}
    assert paths(figures) == paths(report["intervals"])
    for path in paths(figures):
        value, bounds = figures, report["intervals"]
        for name in path:
            value, bounds = value[name], bounds[name]
        low, high = bounds
        assert low <= value <= high, path


def test_each_figure_is_the_mean_of_its_estimator_over_questions():
    questions = random_questions()
    report = evaluate_candidates(questions, ks=[4])
    passed = [float(pass_at_k(sum(q.correct), 16, 4)) for q in questions]
    voted = [majority_at_k(q.answers, "right", 4) for q in questions]
    judged = [float(best_of_k(q.correct, q.scores["judge"], 4)) for q in questions]
    assert report["pass_at"]["4"] == pytest.approx(np.mean(passed))
    assert report["majority_at"]["4"] == pytest.approx(np.mean(voted))
    assert report["best_of"]["judge"]["4"] == pytest.approx(np.mean(judged))


def test_best_of_one_and_majority_of_one_are_pass_at_one():
    report = evaluate_candidates(random_questions(), ks=[1])
    assert report["best_of"]["judge"]["1"] == pytest.approx(report["pass_at"]["1"])
    assert report["majority_at"]["1"] == pytest.approx(report["pass_at"]["1"])


def test_scorers_that_never_differ_have_a_difference_of_exactly_nothing():
    report = evaluate_candidates(random_questions(), ks=[1])
    assert report["differences"]["judge"]["generator_logprob"]["1"] == 0
    assert report["intervals"]["differences"]["judge"]["generator_logprob"]["1"] == [0, 0]


def test_what_is_undefined_is_null_and_never_nan():
    bare = [QuestionCandidates([True, False], ["1", "2"]), QuestionCandidates([True, True], ["1", "1"])]
    report = evaluate_candidates(bare, ks=[1, 4])
    assert report["greedy_accuracy"] is None
    assert report["intervals"]["greedy_accuracy"] is None
    assert report["pass_at"]["4"] is None
    assert report["best_of"] == {"generator_logprob": {"1": None, "4": None}}
    assert "NaN" not in json.dumps(report)


def test_a_single_question_has_no_interval():
    report = evaluate_candidates(two_questions()[:1], ks=[1])
    assert report["intervals"]["pass_at"] == {"1": None}
    assert report["pass_at"] == {"1": 0.5}


def test_the_same_seed_gives_the_same_report():
    questions = random_questions()
    assert evaluate_candidates(questions, ks=[1, 8], seed=5) == evaluate_candidates(
        questions, ks=[1, 8], seed=5
    )


@pytest.mark.parametrize(
    ("questions", "ks"),
    [
        ([], [1]),
        ([QuestionCandidates([True], ["1"]), QuestionCandidates([True, True], ["1", "1"])], [1]),
        ([QuestionCandidates([True], ["1", "2"])], [1]),
        ([QuestionCandidates([True], ["1"])], [0]),
        ([QuestionCandidates([True], ["1"])], []),
    ],
)
def test_what_does_not_fit_together_is_refused(questions, ks):
    with pytest.raises(ValueError, match="expected|for"):
        evaluate_candidates(questions, ks=ks)
