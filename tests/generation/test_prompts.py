"""Prompts and completions to the letter, as the papers print them."""

from __future__ import annotations

from textwrap import dedent

import pytest

from generation.prompts import (
    Asked,
    NotAsked,
    Shot,
    build_prompt,
    completion_of,
    direct_completion,
    stop_strings,
    uses_calculator,
)
from problems.addition import scratchpad
from problems.grading import grade
from problems.types import Choice, Family, Verdict

SUM = Asked("560 + 583", answer="1143")
BOXES = Asked("Tom has 3 boxes of 4 apples. How many apples has he?", answer="12")
BOAT = Asked(
    "Where would a sailor tie up a boat for the night?",
    (Choice("A", "mountain"), Choice("B", "library"), Choice("C", "harbour")),
    "C",
)
SAID = "He has 3*4=<<3*4=12>>12 apples.\n#### 12"


def text(block: str) -> str:
    return dedent(block).lstrip("\n").removesuffix("\n")


def test_addition_is_asked_and_answered_as_in_the_paper() -> None:
    prompt = build_prompt(Family.ADDITION, SUM)
    assert prompt == "Input:\n5 6 0 + 5 8 3\nTarget:\n"
    assert prompt + completion_of(Family.ADDITION, scratchpad(560, 583)) == text(
        """
        Input:
        5 6 0 + 5 8 3
        Target:
        <scratch>
        5 6 0 + 5 8 3 , C: 0
        6 + 8 , 3 C: 0
        5 + 5 , 4 3 C: 1
        , 1 4 3 C: 1
        1 1 4 3
        </scratch>
        1 1 4 3
        """
    )


def test_the_hint_of_an_addition_is_its_sum_behind_target() -> None:
    assert build_prompt(Family.ADDITION, SUM, hint=True) == "Input:\n5 6 0 + 5 8 3\nTarget: 1 1 4 3\n"


def test_reversed_digits_are_asked_for_in_words() -> None:
    asked = Asked("999 + 1, digits of the sum reversed", answer="0001")
    assert build_prompt(Family.ADDITION, asked, hint=True) == (
        "Input:\n9 9 9 + 1, digits of the sum reversed\nTarget: 0 0 0 1\n"
    )


@pytest.mark.parametrize("family", [Family.GSM8K, Family.WORD_PROBLEM, Family.OPEN])
def test_worked_problems_are_asked_by_q_and_a(family: Family) -> None:
    assert build_prompt(family, BOXES) == f"Q: {BOXES.text}\nA:"
    assert build_prompt(family, BOXES, hint=True) == f"Q: {BOXES.text} (12)\nA:"
    assert completion_of(family, f"{SAID}\n") == f" {SAID}"


def test_commonsenseqa_lists_choices_in_small_letters() -> None:
    assert build_prompt(Family.COMMONSENSEQA, BOAT) == text(
        """
        Q: Where would a sailor tie up a boat for the night?
        Answer Choices:
        (a) mountain
        (b) library
        (c) harbour
        A:
        """
    )


def test_the_hint_of_commonsenseqa_stands_behind_the_right_choice_in_the_examples_too() -> None:
    prompt = build_prompt(Family.COMMONSENSEQA, BOAT, [Shot(BOAT, "Boats lie there at night.")], hint=True)
    assert prompt.count("(c) harbour (CORRECT)") == 2
    assert prompt.count("(CORRECT)") == 2


def test_a_rationale_without_an_answer_gets_the_familys_last_words() -> None:
    assert completion_of(Family.COMMONSENSEQA, "Boats lie there at night.", BOAT) == (
        " Boats lie there at night. Therefore, the answer is harbour (c)."
    )
    assert completion_of(Family.GSM8K, "Three fours.", BOXES) == " Three fours.\n#### 12"
    assert completion_of(Family.OPEN, "Because.", Asked("Why?", answer="because")) == " Because."


