"""A study's journey: what can be stored, and how a rater moves through it."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from ratings.studies.journey import (
    ENDS,
    NAMES,
    OUTCOMES,
    STAGES,
    BadJourney,
    Journey,
    NoSuchMove,
    first_stage,
    journey_of,
    next_stage,
    read_journey,
)

PRACTICE_ITEM = {
    "question": "2 + 2 = ?",
    "answer": "4",
    "rationales": ["Two and two more.", "It is 4.", "2 + 2 = 5 - 1 = 4."],
    "ranking": [[0], [2], [1]],
    "notes": ["Counts.", "Says the answer only.", "Goes a long way round."],
    "feedback": "The *second* one gives no reason.",
}
QUESTION = {
    "question": "What is ranked?",
    "choices": ["Answers", "Rationales"],
    "right": 1,
    "explanation": "…",
}
PARTS: dict[str, dict] = {
    "consent": {"consent": "I take part of my own free will."},
    "instructions": {"instructions": True},
    "practice": {"practice": {"items": [PRACTICE_ITEM]}},
    "comprehension": {"comprehension": {"questions": [QUESTION]}},
    "debrief": {"debrief": {"guess": True}},
}
WHOLE = {key: value for part in PARTS.values() for key, value in part.items()}
CODES = {"completed": "C1", "screened_out": "C2", "no_consent": "C3", "failed_check": "C4"}
PANEL = {"codes": CODES, "url": "https://app.prolific.com/submissions/complete?cc=CODE"}

#: Every combination of stages that can be asked for.
COMBINATIONS = [names for count in range(len(PARTS) + 1) for names in itertools.combinations(PARTS, count)]


def journey_with(names: tuple[str, ...], **more) -> Journey:
    return read_journey({key: value for name in names for key, value in PARTS[name].items()} | more)


@pytest.mark.parametrize("names", COMBINATIONS, ids="+".join)
def test_whoever_passes_everything_goes_through_the_stages_asked_for_in_their_order(names):
    journey = journey_with(names)
    stage, gone = first_stage(journey), []
    while stage not in ENDS and stage not in gone:
        gone.append(stage)
        stage = next_stage(journey, stage, "passed")
    assert gone == [name for name in STAGES if name in (*names, "rating")]
    # Who was asked for nothing stays where more may be handed out.
    assert stage == ("done" if names else "rating")


@pytest.mark.parametrize("names", COMBINATIONS, ids="+".join)
def test_every_stage_ends_as_it_can_and_in_no_other_way(names):
    journey = journey_with(names)
    elsewhere = {
        ("consent", "refused"): "declined",
        ("comprehension", "failed"): "screened_out",
        ("rating", "failed"): "failed_check",
        ("debrief", "failed"): "failed_check",
    }
    for stage, outcome in itertools.product([*STAGES, *ENDS, "elsewhere"], OUTCOMES):
        possible = stage in journey.stages and stage not in ENDS
        if possible and outcome == "left":
            assert next_stage(journey, stage, outcome) == "withdrawn"
        elif possible and (stage, outcome) in elsewhere:
            assert next_stage(journey, stage, outcome) == elsewhere[stage, outcome]
        elif possible and outcome == "passed":
            assert next_stage(journey, stage, outcome) in journey.stages
        else:
            with pytest.raises(NoSuchMove):
                next_stage(journey, stage, outcome)


def test_a_completion_code_alone_ends_the_study_for_whoever_has_nothing_left():
    journey = read_journey({"completion": PANEL})
    assert journey.stages == ("rating", "done")
    assert not read_journey({}).ends


def test_the_consents_version_is_its_words():
    first, second = (read_journey({"consent": text}).consent_version for text in ("I agree.", "I agree!"))
    assert len(first) == 12 and first != second
    assert read_journey({"consent": "  I agree.\n"}).consent_version == first
    assert read_journey({}).consent_version == ""


def test_a_completion_has_its_code_and_the_panels_address():
    completion = read_journey({"completion": PANEL}).completion
    assert completion.address("screened_out") == "https://app.prolific.com/submissions/complete?cc=C2"
    without = read_journey({"completion": {"codes": {"completed": "C1"}}}).completion
    assert (without.code("completed"), without.address("completed"), without.code("no_consent")) == (
        "C1",
        "",
        "",
    )


def test_a_stored_journey_is_read_as_it_was_sent():

    assert journey_of(json.dumps(WHOLE)) == read_journey(WHOLE)
    item = journey_of(json.dumps(WHOLE)).practice.items[0]
    assert item.ranking == ((0,), (2,), (1,))
    assert read_journey(WHOLE).practice.count == 1
    assert read_journey(WHOLE).comprehension.tries == 2


BAD = [
    ({"consent": 3}, "consent"),
    ({"consent": "x" * 20_001}, "consent"),
    ({"consent": "a\0b"}, "consent"),
    ({"consent": "\ud800"}, "consent"),
    ({"instruction": True}, "instruction"),
    ({"instructions": "yes"}, "instructions"),
    ({"practice": []}, "practice"),
    ({"practice": {"items": [PRACTICE_ITEM] * 21}}, "practice.items"),
    ({"practice": {"items": [PRACTICE_ITEM], "count": 2}}, "practice.count"),
    ({"practice": {"items": [PRACTICE_ITEM | {"rationales": ["one"]}]}}, "practice.items[0].rationales"),
    ({"practice": {"items": [PRACTICE_ITEM | {"feedback": " "}]}}, "practice.items[0].feedback"),
    ({"practice": {"items": [PRACTICE_ITEM | {"ranking": [[0, 0]]}]}}, "practice.items[0].ranking"),
    ({"practice": {"items": [PRACTICE_ITEM | {"ranking": [[3]]}]}}, "practice.items[0].ranking[0]"),
    ({"practice": {"items": [PRACTICE_ITEM | {"from": "q1"}]}}, "practice.items[0].question"),
    ({"practice": {"items": [{"from": 4, "feedback": "x"}]}}, "practice.items[0].from"),
    ({"comprehension": {"questions": [QUESTION | {"right": 2}]}}, "comprehension.questions[0].right"),
    ({"comprehension": {"questions": [QUESTION | {"right": True}]}}, "comprehension.questions[0].right"),
    (
        {"comprehension": {"questions": [QUESTION | {"choices": ["a"]}]}},
        "comprehension.questions[0].choices",
    ),
    (
        {"comprehension": {"questions": [QUESTION | {"choices": ["a", "a "]}]}},
        "comprehension.questions[0].choices",
    ),
    ({"comprehension": {"questions": [QUESTION], "tries": 1}}, "comprehension.tries"),
    ({"debrief": {"guess_triples": 0}}, "debrief.guess_triples"),
    ({"debrief": {"questions": [{"question": ""}]}}, "debrief.questions[0].question"),
    ({"debrief": {"human": "human"}}, "debrief.human"),
    ({"completion": {"codes": {"completed": "a b"}}}, "completion.codes.completed"),
    ({"completion": {"codes": {"finished": "C1"}}}, "completion.codes.finished"),
    ({"completion": {"url": "http://panel.example/?cc=CODE"}}, "completion.url"),
    ({"completion": {"url": "https://panel.example/?cc="}}, "completion.url"),
    ({"completion": {"url": "javascript:alert(CODE)"}}, "completion.url"),
    ({"completion": {"url": "https://a@panel.example/?cc=CODE"}}, "completion.url"),
    ({"debrief": {"questions": [{"question": "x" * 4_900}] * 20}, "consent": "ä" * 20_000} | {
        "practice": {"items": [PRACTICE_ITEM | {"feedback": "ä" * 5_000}] * 12}}, "journey"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "field"), BAD, ids=[field for _, field in BAD])
def test_a_bad_journey_is_refused_with_the_fields_path(value, field):
    with pytest.raises(BadJourney) as refused:
        read_journey(value)
    assert refused.value.field == field
    assert refused.value.expected


def test_the_documents_example_is_a_journey_with_every_part():
    text = (Path(__file__).parents[2] / "docs" / "journey.md").read_text(encoding="utf-8")
    example = json.loads(text.split("```json\n")[1].split("```")[0])
    journey = read_journey(example)
    assert set(example) == set(NAMES) and journey.stages == STAGES
    assert set(journey.completion.codes) == set(CODES)
