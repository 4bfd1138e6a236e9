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


def imported(triple: Triple) -> dict:
    row = {"rater": "ada", "question": triple.question.external_id, "ranking": [[label] for label in SOURCES]}
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
