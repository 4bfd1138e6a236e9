"""From a rationale back to the votes that trained its model, and on to the runs that learned from it."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.audit import COMMAND
from accounts.models import User
from accounts.tokens import mint_staff_token
from generation.runs.services import launch_generation
from generation.runs.spec import GenerationSpec
from jobs.here import run_here
from ratings.library.models import Rationale
from ratings.studies.models import Study
from tests.training_runs.votes import voted_sums
from tests.training_runs.worlds import done
from training.lineage.selectors import UnknownRationale, lineage_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


def test_a_models_rationale_leads_back_to_the_votes_that_its_model_learned_from() -> None:
    voted_sums()
    run = done("dpo", studies=["trial"], steps=2)
    spec = GenerationSpec(dataset="sums", model="made", samples=1, split="validation", seed=4, lanes=1)
    generation = launch_generation(spec, actor=COMMAND)
    run_here(generation.job_id)
    rationale = Rationale.objects.filter(source__label="made").order_by("pk").first()
    assert rationale is not None
    found = lineage_of(rationale.pk)
    assert found["rationale"]["source"] == "made" and found["rationale"]["split"] == "validation"
    [candidate] = found["candidates"]
    assert (candidate["generation_run"], candidate["model"], candidate["hint"]) == (
        generation.pk,
        "made",
        False,
    )
    assert candidate["prompt"].startswith("Input:\n")
    [model] = found["models"]
    assert (model["label"], model["kind"]) == ("made", "checkpoint")
    [trained] = model["trained"]
    assert (trained["run"], trained["algorithm"], trained["base"]) == (run.pk, "dpo", "tiny-base")
    assert trained["data_sha256"] == run.data_sha256 and trained["studies"] == ["trial"]
    assert trained["votes"] == {"trial": 24}
    assert found["studies"] == found["learned_by"] == []


def test_a_judged_rationale_tells_how_it_was_ranked_once_that_may_be_seen_and_who_learned_from_it() -> None:
    voted_sums()
    run = done("dpo", studies=["trial"], steps=2)
    short = Rationale.objects.filter(source__label="short", question__split="train").first()
    assert short is not None
    [study] = lineage_of(short.pk)["studies"]
    assert study == {"study": "trial", "triple": study["triple"], "blinded": True}
    Study.objects.update(state="closed")
    [study] = lineage_of(short.pk)["studies"]
    # One rater put it before both others.
    assert study["by_raters"] == {"human": {"ratings": 1, "wins": 2, "losses": 0, "ties": 0}}
    [use] = lineage_of(short.pk)["learned_by"]
    assert use == {
        "run": run.pk,
        "label": "made",
        "algorithm": "dpo",
        "examples": 0,
        "chosen": 2,
        "rejected": 0,
    }


def client_of(user: User) -> Client:
    return Client(headers={"Authorization": f"Bearer {mint_staff_token(user, name='test')}"})


def test_the_call_is_for_those_who_see_sources_and_models(engineer, blind_analyst) -> None:
    cache.clear()
    voted_sums(questions=3)
    rationale = Rationale.objects.filter(source__label="short").first()
    assert rationale is not None
    path = f"/api/v1/lineage/{rationale.pk}/"
    assert Client().get(path).status_code == 401
    assert client_of(blind_analyst).get(path).json()["code"] == "permission_denied"
    answer = client_of(engineer).get(path)
    assert answer.status_code == 200 and answer.json()["rationale"]["id"] == rationale.pk
    assert client_of(engineer).post(path).status_code == 405
    assert client_of(engineer).get("/api/v1/lineage/9999999/").json()["code"] == "unknown_rationale"
    with pytest.raises(UnknownRationale):
        lineage_of(9999999)