@pytest.mark.parametrize(
    ("family", "asked", "rationale"),
    [
        (Family.GSM8K, BOXES, SAID),
        (Family.WORD_PROBLEM, BOXES, "So the answer is 13.\n#### 13"),
        (Family.COMMONSENSEQA, BOAT, "A rope needs a post. Therefore, the answer is mountain (a)."),
    ],
)
def test_a_rationale_that_answers_is_left_as_it_is_even_if_it_is_wrong(
    family: Family, asked: Asked, rationale: str
) -> None:
    assert completion_of(family, rationale, asked) == f" {rationale}"


def test_examples_are_joined_by_blank_lines_and_hinted_like_the_question() -> None:
    shots = [Shot(BOXES, SAID), Shot(Asked("How many is one?", answer="1"), "One.\n#### 1")]
    assert build_prompt(Family.GSM8K, BOXES, shots) == (
        f"Q: {BOXES.text}\nA: {SAID}\n\nQ: How many is one?\nA: One.\n#### 1\n\nQ: {BOXES.text}\nA:"
    )
    hinted = build_prompt(Family.GSM8K, BOXES, shots, hint=True)
    assert hinted.startswith(f"Q: {BOXES.text} (12)\nA:") and "Q: How many is one? (1)\nA:" in hinted


@pytest.mark.parametrize("family", list(Family))
def test_without_a_hint_the_answer_is_in_no_prompt(family: Family) -> None:
    asked = {Family.ADDITION: SUM, Family.COMMONSENSEQA: BOAT}.get(family, BOXES)
    other = Asked(asked.text, asked.choices, {"1143": "9999", "12": "77", "C": "A"}[str(asked.answer)])
    assert build_prompt(family, asked) == build_prompt(family, other)
    assert build_prompt(family, asked, hint=True) != build_prompt(family, other, hint=True)


@pytest.mark.parametrize(
    ("family", "asked", "named"),
    [
        (Family.ADDITION, Asked("five and six", answer="11"), "five and six"),
        (Family.ADDITION, Asked("5 + 6", answer="eleven"), "answer: 'eleven'"),
        (Family.ADDITION, Asked("5 + 6"), "answer: None"),
        (Family.GSM8K, Asked("How many?"), "has none"),
        (Family.GSM8K, Asked("  "), "it is empty"),
        (Family.COMMONSENSEQA, Asked("Which?", (), "A"), "no choices"),
        (Family.COMMONSENSEQA, Asked("Which?", BOAT.choices, "E"), "answer: 'E'"),
    ],
)
def test_what_can_not_be_asked_is_refused_by_name(family: Family, asked: Asked, named: str) -> None:
    with pytest.raises(NotAsked, match=named):
        build_prompt(family, asked, hint=True)


@pytest.mark.parametrize("family", list(Family))
def test_a_completion_ends_where_the_next_question_would_begin(family: Family) -> None:
    asked = {Family.ADDITION: SUM, Family.COMMONSENSEQA: BOAT}.get(family, BOXES)
    rationale = scratchpad(560, 583) if family is Family.ADDITION else SAID
    prompt = build_prompt(family, asked, [Shot(asked, rationale)])
    (stop,) = stop_strings(family)
    assert prompt.count(stop) == 1
    assert stop not in completion_of(family, rationale)


def test_only_worked_problems_use_the_calculator() -> None:
    assert [family for family in Family if uses_calculator(family)] == [Family.WORD_PROBLEM, Family.GSM8K]


@pytest.mark.parametrize(
    ("family", "asked", "written"),
    [
        (Family.ADDITION, SUM, "1 1 4 3"),
        (Family.GSM8K, BOXES, " #### 12"),
        (Family.WORD_PROBLEM, BOXES, " #### 12"),
        (Family.COMMONSENSEQA, BOAT, " The answer is harbour (c)."),
    ],
)
def test_a_direct_answer_has_no_rationale_and_is_graded_right(family, asked, written) -> None:
    assert direct_completion(family, asked) == written
    graded = grade(family, written, gold=asked.answer, choices=asked.choices)
    assert graded.verdict is Verdict.CORRECT and graded.text_agrees is not False


def test_without_a_gold_answer_there_is_no_direct_one() -> None:
    for family in Family:
        with pytest.raises(NotAsked):
            direct_completion(family, Asked("What now?", (Choice("A", "this"),)))
