"""STaR's further settings, from recipe to rows and page; and self-correction from a run's mistakes."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.audit import COMMAND
from accounts.errors import InvalidInput, StarchamberError
from generation.prompts import build_prompt
from generation.registry.loading import load_folder
from generation.registry.services import ensure_own_base
from generation.runs.spec import asked_of
from problems.traces import trace_is_valid
from problems.types import Family
from ratings.library.making import make_word_problems
from ratings.library.models import Question, Rationale
from ratings.slots.models import Rating
from ratings.studies.models import TripleCard
from tests.training_runs.votes import voted_sums
from tests.training_runs.worlds import add_rationale, done, launched, make_sums, outcome_of, recipe, staged
from training.base.building import ADDITION
from training.batching import Example
from training.recipes.schema import Sft
from training.runs import retrying
from training.runs.models import Fate, Origin, TrainingRun
from training.runs.retrying import gathered_retries
from training.scoring import score_examples

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


def test_valid_traces_alone_are_kept_and_longer_sums_join_later() -> None:
    make_sums(digits=(2, 3))
    run = done(
        iterations=3, kept_by="trace", rationalize_from=2, later_from=3, later_groups=[3], pack_tokens=256,
        batch_size=2, patience=1, min_gain=0.5, questions_per_iteration=8,
    )  # fmt: skip
    rows = list(run.examples.select_related("revision"))
    digits = {
        n: {len(row.revision.text.split(" + ")[0]) for row in rows if row.iteration == n} for n in (1, 2, 3)
    }
    assert digits[1] == digits[2] == {2} and 3 in digits[3]
    assert {row.iteration for row in rows if row.origin == Origin.RATIONALIZED} <= {2, 3}
    for row in rows:
        assert row.trace_valid is trace_is_valid(Family.ADDITION, row.revision.text, row.completion)
        assert (row.fate == Fate.KEPT) <= bool(row.trace_valid)
        assert (row.fate == Fate.INVALID) <= (row.verdict == "correct" and not row.trace_valid)
    counts = [one.counts for one in run.iterations.order_by("number")]
    joined = Question.objects.filter(split="train", revisions__text__regex=r"^\d{3} ").count()
    assert [one.get("joined") for one in counts] == [None, 0, 0, joined] and joined > 10
    for number in (1, 2, 3):
        own = [row for row in rows if row.iteration == number]
        assert counts[number]["kept"] == sum(row.fate == Fate.KEPT for row in own)
        assert counts[number]["unparsable"] == sum(row.verdict == "unparsable" for row in own)
    # The last change comes in the third iteration: the plateau that patience sees is told with it.
    assert run.metrics["stopped"] == "plateau"
    assert run.metrics["explanation"].startswith("1 iteration in a row did not raise")


def test_word_problems_are_told_by_the_steps_of_their_solutions(client: Client, engineer) -> None:
    make_word_problems("stories", count=120, seed=0, actor=COMMAND)
    run = done(dataset="stories", iterations=1)
    by_steps = run.iterations.get(number=1).metrics["by_steps"]
    assert by_steps and set(by_steps) <= {"1", "2", "3", "4", "5"}
    client.force_login(engineer)
    page = unescape(client.get(f"/runs/{run.pk}/").content.decode())
    assert "Accuracy by steps of the solution that came with the question" in page
    assert "All 1 iterations are done." in page
    assert {"kept", "unparsable"} <= set(run.iterations.get(number=1).counts)
    # What is right by the calculator has right computations: the family can tell, where it computes at all.
    told = run.examples.filter(trace_valid__isnull=False)
    assert told.exists()


@pytest.mark.slow
def test_a_verifier_of_the_registry_chooses_among_right_samples_and_its_scores_are_stored() -> None:
    # Of sums there is one right scratchpad; stories can be told in several ways.
    make_word_problems("stories", count=160, seed=0, actor=COMMAND)
    knobs: dict[str, Any] = {
        "dataset": "stories",
        "iterations": 1, "samples": 6, "temperature": 0.9, "kept_by": "verifier",
        "verifier": "tiny-addition", "verifier_share": 0.34,
    }  # fmt: skip
    ensure_own_base("tiny-addition", actor=COMMAND)
    run = done(label="chosen", **knobs)
    right = run.examples.filter(fate__in=[Fate.KEPT, Fate.OUTSCORED])
    assert right.filter(fate=Fate.OUTSCORED).exists()
    assert not right.filter(verifier_score__isnull=True).exists()
    assert not run.examples.exclude(pk__in=right).filter(verifier_score__isnull=False).exists()
    # Scores of that very model, not of the base.
    some = list(right.order_by("pk")[:4])
    asked = [
        Example(build_prompt(Family.WORD_PROBLEM, asked_of(row.revision)), row.completion) for row in some
    ]
    scores = score_examples(load_folder(ADDITION), asked)
    assert [row.verifier_score for row in some] == pytest.approx(scores, abs=1e-3)
    for question in set(right.values_list("question", "origin")):
        own = right.filter(question=question[0], origin=question[1])
        kept = own.filter(fate=Fate.KEPT).values_list("verifier_score", flat=True)
        lost = own.filter(fate=Fate.OUTSCORED).values_list("verifier_score", flat=True)
        assert len(kept) == -(-len(own) * 34 // 100)
        assert all(one is not None and other is not None and one >= other for one in kept for other in lost)


@pytest.mark.parametrize(
    ("overrides", "key", "words"),
    [
        ({"later_from": 2, "later_groups": [7]}, "later_groups", "some, not all, of 2, 3 digits"),
        ({"later_from": 2, "later_groups": [2, 3]}, "later_groups", "some, not all, of 2, 3 digits"),
        ({"later_from": 2, "later_split": "nowhere"}, "later_split", "no questions in split 'nowhere'"),
        (
            {"replay_per_iteration": 5, "replay_split": "nowhere"},
            "replay_split",
            "no questions in split 'nowhere'",
        ),
        (
            {"kept_by": "verifier", "samples": 2, "temperature": 0.7, "verifier": "nobody"},
            "verifier",
            "nobody",
        ),
    ],
)
def test_what_a_dataset_or_the_registry_does_not_have_is_refused_before_anything_is_made(
    overrides, key, words
) -> None:
    make_sums(count=60)
    with pytest.raises(StarchamberError) as caught:
        launched(**overrides)
    assert caught.value.details["field"] == key and words in caught.value.message
    assert not TrainingRun.objects.exists()


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        ({"later_from": 2}, "later_from"),
        ({"later_groups": [3]}, "later_from"),
        ({"later_from": 1, "later_groups": [3]}, "later_from"),
        ({"later_from": 9, "later_groups": [3]}, "later_from"),
        ({"later_from": 2, "later_split": "validation"}, "later_split"),
        ({"replay_per_iteration": 5, "replay_split": "validation"}, "replay_split"),
        ({"replay_per_iteration": 5, "replay_split": "train"}, "replay_split"),
        ({"later_from": 2, "later_groups": [3, 3]}, "later_groups"),
        ({"rationalize_from": 3}, "rationalize_from"),
        ({"rationalize_from": 2, "rationalize": False}, "rationalize_from"),
        ({"hint_left_in": 1.5}, "hint_left_in"),
        ({"hint_left_in": 0.5, "rationalize": False}, "hint_left_in"),
        ({"kept_by": "luck"}, "kept_by"),
        ({"kept_by": "verifier"}, "verifier"),
        ({"kept_by": "verifier", "verifier": "tiny-base"}, "samples"),
        ({"verifier": "tiny-base"}, "verifier"),
        ({"verifier_share": 0}, "verifier_share"),
        ({"verifier_above": 0.5}, "verifier_above"),
        ({"verifier_above": -5}, "verifier_above"),
        ({"min_gain": 0.1}, "min_gain"),
        ({"patience": 2, "validation_split": ""}, "patience"),
        ({"pack_tokens": -1}, "pack_tokens"),
        ({"packed_attention": "all"}, "packed_attention"),
    ],
)
def test_keys_that_are_impossible_alone_or_together_are_refused_by_name(overrides, key) -> None:
    with pytest.raises(InvalidInput) as caught:
        recipe("star", **overrides)
    assert caught.value.details["key"] == key
    assert caught.value.details["expected"] and caught.value.message.startswith(f"{key}: ")


def test_a_family_whose_steps_can_not_be_checked_has_no_valid_traces_to_keep() -> None:
    from training.runs.checking import _check_star

    make_sums(count=60)
    dataset = Question.objects.all()[0].dataset
    dataset.family = Family.COMMONSENSEQA
    with pytest.raises(InvalidInput, match="kept_by: 'trace' is not usable: the steps of commonsenseqa"):
        _check_star(dataset, recipe("star", kept_by="trace").values)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------- self-correction


def wrong_sums(count: int = 4) -> list[str]:
    """A wrong scratchpad of a source `slips` for some train questions; returns their ids."""
    found = []
    for question in Question.objects.filter(split="train").order_by("external_id")[:count]:
        solution = question.rationales.get().text.splitlines()
        wrong = [*solution[:2], solution[2].replace("C: ", "C: 1"), *solution[3:-1], "9"]
        add_rationale(question.external_id, "\n".join(wrong), source="slips", verdict="wrong")
        found.append(question.external_id)
    return found


def test_wrong_solutions_of_the_library_become_corrections_of_an_origin_of_their_own() -> None:
    make_sums(count=60)
    ids = wrong_sums()
    run = done("sft", learn="retries", with_solutions=False, batch_size=2)
    rows = list(run.examples.select_related("question", "rationale").order_by("question__external_id"))
    assert [row.question.external_id for row in rows] == ids
    for row in rows:
        assert (row.origin, row.verdict, row.fate) == (Origin.RETRY, "correct", Fate.KEPT)
        assert row.rationale is not None
        solution = row.rationale.text.splitlines()
        beginning = row.training_prompt.partition("Target:\n")[2]
        # The mistake is in the prompt, which no loss covers; the correction goes on from the line that it spoilt.
        assert beginning.splitlines()[:2] == solution[:2] and beginning.splitlines()[2] != solution[2]
        assert row.completion.splitlines() == ["<retry>", *solution[2:]]
    counts = run.iterations.get(number=1).counts
    assert (counts["retries"], counts["solutions"]) == (4, 0)


@pytest.mark.slow
def test_mistakes_of_an_earlier_run_are_learned_from_and_the_solutions_beside_them() -> None:
    make_sums(count=60)
    earlier = done(label="earlier", iterations=1, rationalize=False)
    run = done("sft", label="corrected", learn="retries", from_run="earlier", retries_per_question=1)
    wrong = earlier.examples.filter(fate=Fate.WRONG)
    retries = run.examples.filter(origin=Origin.RETRY)
    assert retries.exists()
    assert set(retries.values_list("question", flat=True)) <= set(wrong.values_list("question", flat=True))
    assert retries.count() == retries.values("question").distinct().count()
    assert run.examples.filter(origin=Origin.SFT).count() == Question.objects.filter(split="train").count()
    again = done("sft", label="again", learn="retries", from_run="earlier", retries_per_question=1)
    assert outcome_of(again)["examples"] == outcome_of(run)["examples"]


def test_without_any_known_mistake_a_run_says_so() -> None:
    make_sums(count=60)
    with pytest.raises(StarchamberError, match="has a step that is known to be wrong"):
        done("sft", learn="retries")


def test_the_step_that_most_raters_marked_is_where_a_text_is_taken_back(monkeypatch) -> None:
    study = voted_sums(questions=3, raters=3)
    card = TripleCard.objects.filter(triple__study=study, rationale__source__label="long").order_by(
        "triple__number"
    )[0]
    votes = Rating.objects.filter(triple=card.triple).order_by("pk")
    for vote, step in zip(votes, [1, 0, 1], strict=True):
        Rating.objects.filter(pk=vote.pk).update(first_wrong_step={str(card.source_index): step})
    assert retrying._marks([study], raters="human") == {card.rationale_id: 1}
    assert retrying._marks([study], raters="model") == {}
    # In a family whose computations all hold, that mark alone says what is wrong.
    make_word_problems("stories", count=40, seed=0, actor=COMMAND)
    solved = Rationale.objects.filter(question__dataset__name="stories", question__split="train").order_by(
        "pk"
    )
    solution = next(one for one in solved if one.text.count("\n") > 1)
    first, rest = solution.text.split("\n", 1)
    text = f"{first}\nAll of it was a dream.\n#### {solution.answer}"
    marked = add_rationale(solution.question.external_id, text, source="dreamer")
    monkeypatch.setattr(retrying, "_marks", lambda studies, raters: {marked.pk: 1})
    wanted = recipe("sft", dataset="stories", learn="retries", sources=["dreamer"])
    assert isinstance(wanted.values, Sft)
    (found,) = gathered_retries(solution.question.dataset, [study], wanted.values)
    assert found["id"] == solution.question.external_id and found["solution"] == solution.pk
    assert found["beginning"].strip() == f"{first}\nAll of it was a dream."
    assert found["correction"] == f"<retry>\n{rest}"


def test_the_page_of_a_run_says_why_it_ended_and_shows_the_groups(client: Client, engineer) -> None:
    make_sums(count=60)
    run = staged()
    TrainingRun.objects.filter(pk=run.pk).update(metrics={"explanation": "2 iterations in a row did not."})
    client.force_login(engineer)
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert "2 iterations in a row did not." in page and "Accuracy by number of digits" in page
