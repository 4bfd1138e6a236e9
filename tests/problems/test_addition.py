"""The scratchpad of the STaR paper, checked against scratchpads written by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from problems.addition import (
    Sum,
    is_valid_scratchpad,
    parse,
    parse_stated,
    read_digits,
    read_question,
    remove_scratchpad_marks,
    scratchpad,
    steps,
)
from problems.grading import canonical_answer, grade
from problems.normalise import leftovers, normalise
from problems.steps import split_steps
from problems.types import Family, Verdict

#: As printed by the paper's generator (reference: papers.md 1.4).
PAPER = """\
<scratch>
5 6 0 + 5 8 3 , C: 0
6 + 8 , 3 C: 0
5 + 5 , 4 3 C: 1
, 1 4 3 C: 1
1 1 4 3
</scratch>
1 1 4 3"""

NO_LAST_CARRY = """\
<scratch>
4 8 + 2 7 , C: 0
4 + 2 , 5 C: 0
, 7 5 C: 0
0 7 5
</scratch>
7 5"""

CARRY_ALL_THE_WAY = """\
<scratch>
9 9 + 0 1 , C: 0
9 + 0 , 0 C: 1
, 0 0 C: 1
1 0 0
</scratch>
1 0 0"""

REVERSED = """\
<scratch>
5 0 0 + 5 0 0 , C: 0
0 + 0 , 0 C: 0
5 + 5 , 0 0 C: 0
, 0 0 0 C: 1
0 0 0 1
</scratch>
0 0 0 1"""

DIGITS = st.text("0123456789", min_size=1, max_size=8)


def numbers(length: int) -> st.SearchStrategy[int]:
    return st.integers(0 if length == 1 else 10 ** (length - 1), 10**length - 1)


def test_the_paper_s_example_comes_out_as_printed() -> None:
    assert scratchpad(560, 583) == PAPER


def test_carries_are_written_where_they_are_used() -> None:
    assert scratchpad(48, 27).replace("5 C: 0", "5 C: 1", 1) != scratchpad(48, 27)
    assert scratchpad(48, 27) == NO_LAST_CARRY.replace("4 + 2 , 5 C: 0", "4 + 2 , 5 C: 1")
    assert scratchpad("99", "01") == CARRY_ALL_THE_WAY


def test_a_last_line_without_a_carry_begins_with_a_zero_that_the_answer_drops() -> None:
    assert scratchpad(1, 2).splitlines()[-3:] == ["0 3", "</scratch>", "3"]
    assert scratchpad(0, 0).splitlines()[-3:] == ["0 0", "</scratch>", "0"]


def test_reversed_digits_are_settled_in_their_order_and_leading_zeros_count() -> None:
    assert scratchpad(500, 500, reversed=True) == REVERSED
    question = Sum("500", "500", reversed=True)
    assert (question.text, question.answer) == ("500 + 500, digits of the sum reversed", "0001")
    assert scratchpad(48, 27, reversed=True).splitlines()[-3:] == ["5 7 0", "</scratch>", "5 7"]


def test_the_shorter_number_counts_as_filled_up_with_zeros() -> None:
    lines = scratchpad(12, 345).splitlines()
    assert lines[1:4] == ["1 2 + 3 4 5 , C: 0", "1 + 4 , 7 C: 0", "0 + 3 , 5 7 C: 0"]
    assert lines[-1] == "3 5 7"


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("560 + 583", Sum("560", "583")),
        (" 560+583 ", Sum("560", "583")),
        ("05 + 7", Sum("05", "7")),
        ("560 + 583, digits of the sum reversed", Sum("560", "583", reversed=True)),
        ("What is 560 + 583?", None),
        ("560 - 583", None),
        ("1 + " + "9" * 101, None),
    ],
)
def test_a_question_is_read_as_it_is_written(text: str, question: Sum | None) -> None:
    assert read_question(text) == question


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (PAPER, "1143"),
        (PAPER + "\n", "1143"),
        (PAPER + "\n9 9", "1143"),
        (REVERSED, "0001"),
        ("1 1 4 3", "1143"),
        ("1,143.", "1143"),
        ("560 + 583 is 1143.\n#### 1143", "1143"),
        ("The answer is 1143.", "1143"),
        ("<think>5</think>" + PAPER, "1143"),
    ],
)
def test_the_answer_is_the_line_behind_the_scratchpad(text: str, answer: str) -> None:
    assert parse(text) == answer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<scratch>\n1 + 2 , C: 0",
        "<scratch>\n1 + 2 , C: 0\n#### 3",
        "<scratch>\n</scratch>",
        "<scratch>\n</scratch>\nseven",
        "<scratch>\n</scratch>\n1 1 4 x",
        "Add 5 and 6.",
        "9" * 101,
        "١٢",
    ],
)
def test_a_text_without_such_a_line_states_no_answer(text: str) -> None:
    assert parse(text) is None


def test_gold_answers_keep_their_leading_zeros() -> None:
    assert canonical_answer(Family.ADDITION, "0 0 0 1") == "0001"
    assert parse_stated("1,143") == "1143"
    assert grade(Family.ADDITION, REVERSED, gold="0001").verdict is Verdict.CORRECT
    assert grade(Family.ADDITION, REVERSED, gold="1").verdict is Verdict.WRONG
    assert grade(Family.ADDITION, "<scratch>\n5", gold="1").verdict is Verdict.UNPARSABLE
    assert canonical_answer(Family.ADDITION, "eleven") is None


@pytest.mark.parametrize(
    "change",
    [
        ("6 + 8 , 3 C: 0", "6 + 8 , 3 C: 1"),
        ("5 + 5 , 4 3 C: 1", "5 + 5 , 5 3 C: 1"),
        ("6 + 8 , 3 C: 0\n", ""),
        ("</scratch>\n1 1 4 3", "</scratch>\n1 1 4 4"),
        ("C: 0\n6", "C: 0 \n\n6"),
    ],
)
def test_one_wrong_line_makes_a_trace_invalid_whatever_its_answer(change: tuple[str, str]) -> None:
    assert is_valid_scratchpad("560 + 583", PAPER)
    assert not is_valid_scratchpad("560 + 583", PAPER.replace(*change))
    assert not is_valid_scratchpad("560 + 584", PAPER)
    assert not is_valid_scratchpad("a sum", PAPER)


@settings(deadline=None)
@given(st.integers(1, 8).flatmap(lambda length: st.tuples(numbers(length), numbers(length))), st.booleans())
def test_every_scratchpad_adds_up_digit_by_digit(pair: tuple[int, int], is_reversed: bool) -> None:
    a, b = pair
    question = Sum(str(a), str(b), reversed=is_reversed)
    text = scratchpad(a, b, reversed=is_reversed)
    assert is_valid_scratchpad(question.text, text)
    assert read_question(question.text) == question
    assert grade(Family.ADDITION, text, gold=question.answer).verdict is Verdict.CORRECT
    # Independently: what is settled after n digits is the sum of the last n digits of both, with its carry.
    for length, step in enumerate(steps(question)[:-1]):
        total = a % 10**length + b % 10**length
        assert step.carry == total // 10**length
        settled = str(total % 10**length).rjust(length, "0") if length else ""
        assert step.settled == (settled[::-1] if is_reversed else settled)


@settings(deadline=None)
@given(DIGITS, DIGITS, st.booleans())
def test_raters_see_a_scratchpad_without_its_marks(a: str, b: str, is_reversed: bool) -> None:
    shown = normalise(scratchpad(a, b, reversed=is_reversed), Family.ADDITION)
    assert (
        "scratch" not in shown
        and "C:" not in shown
        and not any(line[1:2] == " " for line in shown.split("\n")[-1:])
    )
    assert normalise(shown, Family.ADDITION) == shown
    assert leftovers(shown) == []
    assert len(split_steps(shown)) == max(len(a), len(b)) + 2


def test_what_raters_see_reads_well() -> None:
    assert normalise(PAPER, Family.ADDITION).splitlines() == [
        "560 + 583, carry 0",
        "6 + 8, digits so far 3, carry 0",
        "5 + 5, digits so far 43, carry 1",
        "digits so far 143, carry 1",
        "1143",
    ]


def test_lines_that_are_no_scratchpad_s_stay_as_they_are() -> None:
    assert remove_scratchpad_marks("6 + 8 , 3 C: 0") == "6 + 8 , 3 C: 0"
    assert remove_scratchpad_marks(
        "<scratch>\nFirst the ones.\n6 + 8 , C: 0\n</scratch>\nAnd that is it."
    ) == ("First the ones.\n6 + 8, carry 0\nAnd that is it.")
    assert read_digits("1.5") is None
