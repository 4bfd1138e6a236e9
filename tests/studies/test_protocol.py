"""The protocol: checked, frozen and hashed at opening; what is done otherwise is logged."""

from __future__ import annotations

import hashlib
import json

import pytest

from accounts.audit import COMMAND
from accounts.errors import InvalidInput
from ratings.library.models import Question, Rationale
from ratings.slots.models import Slot
from ratings.slots.opening import open_study
from ratings.studies.design import StudyDesign
from ratings.studies.freezing import deviations_as_json, frozen_protocol, log_deviation
from ratings.studies.models import Deviation, Protocol, Study
from ratings.studies.pools import BadPools, read_pools
from ratings.studies.protocol import BadProtocol, Contrast, canonical_json, hash_of, read_protocol
from ratings.studies.services import close_study, create_study, pause_study, unblind_study
from tests.worlds import SOURCES, make_dataset, make_study

PRIMARY = {"a": "gamma", "b": "alpha", "direction": "a_better", "alpha": 0.01, "planned_ratings": 9}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"a": "delta"}, "a"),
        ({"a": None}, "a"),
        ({"b": "gamma"}, "b"),
        ({"direction": "sideways"}, "direction"),
        ({"direction": ["a_better"]}, "direction"),
        ({"test": "naive"}, "test"),
        ({"alpha": 0}, "alpha"),
        ({"alpha": True}, "alpha"),
        ({"alpha": float("nan")}, "alpha"),
        ({"planned_ratings": 0}, "planned_ratings"),
        ({"planned_ratings": 1.5}, "planned_ratings"),
        ({"exclusions": "x" * 5_001}, "exclusions"),
        ({"hypothesis": 3}, "hypothesis"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_contrast_says_which_field(change, field):
    with pytest.raises(BadProtocol) as refused:
        read_protocol({**PRIMARY, **change}, sources=SOURCES)
    assert refused.value.field == field and refused.value.expected


def test_what_is_absent_has_its_default_and_nothing_is_no_contrast():
    assert read_protocol({}, sources=SOURCES) is None
    assert read_protocol({"a": "alpha", "b": "beta"}, sources=SOURCES) == Contrast("alpha", "beta")


def test_the_p_of_a_direction():
    two, better, worse = (Contrast("a", "b", direction=way) for way in ("two_sided", "a_better", "b_better"))
    assert two.p_value(0.6, 0.04) == 0.04
    assert better.p_value(0.6, 0.04) == 0.02 and better.p_value(0.4, 0.04) == 0.98
    assert worse.p_value(0.6, 0.04) == 0.98 and worse.p_value(0.4, 0.04) == 0.02
    assert better.p_value(0.5, 1.0) == worse.p_value(0.5, 1.0) == 0.5
    assert better.p_value(None, None) is None


def test_the_hash_is_of_canonical_json_whatever_the_order_of_keys():
    content = {"b": [1, {"z": None, "ä": 0.05}], "a": True}
    assert canonical_json(content) == '{"a":true,"b":[1,{"z":null,"ä":0.05}]}'
    assert hash_of(content) == hashlib.sha256(canonical_json(content).encode()).hexdigest()
    assert hash_of(json.loads(json.dumps(content))) == hash_of(content)


def test_opening_freezes_the_whole_design_once(world):
    study = make_study(protocol=PRIMARY, quality={"max_failed_checks": 2}, overlap=2, per_rater=5)
    frozen = Protocol.objects.get(study=study)
    assert frozen.sha256 == hash_of(frozen.content), "what the database gives back has the same hash"
    assert frozen.content["primary"] == {**Contrast("gamma", "alpha").as_json(), **PRIMARY}
    assert frozen.content["quality"]["max_failed_checks"] == 2 and frozen.content["quality"]["fastest"] == 60
    assert frozen.content["form"]["kind"] == "ranking" and frozen.content["ratings_per_triple"] == 2
    assert frozen.frozen_by == "command"
    pause_study("trial", actor=COMMAND)
    Study.objects.update(ratings_per_triple=9)
    open_study("trial", actor=COMMAND)
    assert Protocol.objects.get(study=study).sha256 == frozen.sha256
    assert not Deviation.objects.exists()


def test_a_draft_has_no_frozen_protocol_and_a_bad_one_makes_no_study(db):
    make_dataset()
    with pytest.raises(InvalidInput) as refused:
        create_study(
            StudyDesign("trial", "sums", SOURCES, questions=3, protocol={"a": "delta"}), actor=COMMAND
        )
    assert refused.value.details["field"] == "protocol.a" and not Study.objects.exists()
    # More than the study can have: three questions, each rated three times.
    many = PRIMARY | {"planned_ratings": 10}
    with pytest.raises(InvalidInput, match="at most 9") as refused:
        create_study(StudyDesign("trial", "sums", SOURCES, questions=3, protocol=many), actor=COMMAND)
    assert refused.value.details["field"] == "protocol.planned_ratings" and not Study.objects.exists()
    study = create_study(StudyDesign("trial", "sums", SOURCES, questions=3, protocol=PRIMARY), actor=COMMAND)
    assert frozen_protocol(study) is None


def test_an_override_and_an_early_look_are_deviations_and_a_late_one_is_not(db):
    make_dataset(questions=3)
    Rationale.objects.filter(source__label="beta").update(normalised="gamma says so")
    create_study(StudyDesign("trial", "sums", SOURCES, questions=3), actor=COMMAND)
    open_study("trial", actor=COMMAND, override="a pilot")
    unblind_study("trial", reason="  the reviewers wait ", actor=COMMAND)
    unblind_study("trial", reason="again", actor=COMMAND)
    pause_study("trial", actor=COMMAND)
    open_study("trial", actor=COMMAND, override="a pilot")
    found = deviations_as_json(Study.objects.get())
    assert [(one["code"], one["reason"], one["by"]) for one in found] == [
        ("lint_override", "a pilot", "command"),
        ("unblinded_early", "the reviewers wait", "command"),
    ]
    assert found[0]["details"] == {"source_name": 3}
    make_study("late", dataset="other")
    close_study("late", actor=COMMAND)
    unblind_study("late", reason="done", actor=COMMAND)
    assert Deviation.objects.filter(study__name="late").count() == 0


def test_closing_before_the_plan_of_a_contrast_is_met_is_a_deviation(db):
    study = make_study(protocol=PRIMARY, questions=3)
    Slot.objects.exclude(pk__in=Slot.objects.values("pk")[:2]).update(state="rated")
    close_study("trial", actor=COMMAND)
    [found] = deviations_as_json(study)
    assert (found["code"], found["reason"]) == ("closed_early", "7 of 9 planned ratings were in.")
    make_study("whole", protocol=PRIMARY, questions=3, dataset="other")
    Slot.objects.update(state="rated")
    close_study("whole", actor=COMMAND)
    assert Deviation.objects.filter(study__name="whole").count() == 0


@pytest.mark.parametrize("reason", ["", "  ", "x" * 2_001, "a\0b"])
def test_a_deviation_needs_a_reason(db, reason):
    study = make_study()
    with pytest.raises(InvalidInput) as refused:
        log_deviation(study, "other", actor=COMMAND, reason=reason)
    assert refused.value.details["field"] == "reason" and not Deviation.objects.exists()


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"name": "a"}, "pools"),
        (["a"], "pools.0"),
        ([{}], "pools.0.name"),
        ([{"name": "two words"}], "pools.0.name"),
        ([{"name": "a"}, {"name": "a"}], "pools.1.name"),
        ([{"name": "a", "places": 0}], "pools.0.places"),
        ([{"name": "a", "per_rater": True}], "pools.0.per_rater"),
        ([{"name": "a", "colour": 1}], "pools.0.colour"),
        ([{"name": f"p{number}"} for number in range(51)], "pools"),
    ],
)
def test_bad_pools_say_which_field(value, field):
    with pytest.raises(BadPools) as refused:
        read_pools(value)
    assert refused.value.field == field


def test_only_one_split_is_drawn_from_and_never_prompts(db):
    dataset = make_dataset(questions=6)
    Question.objects.filter(dataset=dataset, external_id__in=["q000001", "q000004"]).update(split="dev")
    study = create_study(StudyDesign("trial", "sums", SOURCES, questions=2, split="dev"), actor=COMMAND)
    assert set(study.triples.values_list("question__external_id", flat=True)) == {"q000001", "q000004"}
    assert study.considered == 2
    with pytest.raises(InvalidInput, match="split"):
        create_study(StudyDesign("other", "sums", SOURCES, questions=1, split="prompt"), actor=COMMAND)
