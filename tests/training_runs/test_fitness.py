"""What does not go together is refused at the launch, or else as the first act of the run: never after an hour."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from django.test import Client

from accounts.audit import COMMAND
from accounts.errors import InvalidInput, StarchamberError
from generation.registry.facts import linear_names_in
from generation.registry.loading import load_folder, load_skeleton
from generation.registry.models import LanguageModel
from generation.runs.errors import TokenizerLacks
from generation.runs.models import GenerationRun
from generation.runs.services import launch_generation
from generation.runs.spec import GenerationSpec
from jobs.errors import JobError
from jobs.logs import read_log
from jobs.services import run_here
from ratings.library.models import Question
from tests.generation_runs.worlds import make_questions
from tests.services.world import ROOT, SERVERS
from tests.training_runs.test_commands import call
from tests.training_runs.test_conditions import lacking
from tests.training_runs.worlds import base, launched, make_sums
from training.adapters import linear_names
from training.base.building import TINY
from training.runs.evaluating import EvaluationSpec, launch_evaluation
from training.runs.measured_models import Evaluation
from training.runs.models import TrainingRun

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]

LACKS = "cannot write a line break, '7', which every question of 'sums' and its answers are made of"


def test_a_tokenizer_that_can_not_write_the_layout_is_refused_wherever_a_model_is_asked(roots) -> None:
    make_sums(count=60)
    lacking(roots, "7\n")
    base()
    asked: list[tuple[str, Any]] = [
        ("base", lambda: launched("star", base="lacking")),
        (
            "model",
            lambda: launch_generation(
                GenerationSpec(dataset="sums", model="lacking", samples=1), actor=COMMAND
            ),
        ),
        ("model", lambda: launch_evaluation(EvaluationSpec(model="lacking", dataset="sums"), actor=COMMAND)),
        (
            "verifier",
            lambda: launch_evaluation(
                EvaluationSpec(model="tiny-base", dataset="sums", verifiers=("lacking",)), actor=COMMAND
            ),
        ),
    ]
    for field, ask in asked:
        with pytest.raises(TokenizerLacks) as caught:
            ask()
        assert caught.value.message.startswith(f"{field}: the tokenizer of 'lacking' {LACKS}")
        details = caught.value.details
        assert (details["field"], details["value"], details["characters"]) == (field, "lacking", ["\n", "7"])
    assert not (TrainingRun.objects.exists() or GenerationRun.objects.exists() or Evaluation.objects.exists())


def test_what_no_web_process_can_read_the_run_finds_out_before_it_samples(
    client: Client, engineer, roots, monkeypatch
) -> None:
    """As for a model of a hub: here nothing is looked at before the worker does."""
    make_sums(count=60)
    lacking(roots, "7\n")
    monkeypatch.setattr(LanguageModel, "has_folder", property(lambda model: False))
    wants: list[dict[str, Any]] = [
        {"base": "lacking"},
        {"lora_rank": 4, "lora_targets": ["wte"]},
        {"pack_tokens": 600, "packed_attention": "plain"},
    ]
    runs = [launched("star", f"wants-{number}", **want) for number, want in enumerate(wants)]
    monkeypatch.undo()
    monkeypatch.setattr("generation.sampling.local.LocalSampler.sample", lambda *_: pytest.fail("sampled"))
    client.force_login(engineer)
    for run, code, words in zip(
        runs,
        ("tokenizer_lacks", "no_lora_target", "invalid"),
        ("cannot write a line break", "has no linear layer", "expected at most 512, the context of"),
        strict=True,
    ):
        with pytest.raises(JobError) as caught:
            run_here(run.job_id)
        assert caught.value.code == code and words in caught.value.message
        error = client.get(f"/api/v1/runs/{run.pk}/").json()["job"]["error"]
        assert error["message"] == caught.value.message and {"field", "value", "expected"} <= set(
            error["details"]
        )
        assert words in client.get(f"/runs/{run.pk}/").content.decode()


def test_layers_are_named_by_the_weights_as_the_model_itself_names_them(roots, tiny_folder) -> None:
    for folder in (TINY, tiny_folder):
        expected = linear_names(load_folder(folder).model)
        assert set(linear_names_in(folder)) == set(expected) == set(linear_names(load_skeleton(folder)))


@pytest.mark.parametrize(
    ("algorithm", "overrides", "field", "words"),
    [
        ("star", {"lora_rank": 4, "lora_targets": ["q_proj", "queries"]}, "lora_targets", "no linear layer 'queries'"),
        ("vstar", {"lora_rank": 4, "lora_targets": ["wte"]}, "lora_targets", "no linear layer 'wte'"),
        (
            "star",
            {"pack_tokens": 513, "packed_attention": "plain"},
            "pack_tokens",
            "pack_tokens: 513 is not usable, expected at most 512, the context of 'tiny-base'",
        ),
        ("star", {"pack_tokens": 8}, "pack_tokens", "pack_tokens: 8 is not usable, expected 0, or at least"),
        ("sft", {"pack_tokens": 20}, "pack_tokens", "has the shortest solved question of split 'train'"),
        ("sft", {"pack_tokens": 4, "learn": "answers"}, "pack_tokens", "expected 0, or at least"),
    ],
)  # fmt: skip
def test_a_recipe_that_does_not_fit_its_base_is_refused_at_the_launch(
    algorithm, overrides, field, words
) -> None:
    make_sums(count=60)
    base()
    with pytest.raises(StarchamberError) as caught:
        launched(algorithm, **overrides)
    assert words in caught.value.message
    assert caught.value.details["field"] == field and {"value", "expected"} <= set(caught.value.details)
    assert not TrainingRun.objects.exists()


def test_rows_that_hold_the_shortest_example_are_taken() -> None:
    make_sums(count=60)
    base()
    with pytest.raises(InvalidInput) as caught:
        launched("sft", "short", pack_tokens=8)
    least = int(str(caught.value.details["expected"]).split("at least ")[1].split(":")[0])
    with pytest.raises(InvalidInput):
        launched("sft", "shorter", pack_tokens=least - 1)
    assert launched("sft", "enough", pack_tokens=least).pk
    # Where a token sees its own example only, positions begin anew: a row may be longer than the context.
    assert launched("sft", "longer", pack_tokens=2048).pk


def test_a_refusal_stands_beside_its_key_on_the_form(client: Client, engineer) -> None:
    make_sums(count=60)
    base()
    client.force_login(engineer)
    form = client.get("/runs/new/star/").context["form"]
    values = {field.name: field.value() for field in form if field.value() is not None}
    posted = {**values, "label": "made", "dataset": "sums", "lora_rank": 4, "lora_targets": "queries"}
    answer = client.post(
        "/runs/new/star/", {name: value for name, value in posted.items() if value is not False}
    )
    assert answer.status_code == 422
    assert "no linear layer 'queries'" in answer.context["form"].errors["lora_targets"][0]


def test_characters_of_single_questions_are_counted_by_generate_and_evaluate(
    client: Client, engineer, roots
) -> None:
    make_questions("problems", family="gsm8k", split="test")
    question = Question.objects.filter(dataset__name="problems").order_by("pk")[0]
    revisions = type(question.current_revision).objects.filter(pk=question.current_revision.pk)
    revisions.update(text=f"{question.current_revision.text} Ω")
    lacking(roots, "")
    told = "have characters that the tokenizer does not know: 'Ω'."
    asked = {"dataset": "problems", "model": "lacking", "samples": 1, "split": "test", "max_new_tokens": 4}
    answer = call("generate", *(f"--{name.replace('_', '-')}={value}" for name, value in asked.items()))
    run = GenerationRun.objects.get()
    assert run.conditions["unknown_characters"] == {"questions": 1, "of": run.questions, "characters": ["Ω"]}
    assert f"1 of {run.questions} questions {told}" in read_log(run.job_id).text
    assert answer["unknown_characters"] == run.conditions["unknown_characters"]
    client.force_login(engineer)
    assert client.get(f"/api/v1/generations/{run.pk}/").json()["conditions"] == run.conditions
    for address in (f"/generations/{run.pk}/", f"/generations/{run.pk}/results/"):
        assert (
            f"1 of {run.questions} questions have characters that the tokenizer does not know"
            in client.get(address).content.decode()
        )
    evaluated = {"dataset": "problems", "model": "lacking", "samples": 1, "max_new_tokens": 4}
    answer = call("evaluate", *(f"--{name.replace('_', '-')}={value}" for name, value in evaluated.items()))
    evaluation = Evaluation.objects.get()
    assert list(evaluation.conditions["unknown_characters"]) == ["lacking"]
    assert answer["unknown_characters"] == evaluation.conditions["unknown_characters"]
    assert told in read_log(evaluation.job_id).text
    assert client.get(f"/api/v1/evaluations/{evaluation.pk}/").json()["conditions"] == evaluation.conditions
    assert (
        "characters that the tokenizer does not know"
        in client.get(f"/evaluations/{evaluation.pk}/").content.decode()
    )


def test_a_launch_reads_the_files_without_torch(tmp_path) -> None:
    script = f"""
import sys, config.wsgi
from pathlib import Path
from generation.registry.characters import writer_in
from generation.registry.facts import linear_names_in
import training.runs.fitness
folder = Path({str(TINY)!r})
assert writer_in(folder).writes_everything and linear_names_in(folder)
assert not {{"torch", "transformers"}} & set(sys.modules)
"""
    environment = SERVERS.environment_of_a_process(f"sqlite:///{tmp_path / 'none.sqlite3'}")
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
