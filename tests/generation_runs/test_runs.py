"""A run in one process: every candidate kept with all that explains it, and the same again whatever happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from generation.registry.opening import load_model
from generation.registry.selectors import get_model
from generation.runs.models import Candidate
from generation.runs.samplers import sampling_settings
from generation.runs.texts import storable
from generation.sampling.local import LocalSampler
from generation.sampling.types import PromptRequest
from jobs.errors import JobError
from jobs.services import run_here
from ratings.library.models import QuestionRevision, Rationale
from tests.generation_runs.worlds import (
    add_rationale,
    done,
    launched,
    make_model,
    make_questions,
    rationales_of,
    rows_of,
)


@pytest.fixture
def both_worlds(world: str, roots: Path) -> str:
    make_model(roots)
    make_questions()
    return world


@pytest.fixture
def questions(db: None, roots: Path) -> None:
    make_model(roots)
    make_questions()


def test_every_candidate_is_kept_with_prompt_seed_text_verdict_and_log_probability(both_worlds: str) -> None:
    run = done()
    assert run.finished_at is not None and run.job.state == "finished"
    result = run.job.result
    assert result is not None
    assert (result["questions"], result["candidates"], result["run"]) == (4, 12, run.pk)
    assert sum(result[verdict] for verdict in ("correct", "wrong", "unparsable", "given")) == 12
    assert result["tokens"] == sum(Candidate.objects.values_list("tokens", flat=True)) > 0
    # Each is what the model says to this prompt with this seed, all by itself.
    sampler = LocalSampler(load_model(get_model("tiny")), batch_size=1)
    for candidate in Candidate.objects.select_related("prompt__run"):
        request = PromptRequest(candidate.prompt.sent, candidate.seed)
        [alone] = sampler.sample([request], sampling_settings(run))
        assert (candidate.text, candidate.tokens, candidate.finish) == (
            storable(alone.text),  # an untrained model writes NUL now and then
            alone.token_count,
            alone.finish,
        )
        assert candidate.logprob == pytest.approx(alone.logprob, abs=1e-3)
        assert candidate.prompt_tokens == len(alone.prompt_tokens)
        assert candidate.rationale is None or candidate.rationale.text == candidate.text.strip()


def test_the_same_run_again_makes_the_same_rows_whatever_the_size_of_its_batches(both_worlds: str) -> None:
    first = rows_of(done())
    before = [(row.question_id, row.text_digest) for row in rationales_of("tiny")]
    again = rows_of(done(batch_size=2))
    exact = [row[:7] + row[8:] for row in first]
    assert exact == [row[:7] + row[8:] for row in again]
    assert [row[7] for row in again] == pytest.approx([row[7] for row in first], abs=1e-3)
    assert [(row.question_id, row.text_digest) for row in rationales_of("tiny")] == before
    assert rows_of(done(seed=12)) != first


def test_a_text_that_came_often_is_one_rationale_with_its_copies(both_worlds: str) -> None:
    run = done(temperature=0)
    assert (
        len({row[3] for row in rows_of(run) if row[0] == "train-0"}) == 1
    )  # greedy: the same text three times
    stored = rationales_of("tiny")
    assert {row.copies for row in stored} == {3} and len(stored) <= 4
    done(temperature=0, samples=2)
    assert {row.copies for row in rationales_of("tiny")} == {5}
    assert [row.pk for row in rationales_of("tiny")] == [row.pk for row in stored]


def test_what_an_import_retired_stays_retired_and_others_stay_live(questions: None) -> None:
    run = done(temperature=0, samples=1)
    candidate = Candidate.objects.filter(run=run).exclude(rationale=None).select_related("rationale").first()
    assert candidate is not None and candidate.rationale_id is not None
    Rationale.objects.filter(pk=candidate.rationale_id).update(live=False)
    again = launched(temperature=0, samples=1)
    # Imported meanwhile: a run that is launched after it would be refused.
    other = add_rationale("sums", "train-0", "Another text of this source.", source="tiny")
    run_here(again.job_id)
    assert {
        row.rationale_id for row in again.candidates.filter(prompt__question=candidate.prompt.question)
    } == {candidate.rationale_id}
    assert not Rationale.objects.get(pk=candidate.rationale_id).live
    assert Rationale.objects.get(pk=other.pk).live


def test_a_run_asks_the_revision_of_its_launch_and_the_library_keeps_to_the_present_one(
    questions: str,
) -> None:
    run = launched(samples=1)
    old = QuestionRevision.objects.get(question__external_id="train-1")
    QuestionRevision.objects.filter(pk=old.pk).update(current=False)
    new = QuestionRevision.objects.create(
        question=old.question, number=2, text="What is 1 plus 3?", answer="4", content_digest="0" * 64
    )
    run_here(run.job_id)
    candidate = Candidate.objects.select_related("prompt", "rationale").get(prompt__question=old.question)
    assert (candidate.prompt.revision_id, candidate.prompt.text) == (old.pk, "Q: What is 1 plus two?\nA:")
    assert candidate.rationale is None or candidate.rationale.revision_id == new.pk


def test_few_shot_and_hinted_prompts_are_sent_as_they_are_stored(questions: None) -> None:
    make_questions(count=2, split="prompt")
    for number in range(2):
        add_rationale("sums", f"prompt-{number}", f"{number} + 2 = {number + 2}.")
    run = done(shots=2, hint=True, samples=1)
    prompt = run.prompts.select_related("run").get(number=0)
    assert prompt.sent.count("Q: ") == 3 and prompt.sent.endswith("Q: What is 0 plus two? (2)\nA:")
    assert run.source.label == "tiny-hinted"


def test_open_questions_are_given_and_never_graded(questions: None) -> None:
    make_questions("free", family="open")
    run = done(dataset="free", samples=1)
    assert set(run.candidates.values_list("verdict", "answer")) == {("given", "")}


@pytest.mark.parametrize(("wanted", "room"), [(None, "1 token"), (60, "60 tokens")])
def test_questions_that_do_not_fit_are_named_before_anything_is_sampled(
    questions: None, wanted: int | None, room: str
) -> None:
    """Though they come last, and one would have been met after all the others."""
    dataset = make_questions(count=12, start=50)
    for number in range(51, 62):
        revision = dataset.questions.get(external_id=f"train-{number}").current_revision
        QuestionRevision.objects.filter(pk=revision.pk).update(text="What is 1 plus two? " * (20 + number))
    run = launched(samples=1, batch_size=1, max_new_tokens=wanted)
    with pytest.raises(JobError) as caught:
        run_here(run.job_id)
    error, told = caught.value, caught.value.details
    assert (error.code, told["prompts"], told["context"]) == ("prompt_too_long", 11, 256)
    assert [one["question"] for one in told["questions"]] == [
        f"train-{number}" for number in range(61, 51, -1)
    ]
    assert told["questions"][0]["tokens"] == told["prompt_tokens"] > 256
    assert error.message.startswith(f"11 of {run.questions} prompts leave no room for {room} of an answer")
    assert f"'train-61' ({told['prompt_tokens']:,} tokens), 'train-60' (" in error.message
    assert "and 1 more" in error.message
    assert not run.candidates.exists() and not run.batches.filter(stored_at__isnull=False).exists()


def test_the_longest_answer_is_what_the_context_has_room_for(questions: None) -> None:
    run = done(max_new_tokens=None, samples=1, split="train")
    longest = max(run.candidates.values_list("prompt_tokens", flat=True))
    assert run.max_new_tokens == 256 - longest
