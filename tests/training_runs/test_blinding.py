"""What votes of a study that still runs blind say stays hidden, also where a command trained on them."""

from __future__ import annotations

from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.audit import COMMAND
from accounts.tokens import mint_staff_token
from ratings.exports.services import export_study
from ratings.library.models import Rationale
from ratings.studies.models import Study
from tests.training_runs.votes import voted_sums
from tests.training_runs.worlds import launched
from training.lineage.selectors import lineage_of
from training.runs.models import Checkpoint, Iteration, PreferencePair, TrainingExample, TrainingRun
from training.runs.pairing import gathered_pairs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]

COUNTS = {"examples": 9, "kept": 8, "too_long": 1}
METRICS = {"examples": 8, "too_long": 1, "steps": 6, "best_step": 6, "loss": 0.5, "accuracy": 0.25}


@pytest.fixture(autouse=True)
def votes() -> Study:
    cache.clear()
    return voted_sums(questions=3)


def learned(algorithm: str, **overrides: Any) -> TrainingRun:
    """A run as it stands once it has learned, made of rows alone: one pair or one example about a short text."""
    run = launched(algorithm, **overrides)
    short, long = (Rationale.objects.filter(source__label=one).earliest("pk") for one in ("short", "long"))
    if algorithm == "sft":
        TrainingExample.objects.create(
            run=run,
            iteration=1,
            origin="sft",
            question=short.question,
            revision=short.revision,
            sample=0,
            training_prompt="Input:",
            completion=short.text,
            answer=short.answer,
            verdict="correct",
            fate="kept",
            rationale=short,
        )
    else:
        [pair, *_] = gathered_pairs(run, raters="human", ties="drop", export=run.recipe["export"])
        PreferencePair.objects.create(
            run=run,
            number=0,
            origin=pair.origin,
            use="train",
            question=short.question,
            split="train",
            prompt=pair.prompt,
            chosen=short.text,
            rejected=long.text,
            chosen_rationale=short,
            rejected_rationale=long,
            votes=pair.votes,
        )
    Iteration.objects.create(run=run, number=1, counts=COUNTS, metrics=METRICS, steps=6)
    Checkpoint.objects.create(run=run, name="best", is_result=True, model=run.base, step=6, metrics=METRICS)
    TrainingRun.objects.filter(pk=run.pk).update(metrics=METRICS)
    return run


def exported(tmp_path: Path) -> Path:
    path = tmp_path / "votes.jsonl"
    export_study("trial", format="trl-preference", out=path, actor=COMMAND)
    return path


@pytest.mark.parametrize("kind", ["dpo", "dpo of a file", "sft"])
def test_what_a_run_learned_from_hidden_votes_is_refused_until_they_may_be_seen(
    tmp_path: Path, client: Client, engineer, owner, kind: str
) -> None:
    from_file = {"export": str(exported(tmp_path))} if kind == "dpo of a file" else {"studies": ["trial"]}
    run = learned(kind.partition(" ")[0], **from_file)
    short = Rationale.objects.filter(source__label="short").earliest("pk")
    parts = [f"runs/{run.pk}/pairs/", f"runs/{run.pk}/examples/"]
    for user in (engineer, owner):
        caller = Client(headers={"Authorization": f"Bearer {mint_staff_token(user, name='test')}"})
        client.force_login(user)
        for part in parts:
            answer = caller.get(f"/api/v1/{part}")
            assert (answer.status_code, answer.json()["code"]) == (409, "blinded")
            assert answer.json()["details"]["studies"] == ["trial"]
            page = client.get(f"/{part}")
            assert page.status_code == 409 and "closed or un-blinded" in page.content.decode()
        shown = client.get(f"/runs/{run.pk}/").content.decode()
        assert "Still blind" in shown and "/examples/" not in shown and "/pairs/" not in shown
    # That a run learned from it would say that raters preferred it, or what to.
    assert lineage_of(short.pk)["learned_by"] == []
    Study.objects.update(unblinded_at=timezone.now())
    for part in parts:
        assert caller.get(f"/api/v1/{part}").status_code == client.get(f"/{part}").status_code == 200
    assert "Still blind" not in client.get(f"/runs/{run.pk}/").content.decode()
    [use] = lineage_of(short.pk)["learned_by"]
    assert use["run"] == run.pk and use["chosen"] + use["examples"] == 1


def test_how_many_texts_of_a_source_were_preferred_is_not_told_either(client: Client, engineer) -> None:
    run = learned("sft", studies=["trial"], sources=["short"])
    caller = Client(headers={"Authorization": f"Bearer {mint_staff_token(engineer, name='test')}"})
    body = caller.get(f"/api/v1/runs/{run.pk}/").json()
    shown = {"loss": 0.5, "accuracy": 0.25}
    assert body["metrics"] == body["iterations"][0]["metrics"] == shown
    assert body["iterations"][0]["counts"] == {}
    [listed] = caller.get("/api/v1/runs/").json()["results"]
    assert listed["metrics"] == shown
    [checkpoint] = caller.get("/api/v1/checkpoints/").json()["results"]
    assert checkpoint["metrics"] == shown
    client.force_login(engineer)
    for address in (f"/runs/{run.pk}/", f"/runs/{run.pk}/moving/"):
        text = unescape(client.get(address).content.decode())
        assert "What became of the rationales" not in text and "examples 9" not in text
    Study.objects.update(state="closed")
    assert caller.get(f"/api/v1/runs/{run.pk}/").json()["metrics"] == METRICS
    assert "What became of the rationales" in client.get(f"/runs/{run.pk}/").content.decode()


def test_a_run_without_votes_hides_nothing(client: Client, engineer) -> None:
    run = learned("sft", sources=["short"])
    client.force_login(engineer)
    assert client.get(f"/runs/{run.pk}/examples/").status_code == 200
