"""On what a run was computed and what it met: recorded on it, and on its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from django.test import Client

from accounts.audit import COMMAND
from generation.registry.characters import writer_in, writer_of
from generation.registry.checkpoints import save_checkpoint
from generation.registry.loading import LoadedModel, load_folder
from generation.registry.manifest import read_manifest
from generation.registry.models import LanguageModel
from generation.registry.opening import load_model
from generation.registry.selectors import get_model
from generation.registry.services import register_model
from jobs.errors import JobError
from jobs.logs import read_log
from jobs.services import run_here
from ratings.library.models import Question
from tests.generation_runs.worlds import make_questions
from tests.training.tiny import char_tokenizer, tiny_model
from tests.training_runs.test_star_runs import interrupted
from tests.training_runs.votes import voted_sums
from tests.training_runs.worlds import done, launched, make_sums, outcome_of
from training.losses import Loss, completion_loss
from training.parallel import team
from training.runs import checkpoints
from training.runs.launching import resume_run
from training.runs.models import TrainingRun
from training.runs.selectors import get_run
from training.runs.watching import JobWatch

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]

LORA: dict[str, Any] = {"lora_rank": 4, "lora_alpha": 8.0, "lora_dropout": 0.1, "validation_split": ""}


def page_of(client: Client, user: Any, run: TrainingRun) -> str:
    client.force_login(user)
    return client.get(f"/runs/{run.pk}/").content.decode()


def test_adapters_and_checkpointing_are_recorded_and_the_model_is_whole(client: Client, engineer) -> None:
    make_sums()
    run = done("sft", gradient_checkpointing=True, **LORA)
    assert run.conditions == {
        "device": "cpu",
        "precision": "fp32",
        "processes": 1,
        "checkpointing": True,
        "lora": {"rank": 4, "alpha": 8.0, "targets": [], "dropout": 0.1},
    }
    manifest = read_manifest(checkpoints.folder_of(run, "best"))
    assert manifest["lora"] == run.conditions["lora"]
    trained, base = load_model(get_model("made")).model, load_model(run.base).model
    names = {name for name, weight in trained.named_parameters()}
    assert names == {name for name, _ in base.named_parameters()}
    changed = {
        name
        for name, weight in trained.named_parameters()
        if not torch.equal(weight, base.get_parameter(name))
    }
    assert changed and all(".attn." in name or ".mlp." in name for name in changed)
    # Whatever trains a model trains this one: here once more, with all of its weights.
    assert done("sft", "further", base="made", validation_split="").job.state == "finished"
    shown = page_of(client, engineer, run)
    for words in ("How it is computed", "32 bits throughout", "rank 4, alpha 8", "gradient checkpointing"):
        assert words in shown
    assert client.get(f"/api/v1/runs/{run.pk}/").json()["conditions"] == run.conditions


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["dpo", "star", "vstar"])
def test_every_algorithm_trains_adapters_and_by_two_processes(algorithm: str) -> None:
    if algorithm == "dpo":
        voted_sums()
    else:
        make_sums()
    lora = {key: value for key, value in LORA.items() if key.startswith("lora")} | {"lora_dropout": 0.0}
    more = lora | ({"studies": ["trial"]} if algorithm == "dpo" else {})
    alone = done(algorithm, "alone", **more)
    together = done(algorithm, "together", processes=2, **more)
    assert (alone.conditions["processes"], together.conditions["processes"]) == (1, 2)
    assert together.conditions["lora"]["rank"] == 4
    # Later trainings start from what sampling found, and that may differ in a last digit's tie.
    losses = [
        list(run.job.metrics.filter(series="loss").order_by("step").values_list("value", flat=True)[:4])
        for run in (alone, together)
    ]
    # AdamW's first step is the gradient's sign alone, and pairs of fresh adapters have gradients of rounding's size.
    assert losses[1] == pytest.approx(losses[0], rel=1e-4 if algorithm == "dpo" else 1e-5)
    assert team._team is None  # ended with the run


@pytest.mark.slow
def test_a_run_of_two_processes_that_is_interrupted_ends_with_the_same_numbers(monkeypatch) -> None:
    make_sums()
    expected = outcome_of(done("sft", "whole", processes=2, steps=8))
    run = launched("sft", "cut", processes=2, steps=8)
    cure = interrupted(monkeypatch, JobWatch, "step", at=5, before=False)
    with pytest.raises(KeyboardInterrupt):
        run_here(run.job_id)
    assert team._team is None
    cure()
    resume_run(run, actor=COMMAND)
    run_here(run.job_id)
    assert outcome_of(get_run(run.pk)) == expected


def lacking(folder: Path, missing: str) -> LanguageModel:
    """A model whose tokenizer knows every printable character but these."""
    tokenizer = char_tokenizer()
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    for character in missing:
        state["model"]["vocab"][f"<not {ord(character)}>"] = state["model"]["vocab"].pop(character)
    tokenizer.backend_tokenizer.__setstate__(json.dumps(state).encode())
    model = tiny_model(context=256)
    save_checkpoint(LoadedModel(model, tokenizer, 256, "cpu"), folder / "lacking", manifest={})
    at_hand, loaded = writer_in(folder / "lacking"), writer_of(load_folder(folder / "lacking").tokenizer)
    assert at_hand is not None and not at_hand.writes_everything
    assert at_hand.lost(f"a{missing}b") == loaded.lost(f"a{missing}b") == set(missing)
    return register_model("lacking", path=folder / "lacking", actor=COMMAND)


def test_characters_of_single_questions_that_a_tokenizer_lacks_are_counted(
    client: Client, engineer, roots
) -> None:
    make_questions("problems", family="gsm8k")
    question = Question.objects.filter(dataset__name="problems").order_by("pk")[0]
    text = question.current_revision.text
    type(question.current_revision).objects.filter(pk=question.current_revision.pk).update(text=f"{text} Ω")
    lacking(roots, "")
    run = launched(
        "star", dataset="problems", base="lacking", iterations=1, validation_split="", max_new_tokens=8
    )
    with pytest.raises(JobError):  # a model from scratch gets nothing right
        run_here(run.job_id)
    found = get_run(run.pk)
    assert found.conditions["unknown_characters"]["characters"] == ["Ω"]
    assert found.conditions["unknown_characters"]["questions"] == 1
    assert "the tokenizer does not know &#x27;Ω&#x27;" in page_of(client, engineer, found)


def test_questions_that_leave_no_room_for_an_answer_are_left_out_and_counted(
    client: Client, engineer
) -> None:
    make_sums(count=60)
    long = Question.objects.filter(split="train").order_by("pk")[:2]
    for question in long:
        digits = "1" * 100
        type(question.current_revision).objects.filter(question=question).update(text=f"{digits} + {digits}")
    run = done("star", questions_per_iteration=0, iterations=1, max_new_tokens=330)
    told = run.conditions["too_long"]
    assert (told["questions"], told["context"], told["room"]) == (2, 512, 330)
    assert told["longest"] > 512 - 330
    assert not run.examples.filter(question__in=list(long)).exists()
    assert run.examples.exists()
    assert f"2 of {told['of']} questions left out" in page_of(client, engineer, run)
    assert "2 of" in read_log(run.job_id).text
    names = sorted(question.external_id for question in long)
    assert sorted(one["question"] for one in told["named"]) == names
    assert told["named"][0]["tokens"] == told["longest"]
    assert f"Left out: {told['named'][0]['question']}, {told['named'][1]['question']}" in page_of(
        client, engineer, run
    )
    assert all(f"{name!r} (" in read_log(run.job_id).text for name in names)


def test_a_run_none_of_whose_questions_fits_is_refused_with_the_numbers() -> None:
    make_sums()
    run = launched("star", max_new_tokens=511)
    with pytest.raises(JobError, match="None of .* questions fits: the shortest prompt has") as caught:
        run_here(run.job_id)
    assert caught.value.code == "prompt_too_long"


def test_a_batch_that_does_not_fit_is_told_in_the_same_words_everywhere(
    client: Client, engineer, monkeypatch
) -> None:
    def little_memory(model: Any, ids_BT: torch.Tensor, *rest: Any) -> Loss:
        if len(ids_BT) > 4:
            raise torch.OutOfMemoryError("out of memory")
        return completion_loss(model, ids_BT, *rest)

    make_sums(count=60)
    monkeypatch.setattr("training.sft.completion_loss", little_memory)
    run = done("sft", validation_split="", steps=2)
    [halved] = run.conditions["halved"]
    assert (halved["of"], halved["rows"]) == ("training", 4)
    words = f"Step {halved['step']}: the memory does not hold the batch. It is computed in parts of at most 4"
    assert halved["words"].startswith(words)
    assert halved["words"] in read_log(run.job_id).text
    assert halved["words"] in page_of(client, engineer, run)
    assert client.get(f"/api/v1/runs/{run.pk}/").json()["conditions"]["halved"] == [halved]
