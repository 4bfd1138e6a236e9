"""What a STaR run learns from beside what it keeps, replayed solutions and hinted copies: every example is a row."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.tokens import mint_staff_token
from ratings.library.models import Rationale
from tests.training_runs.worlds import done, launched, make_sums
from training.batching import Example
from training.lineage.selectors import lineage_of
from training.runs.comparing import compare
from training.runs.models import EXTRAS, Fate, Origin
from training.runs.rationales import kept_examples
from training.runs.selectors import learned_by
from training.sft import sft

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


def test_every_example_that_a_model_was_trained_on_is_found_from_its_run(
    monkeypatch, client: Client, engineer
) -> None:
    make_sums()
    trained_on: list[list[Example]] = []

    def noting(loaded, examples, how, **options):
        trained_on.append(list(examples))
        return sft(loaded, examples, how, **options)

    monkeypatch.setattr("training.star.sft", noting)
    mixed: dict[str, Any] = {"hinted_copies": 0.7, "replay_per_iteration": 5, "data_of_iterations": 2}
    run = done(**mixed)
    launched(label="other")
    for number in (1, 2):
        counts = run.iterations.get(number=number).counts
        rows = run.examples.filter(learned_by(run, number))
        assert {(row.training_prompt, row.completion) for row in rows} == {
            (one.prompt, one.completion) for one in trained_on[number - 1]
        }
        assert counts["replayed"] == 5 and counts["copies"] > 0
        own = run.examples.filter(iteration=number)
        assert counts["replayed"] == own.filter(origin=Origin.REPLAYED, fate=Fate.KEPT).count()
        assert counts["copies"] == own.filter(origin=Origin.HINTED_COPY, fate=Fate.KEPT).count()
        assert counts["kept"] == own.filter(fate=Fate.KEPT).exclude(origin__in=EXTRAS).count()
    replayed = run.examples.filter(origin=Origin.REPLAYED).select_related("question", "rationale")
    assert {row.question.split for row in replayed} == {"prompt"}
    assert all(
        row.rationale and (row.own_prompt, row.seed, row.tokens) == ("", None, None) for row in replayed
    )
    assert len({frozenset(replayed.filter(iteration=n).values_list("rationale")) for n in (1, 2)}) == 2
    _what_was_kept_is_what_it_was(run)
    _it_is_told_by_lineage_api_and_page(run, replayed[0].rationale_id, client, engineer)


def _what_was_kept_is_what_it_was(run) -> None:
    """No candidate of the run's: neither for who learns from it, nor for the share of the questions used."""
    assert not kept_examples("made", run.dataset).filter(origin__in=EXTRAS).exists()
    used = compare(["made", "other"]).runs[0].train_used
    last = run.metrics["best_iteration"]
    learned = run.examples.filter(iteration__in=[last - 1, last], fate=Fate.KEPT)
    questions = learned.exclude(origin__in=EXTRAS).values("question").distinct().count()
    assert used == questions / run.dataset.questions.filter(split="train").count()


def _it_is_told_by_lineage_api_and_page(run, rationale: int | None, client: Client, engineer) -> None:
    cache.clear()
    assert rationale is not None
    uses = run.examples.filter(rationale=rationale).count()
    assert uses and Rationale.objects.filter(pk=rationale).exists()
    assert [(use["run"], use["examples"]) for use in lineage_of(rationale)["learned_by"]] == [(run.pk, uses)]
    token = mint_staff_token(engineer, name="test")
    bearer = {"Authorization": f"Bearer {token}"}
    address = f"/api/v1/runs/{run.pk}/examples/"
    found = client.get(f"{address}?learned_in=2&origin=replayed", headers=bearer).json()["results"]
    assert len(found) == 5 and {one["iteration"] for one in found} == {2}
    assert all(one["rationale"] and one["prompt"] == "" for one in found)
    client.force_login(engineer)
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert "replayed 5" in page and f"/runs/{run.pk}/examples/?learned_in=2" in page
    listed = client.get(f"/runs/{run.pk}/examples/?learned_in=2&origin=replayed").content.decode()
    assert "5 examples." in listed and f"/api/v1/lineage/{found[0]['rationale']}/" in listed
    _rows_that_an_earlier_version_did_not_store_are_told(run, client, bearer)


def _rows_that_an_earlier_version_did_not_store_are_told(run, client: Client, bearer: dict[str, str]) -> None:
    def complete() -> list[bool]:
        answer = client.get(f"/api/v1/runs/{run.pk}/", headers=bearer).json()
        return [one["complete"] for one in answer["iterations"] if one["number"]]

    listed, words = f"/runs/{run.pk}/examples/?learned_in=2", "This list is not complete"
    assert complete() == [True, True] and words not in client.get(listed).content.decode()
    run.examples.filter(iteration=2, origin=Origin.REPLAYED).delete()
    assert complete() == [True, False]
    page = client.get(listed).content.decode()
    assert words in page and "5 more examples were learned from" in page
    for value in (-1, 3):
        answer = client.get(f"/api/v1/runs/{run.pk}/examples/?learned_in={value}", headers=bearer)
        error = answer.json()
        assert (answer.status_code, error["code"]) == (422, "invalid")
        assert (
            error["message"]
            == f"learned_in: {value} is not usable, expected an iteration of run {run.pk}: 1, 2."
        )
        assert (error["details"]["field"], error["details"]["value"]) == ("learned_in", value)
