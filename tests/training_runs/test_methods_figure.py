"""The table of methods: which evaluations count, and how much of train a result learned from, counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.audit import COMMAND
from jobs.models import Job
from ratings.library.making import make_word_problems
from ratings.library.models import Question
from tests.training_runs.test_figure_runs import finished
from training.figures.errors import NothingToDraw
from training.figures.evaluated import Asked
from training.figures.making import make_figure
from training.runs.comparing import compare
from training.runs.evaluating import EvaluationSpec, launch_evaluation
from training.runs.learned import Learned, learned_from
from training.runs.measured_models import Evaluation
from training.runs.models import Checkpoint, TrainingExample, TrainingRun

pytestmark = pytest.mark.usefixtures("storage")


def evaluated(accuracy: float, *, on: int = 6, **settings: Any) -> Evaluation:
    """An evaluation of the base that has ended, made of its row alone."""
    usual: dict[str, Any] = {"samples": 1, "temperature": 0.0, **settings}
    found = launch_evaluation(EvaluationSpec(model="tiny-base", dataset="stories", **usual), actor=COMMAND)
    Job.objects.filter(pk=found.job_id).update(state=Job.State.FINISHED)
    Evaluation.objects.filter(pk=found.pk).update(result={"greedy_accuracy": accuracy, "questions": on})
    return found


def numbers_of(*runs: TrainingRun, **more: Any) -> dict[tuple[str, int | None], dict[str, Any]]:
    """The figure's rows by method and seed; a run's result is the base itself, whose evaluations it shares."""
    stored = make_figure("methods", runs, actor=COMMAND, **more).result["numbers"]
    rows = [dict(zip(stored["head"], row, strict=True)) for row in stored["rows"]]
    return {(row["method"], row["seed"]): row for row in rows}


def a_run(label: str = "made", *, seed: int = 0, **recipe: Any) -> TrainingRun:
    run = finished(label, [0.3, 0.4, 0.5], dataset="stories", seed=seed, **recipe)
    Checkpoint.objects.create(
        run=run, name="iteration-2", is_result=True, model=run.base if not seed else None
    )
    return run


def test_what_was_evaluated_under_other_settings_or_seeds_changes_nothing(db: None) -> None:
    make_word_problems("stories", count=60, seed=0, actor=COMMAND)
    run = a_run()
    evaluated(0.2, max_new_tokens=3)
    with pytest.raises(NothingToDraw, match="Run 'made' was not evaluated on all of split 'test' .*room for"):
        numbers_of(run)
    good, shown = evaluated(0.7), evaluated(0.6, shots=2)
    evaluated(0.1, shots=2, seed=1)
    evaluated(0.0, max_new_tokens=3)
    evaluated(0.1, shots=2, max_new_tokens=3)
    evaluated(0.05, questions=3, on=3)
    found = numbers_of(run)
    assert (
        found["base, asked plainly", 0]["accuracy"]
        == 0.7
        == found["STaR with rationalization", 0]["accuracy"]
    )
    assert [key for key in found if key[0].startswith("few")] == [
        ("few-shot, 2 examples", 0),
        ("few-shot, 2 examples", None),
    ]
    row = found["few-shot, 2 examples", 0]
    assert (row["accuracy"], row["evaluation"], row["shots"]) == (0.6, shown.pk, 2)
    assert found["base, asked plainly", 0]["evaluation"] == good.pk
    said = {(row["decoding"], row["max_new_tokens"]) for row in found.values()}
    assert said == {("greedy", "as many as fit")}
    # A plan says which worked examples it shows: no more, and none of them may be missing.
    assert not any(method.startswith("few") for method, _ in numbers_of(run, asked=Asked((0,))))
    with pytest.raises(
        NothingToDraw, match="behind 3 worked examples with seed 0.* --shots 3 --seed 0"
    ) as caught:
        numbers_of(run, asked=Asked((0, 3)))
    assert caught.value.details["shots"] == 3


def test_results_on_different_questions_are_no_table(db: None) -> None:
    make_word_problems("stories", count=60, seed=0, actor=COMMAND)
    run = a_run()
    evaluated(0.7)
    evaluated(0.6, shots=1, on=9)
    with pytest.raises(NothingToDraw, match="different questions of split 'test': 6 and 9"):
        numbers_of(run)


def kept(run: TrainingRun, iteration: int, question: Question, origin: str = "few_shot") -> None:
    TrainingExample.objects.create(
        run=run, iteration=iteration, origin=origin, question=question, revision=question.current_revision,
        training_prompt="Q", completion="1", verdict="correct", fate="kept",
    )  # fmt: skip


def test_train_used_counts_every_question_that_the_result_learned_and_no_other(world) -> None:
    make_word_problems("stories", count=60, seed=0, actor=COMMAND)
    train = list(Question.objects.filter(split="train").order_by("pk"))
    added = list(Question.objects.filter(split="verifier").order_by("pk"))[:4] or train[-4:]
    Question.objects.filter(pk__in=[one.pk for one in added]).update(split="more")
    train = list(Question.objects.filter(split="train").order_by("pk"))
    usual = a_run("paper")
    two = a_run("two", data_of_iterations=2, seed=1)
    on = a_run("on", continue_training=True, seed=2)
    joined = a_run("joined", later_split="more", later_from=2, seed=3)
    waiting = a_run("waiting", later_split="more", later_from=3, iterations=3, seed=4)
    for run in (usual, two, on, joined, waiting):
        for question in train[:4]:
            kept(run, 1, question)
        kept(run, 1, train[4], "rationalized")
        for question in (train[0], train[4]):
            kept(run, 2, question)
        kept(run, 2, train[5], "rationalized")
        kept(run, 2, added[0])
    assert learned_from(usual, 2) == Learned(2, 1, len(train))
    # 0 to 3 and 4 by themselves, which was rationalized before; 5 with a hint.
    assert learned_from(two, 2) == learned_from(on, 2) == Learned(5, 1, len(train))
    assert learned_from(joined, 2) == Learned(3, 1, len(train) + 4)
    assert learned_from(waiting, 2) == Learned(2, 1, len(train))
    shares = [one.train_used for one in compare(["paper", "two", "on", "joined"]).runs]
    whole = len(train)
    assert shares == [3 / whole, 6 / whole, 6 / whole, 4 / (whole + 4)]
    # The table says the same, in its two parts.
    evaluated(0.7)
    row = numbers_of(usual)["STaR with rationalization", 0]
    assert (row["generated"], row["rationalized"]) == (2 / whole, 1 / whole)
