"""What a run is asked for is checked before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from accounts.audit import COMMAND
from accounts.errors import StarchamberError
from accounts.models import AuditEvent
from generation.prompts import Asked, Shot, build_prompt
from generation.registry.services import register_model
from generation.runs.models import GenerationBatch, GenerationRun, Prompt
from generation.runs.services import launch_generation
from generation.runs.shots import draw_shots
from jobs.models import Job
from problems.types import Family
from ratings.library.models import Dataset, Rationale, Source
from tests.generation_runs.worlds import add_rationale, launched, make_model, make_questions, spec

pytestmark = pytest.mark.django_db


@pytest.fixture
def world_with_a_model(roots: Path) -> Dataset:
    make_model(roots)
    make_questions("free", count=2, family="open")
    make_questions(count=2, split="prompt")
    add_rationale("sums", "prompt-0", "0 + 2 = 2.")
    add_rationale("sums", "prompt-1", "1 + 2 = 4.", verdict="wrong")
    return make_questions(count=3)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"dataset": "nowhere"}, "unknown_dataset", None),
        ({"model": "nobody"}, "unknown_model", "model"),
        ({"split": "attic"}, "empty_split", "split"),
        ({"split": "not a slug"}, "invalid", "split"),
        ({"source": "two words"}, "invalid", "source"),
        ({"samples": 0}, "invalid", "samples"),
        ({"samples": 10**6}, "invalid", "samples"),
        ({"temperature": -0.1}, "invalid", "temperature"),
        ({"temperature": float("nan")}, "invalid", "temperature"),
        ({"temperature": float("inf")}, "invalid", "temperature"),
        ({"top_p": 0.0}, "invalid", "top_p"),
        ({"top_p": 1.1}, "invalid", "top_p"),
        ({"max_new_tokens": 0}, "invalid", "max_new_tokens"),
        ({"batch_size": 0}, "invalid", "batch_size"),
        ({"lanes": 17}, "invalid", "lanes"),
        ({"seed": 2**63}, "invalid", "seed"),
        ({"shots": -1}, "invalid", "shots"),
        ({"shots": 2}, "invalid", "shots"),  # only one question of split prompt has a right rationale
        ({"shots": 1, "split": "prompt"}, "invalid", "split"),
        ({"dataset": "free", "hint": True}, "invalid", "hint"),
    ],
)
def test_a_bad_run_is_refused_with_its_field_and_leaves_nothing(world_with_a_model, change, code, field):
    with pytest.raises(StarchamberError) as raised:
        launch_generation(spec(**change), actor=COMMAND)
    assert raised.value.code == code
    assert field is None or raised.value.details["field"] == field
    assert not GenerationRun.objects.exists() and not Job.objects.exists() and not Prompt.objects.exists()
    assert not Source.objects.exclude(label="human").exists()
    assert not AuditEvent.objects.exclude(act="model.register").exists()


def test_a_model_whose_folder_or_endpoint_is_gone_is_refused(world_with_a_model, roots: Path, settings):
    (roots / "tiny").rename(roots / "elsewhere")
    with pytest.raises(StarchamberError, match="is not on this machine"):
        launched()
    settings.ENDPOINTS = {"lab": ("http://127.0.0.1:1/v1", "")}
    register_model("served", endpoint="lab", actor=COMMAND)
    settings.ENDPOINTS = {}
    with pytest.raises(StarchamberError) as raised:
        launched(model="served")
    assert raised.value.code == "unknown_endpoint"
    assert not GenerationRun.objects.exists()


def test_a_question_that_its_family_can_not_ask_is_named(roots: Path):
    make_model(roots)
    make_questions("choices", count=1, family="commonsenseqa")
    with pytest.raises(StarchamberError, match="train-0.*has no choices") as raised:
        launched(dataset="choices")
    assert raised.value.code == "not_asked"


def test_all_splits_but_the_prompts_are_asked_unless_told_otherwise(world_with_a_model):
    make_questions(count=2, split="test")
    asked = launched().prompts.values_list("question__external_id", flat=True)
    assert set(asked) == {"train-0", "train-1", "train-2", "test-0", "test-1"}
    only = launched(split="test").prompts.values_list("question__external_id", flat=True)
    assert set(only) == {"test-0", "test-1"}


def test_batches_cover_every_sample_once_and_their_membership_is_fixed(world_with_a_model):
    run = launched(samples=7, batch_size=4)
    members = [
        number for batch in run.batches.all() for number in range(batch.first, batch.first + batch.size)
    ]
    assert members == list(range(21)) == list(range(run.planned))
    assert GenerationBatch.objects.count() == 6


def test_there_are_never_more_lanes_than_batches(world_with_a_model):
    run = launched(samples=1, batch_size=2, lanes=16)
    jobs = [run.job, *run.job.lanes.all()]
    assert len(jobs) == 2
    assert {job.page for job in Job.objects.all()} == {f"/generations/{run.pk}/"}
    assert {(job.kind, job.queue, job.state) for job in jobs} == {("generate", "generate", "queued")}


def test_without_live_workers_there_is_one_lane(world_with_a_model):
    assert launched().job.lanes.count() == 0


def test_a_launch_is_audited_with_its_settings(world_with_a_model):
    run = launched(temperature=0.5)
    event = AuditEvent.objects.get(act="generation.launch")
    assert event.subject == f"generation run {run.pk}"
    assert event.details["temperature"] == 0.5 and event.details["questions"] == 3


def test_hinted_candidates_are_filed_apart_from_the_models_own(world_with_a_model):
    assert launched().source.label == "tiny"
    assert launched(hint=True).source.label == "tiny-hinted"
    assert launched(hint=True, source="chosen").source.label == "chosen"


def test_prefix_and_prompt_together_are_the_whole_prompt_to_the_letter(world_with_a_model):
    for hint in (False, True):
        run = launched(shots=1, hint=hint)
        prompt = run.prompts.select_related("run").get(number=1)
        shot = Shot(Asked("What is 0 plus two?", answer="2"), "0 + 2 = 2.")
        question = Asked("What is 1 plus two?", answer="3")
        assert prompt.sent == build_prompt(Family.GSM8K, question, [shot], hint=hint)
        assert prompt.sent.startswith("Q: What is 0 plus two?")
        assert ("(3)" in prompt.sent) is hint


def test_shots_depend_on_the_seed_and_not_on_the_order_of_import(world_with_a_model):
    make_questions(count=8, split="prompt", start=10)
    for number in range(10, 18):
        add_rationale("sums", f"prompt-{number}", f"{number} + 2 = {number + 2}.")
    dataset = world_with_a_model
    drawn = [
        tuple(shot.question.external_id for shot in draw_shots(dataset, 3, seed=seed)) for seed in range(20)
    ]
    assert len(set(drawn)) > 10 and all(len(set(one)) == 3 for one in drawn)
    texts = [shot.text for shot in draw_shots(dataset, 3, seed=5)]
    for rationale in list(Rationale.objects.filter(question__split="prompt")):
        rationale.pk = None  # the same rows under other keys
        Rationale.objects.filter(text_digest=rationale.text_digest).delete()
        rationale.save()
    assert [shot.text for shot in draw_shots(dataset, 3, seed=5)] == texts


def test_a_retired_or_wrong_rationale_is_no_worked_example(world_with_a_model):
    add_rationale("sums", "prompt-1", "1 + 2 = 3.", live=False)
    with pytest.raises(StarchamberError, match="at most 1"):
        launched(shots=2)
