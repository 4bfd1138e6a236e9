"""V-STaR runs: generators, one verifier, and the pairs that it learned from with their samples and votes."""

from __future__ import annotations

import pytest

from accounts.audit import COMMAND
from generation.registry.models import LanguageModel
from jobs.here import run_here
from ratings.library.models import Question
from tests.training_runs.test_star_runs import interrupted
from tests.training_runs.votes import voted_sums
from tests.training_runs.worlds import done, launched, make_sums, outcome_of
from training.runs.keeping import RunKeeper
from training.runs.launching import resume_run
from training.runs.models import Fate, Origin, PreferencePair
from training.runs.selectors import get_run

pytestmark = pytest.mark.usefixtures("storage")


def test_a_run_ends_with_a_verifier_and_a_generator(world) -> None:
    make_sums()
    run = done("vstar", sources=["scratchpad"], sft_questions=10, keep="all")
    assert run.job.result is not None and run.job.result["checkpoint"] == "made"
    labels = dict(run.checkpoints.filter(model__isnull=False).values_list("name", "model__label"))
    assert labels["verifier"] == "made" and labels["generator-2"] == "made-generator"
    assert set(labels) == {"verifier", "generator-0", "generator-1", "generator-2"}
    given = run.examples.filter(origin=Origin.SFT)
    assert given.count() == 10 and given.filter(rationale__isnull=False).count() == 10
    assert not run.examples.filter(origin=Origin.RATIONALIZED).exists()
    # Four samples of each question that was asked in each round; failures are kept.
    for number in (1, 2):
        assert run.examples.filter(iteration=number).count() == 48
    # Held-out questions are measured, never learned from.
    held_out = run.examples.filter(fate=Fate.HELD_OUT)
    assert set(held_out.values_list("question__split", flat=True)) == {"validation"}
    assert held_out.count() == 16 and set(held_out.values_list("iteration", flat=True)) == {0}
    pairs = run.pairs.select_related("chosen_example", "rejected_example")
    assert run.metrics["pairs"] == pairs.count() > 0
    for pair in pairs:
        assert (pair.origin, pair.use) == ("verdict", "train")
        assert pair.chosen_example is not None and pair.rejected_example is not None
        assert pair.chosen_example.question_id == pair.rejected_example.question_id == pair.question_id
        assert pair.chosen_example.completion == pair.chosen
        assert pair.rejected_example.completion == pair.rejected
        assert pair.rejected_example.verdict != "correct"
        assert pair.chosen_example.verdict in ("correct", "given")
    assert set(run.metrics["best_of"]) == {"1", "2", "4"}
    assert run.iterations.count() == 3


PLACES = [("put_batch", 2, False), ("step", 6, False), ("put_model", 3, True)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "places",
    # STaR's runs are interrupted in their sampling as well, by the same keeper.
    [PLACES[2:], pytest.param(PLACES, marks=pytest.mark.slow)],
    ids=["model", "all"],
)
def test_a_run_that_was_interrupted_ends_with_the_same_numbers(
    monkeypatch, places: list[tuple[str, int, bool]]
) -> None:
    make_sums()
    expected = outcome_of(done("vstar", label="whole"))
    assert expected["models"].keys() >= {"verifier", "generator-2"}
    for number, (name, at, before) in enumerate(places):
        run = launched("vstar", label=f"cut-{number}")
        cure = interrupted(monkeypatch, RunKeeper, name, at=at, before=before)
        with pytest.raises(KeyboardInterrupt):
            run_here(run.job_id)
        cure()
        resume_run(run, actor=COMMAND)
        run_here(run.job_id)
        assert outcome_of(get_run(run.pk)) == expected, f"interrupted at {name} {at}"


@pytest.mark.django_db
@pytest.mark.slow
def test_votes_enter_the_verifier_by_their_weight_and_those_on_other_splits_are_held_out() -> None:
    voted_sums()
    run = done("vstar", studies=["trial"], raters="human", human_weight=0.5)
    voted = run.pairs.filter(origin=PreferencePair.Origin.RATERS)
    learned = voted.filter(use="train")
    assert run.metrics["human_pairs"] == learned.count() > 0
    assert set(learned.values_list("weight", flat=True)) == {0.5}
    assert set(learned.values_list("split", flat=True)) == {"train"}
    held_out = run.metrics["held_out"]
    assert set(held_out) == {"test"}
    assert held_out["test"]["reward"]["pairs"] == voted.filter(use="held_out").count() > 0
    assert set(held_out["test"]) == {"reward", "likelihood", "reference_likelihood"}


@pytest.mark.django_db
@pytest.mark.slow
def test_samples_of_questions_that_are_held_out_are_in_no_pair() -> None:
    make_sums()
    run = done("vstar")
    questions = Question.objects.filter(pk__in=run.pairs.values("question"))
    assert set(questions.values_list("split", flat=True)) == {"train"}
    assert LanguageModel.objects.get(label="made").checkpoint.is_result
