"""A study's life: made, opened, paused, closed, un-blinded; each act from the right state only, and audited."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.audit import COMMAND, Actor
from accounts.errors import InvalidInput, StarchamberError
from accounts.models import AuditEvent
from ratings.library.models import Rationale
from ratings.slots.models import Slot
from ratings.slots.opening import open_study
from ratings.studies.blinding import Blinded, require_visible_results
from ratings.studies.design import StudyDesign
from ratings.studies.errors import (
    LintBlocks,
    NameTaken,
    TooFewQuestions,
    UnknownDataset,
    UnknownSource,
    UnknownStudy,
    WrongState,
)
from ratings.studies.models import Study, StudySource, Triple, TripleCard
from ratings.studies.selectors import get_study, lint_study, source_labels
from ratings.studies.services import close_study, create_study, pause_study, unblind_study
from tests.worlds import SOURCES, make_dataset

pytestmark = pytest.mark.django_db

DESIGN = StudyDesign(name="trial", dataset="sums", sources=SOURCES, questions=10, ratings_per_triple=4)


@pytest.fixture
def dataset() -> None:
    make_dataset(questions=14)


@pytest.fixture
def draft(dataset) -> Study:
    return create_study(DESIGN, actor=COMMAND)


def acts() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("act", flat=True))


def test_a_new_study_is_a_draft_with_triples_and_no_slots(draft):
    assert draft.state == "draft" and draft.opened_at is None
    assert list(draft.triples.order_by("number").values_list("number", flat=True)) == list(range(1, 11))
    assert TripleCard.objects.count() == 30 and not Slot.objects.exists()
    assert source_labels(draft) == list(SOURCES)
    assert (draft.eligible, draft.considered, draft.excluded) == (14, 14, {})
    assert acts() == ["study.create"]


def test_each_card_stands_for_the_rationale_of_its_source_and_question(draft):
    for card in TripleCard.objects.select_related("triple", "rationale__source"):
        assert card.rationale.source.label == SOURCES[card.source_index]
        assert card.rationale.question_id == card.triple.question_id
        shown = card.triple.content["cards"][card.source_index]["html"]
        assert card.rationale.normalised.split("\n")[0] in shown


def test_the_content_of_a_triple_holds_no_label_and_no_id(draft):
    for triple in Triple.objects.all():
        text = json.dumps(triple.content)
        assert not any(label in text for label in SOURCES)
        assert set(triple.content) == {"question", "cards"}


def test_the_state_ladder(draft):
    moves: dict[str, Any] = {"open": open_study, "pause": pause_study, "close": close_study}
    allowed = {
        "draft": {"open": "open"},
        "open": {"pause": "paused", "close": "closed"},
        "paused": {"open": "open", "close": "closed"},
        "closed": {},
    }
    for state, to in allowed.items():
        for name, move in moves.items():
            Study.objects.update(state=state)
            before = AuditEvent.objects.count()
            if name in to:
                move("trial", actor=COMMAND)
                assert get_study("trial").state == to[name]
                assert acts()[-1] == f"study.{name}" and AuditEvent.objects.count() == before + 1
            else:
                with pytest.raises(WrongState) as refused:
                    move("trial", actor=COMMAND)
                assert refused.value.details["state"] == state == get_study("trial").state
                assert AuditEvent.objects.count() == before
            with pytest.raises(UnknownStudy):
                move("no-such-study", actor=COMMAND)


def test_opening_makes_the_slots_once(draft):
    open_study("trial", actor=COMMAND)
    before = list(Slot.objects.order_by("pk").values())
    assert len(before) == 40
    pause_study("trial", actor=COMMAND)
    open_study("trial", actor=COMMAND)
    assert list(Slot.objects.order_by("pk").values()) == before
    study = get_study("trial")
    assert study.opened_at is not None and study.closed_at is None
    close_study("trial", actor=COMMAND)
    assert get_study("trial").closed_at is not None


def test_a_blocking_finding_needs_a_reason_and_leaves_the_draft_as_it_was(draft):
    rationale = Rationale.objects.filter(cards__triple__number=3).order_by("pk")[0]
    Rationale.objects.filter(pk=rationale.pk).update(normalised="As gamma says, 5.")
    with pytest.raises(LintBlocks) as refused:
        open_study("trial", actor=COMMAND)
    [finding] = refused.value.details["lint"]
    assert (finding["rule"], finding["triple"], finding["blocks"]) == ("source_name", 3, True)
    with pytest.raises(LintBlocks):
        open_study("trial", actor=COMMAND, override="   ")
    assert get_study("trial").state == "draft" and not Slot.objects.exists() and acts() == ["study.create"]
    study, findings = open_study("trial", actor=COMMAND, override=" it is a word of the question ")
    assert study.state == "open" and [finding.rule for finding in findings] == ["source_name"]
    assert get_study("trial").override_reason == "it is a word of the question"
    event = AuditEvent.objects.latest("id")
    assert event.details == {"override": "it is a word of the question", "findings": 1}


def test_a_triple_without_a_card_is_incomplete(draft):
    TripleCard.objects.filter(triple__number=2).delete()
    TripleCard.objects.filter(triple__number=5, source_index=1).delete()
    assert [(finding.rule, finding.triple) for finding in lint_study(draft)] == [
        ("incomplete", 2),
        ("incomplete", 5),
    ]


def test_unblinding_needs_a_reason_and_is_no_state(draft, owner):
    open_study("trial", actor=COMMAND)
    with pytest.raises(Blinded):
        require_visible_results(get_study("trial"))
    with pytest.raises(InvalidInput):
        unblind_study("trial", reason="  ", actor=Actor.of(owner))
    assert get_study("trial").unblinded_at is None
    unblind_study("trial", reason=" for the talk ", actor=Actor.of(owner))
    study = get_study("trial")
    assert (study.state, study.unblind_reason) == ("open", "for the talk")
    require_visible_results(study)
    event = AuditEvent.objects.latest("id")
    assert (event.act, event.actor, event.details) == ("study.unblind", owner, {"reason": "for the talk"})
    unblind_study("trial", reason="again", actor=COMMAND)
    assert get_study("trial").unblind_reason == "for the talk"


def test_closing_shows_the_results(draft):
    open_study("trial", actor=COMMAND)
    close_study("trial", actor=COMMAND)
    require_visible_results(get_study("trial"))


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"name": "no slug!"}, InvalidInput, "name"),
        ({"name": "x" * 101}, InvalidInput, "name"),
        ({"questions": 0}, InvalidInput, "questions"),
        ({"ratings_per_triple": 0}, InvalidInput, "ratings_per_triple"),
        ({"ratings_per_triple": 1_001}, InvalidInput, "ratings_per_triple"),
        ({"lease_seconds": 0}, InvalidInput, "lease_seconds"),
        ({"per_rater": 0}, InvalidInput, "per_rater"),
        ({"seed": 2**63}, InvalidInput, "seed"),
        ({"instructions": "x" * 20_001}, InvalidInput, "instructions"),
        ({"instructions": "a\0b"}, InvalidInput, "instructions"),
        ({"sources": ("alpha", "beta")}, InvalidInput, "sources"),
        ({"sources": ("alpha", "beta", "beta")}, InvalidInput, "sources"),
        ({"sources": ("alpha", "beta", "delta")}, UnknownSource, "sources"),
        ({"dataset": "none"}, UnknownDataset, "dataset"),
        ({"questions": 15}, TooFewQuestions, "questions"),
    ],
)
def test_a_design_that_can_not_be_is_refused_by_field_and_nothing_is_made(dataset, change, error, field):
    with pytest.raises(error) as refused:
        create_study(replace(DESIGN, **change), actor=COMMAND)
    assert isinstance(refused.value, StarchamberError)
    assert refused.value.details["field"] == field
    assert not Study.objects.exists() and not Triple.objects.exists() and acts() == []


def test_a_name_is_taken_once(draft):
    with pytest.raises(NameTaken):
        create_study(DESIGN, actor=COMMAND)
    assert Study.objects.count() == 1


def test_a_failed_opening_by_command_creates_nothing(dataset):
    Rationale.objects.filter(source__label="alpha").update(normalised="As gamma says.")
    arguments = ("create_study", "trial", "--dataset", "sums", "--sources", *SOURCES, "--questions", "5")
    with pytest.raises(CommandError):
        call_command(*arguments, "--open")
    assert not Study.objects.exists() and not StudySource.objects.exists() and not Triple.objects.exists()
    call_command(*arguments, "--open", "--override", "a trial")
    assert get_study("trial").state == "open" and Slot.objects.count() == 15
