"""Imported ratings of a rater who has items: an anchor is no rating, and a degraded triple takes none."""

from __future__ import annotations

import json

import pytest

from accounts.audit import COMMAND
from ratings.crowd.import_ratings import RowErrors, import_ratings
from ratings.slots.models import Assignment, PersonalItem, Rater, Rating, Slot
from ratings.studies.models import Triple
from tests.worlds import SOURCES, make_raters, make_study


@pytest.fixture
def rater(db) -> Rater:
    make_study(questions=6)
    make_raters(count=None, name="ada")  # type: ignore[arg-type]
    return Rater.objects.get()


def give(rater: Rater, kind: str, triple: Triple) -> None:
    slot = Slot.objects.create(
        study=rater.study, triple=triple, kind=kind, order=0, random_key=0, state="rated", holder=rater
    )
    PersonalItem.objects.create(rater=rater, number=100, kind=kind, triple=triple, order=0, slot=slot)
    Assignment.objects.create(
        token="0" * 32,
        slot=slot,
        rater=rater,
        triple=triple,
        kind=kind,
        order=0,
        state="rated",
        lease_expires_at="2030-01-01T00:00Z",
    )


def imported(triple: Triple, **said: object) -> dict:
    ranking = [[label] for label in SOURCES]
    row = {"rater": "ada", "question": triple.question.external_id, "ranking": ranking, **said}
    return import_ratings([json.dumps(row).encode()], "trial", actor=COMMAND)


@pytest.mark.parametrize("kind", ["check", "practice", "repeat"])
def test_an_item_that_is_only_anchored_at_a_triple_does_not_stand_in_the_way(rater, kind):
    triple = rater.study.triples.get(number=1)
    give(rater, kind, triple)
    assert imported(triple)["created"] == 1
    assert Rating.objects.get().kind == "normal"
    assert imported(triple)["unchanged"] == 1


def test_a_triple_that_was_seen_degraded_is_a_row_error(rater):
    triple = rater.study.triples.get(number=1)
    give(rater, "degraded", triple)
    with pytest.raises(RowErrors):
        imported(triple)
    assert not Rating.objects.exists()


def test_a_reason_that_the_study_does_not_know_is_a_row_error(rater):
    triple = rater.study.triples.get(number=1)
    with pytest.raises(RowErrors) as refused:
        imported(triple, reasons={"alpha": ["wrong_step", "off_topic"]})
    [error] = refused.value.details["error_rows"]
    assert (error["row"], error["field"], error["value"]) == (1, "reasons", "off_topic")
    assert "wrong_step" in error["message"] and not Rating.objects.exists()
    rater.study.form = {"own_reasons": [{"code": "off_topic", "label": "Leaves the topic"}]}
    rater.study.save(update_fields=["form"])
    assert imported(triple, reasons={"alpha": ["wrong_step", "off_topic"]})["created"] == 1
    assert Rating.objects.get().reasons == {"0": ["off_topic", "wrong_step"]}
