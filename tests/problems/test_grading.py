from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given as given_that
from hypothesis import settings
from hypothesis import strategies as st

from problems.grading import canonical_answer, grade
from problems.normalise import leftovers, normalise
from problems.steps import split_steps
from problems.text import fold
from problems.types import Choice, Family, Grade, Verdict

CHOICES = [Choice("A", "fire"), Choice("B", "water")]

#: Pieces of the formats that the parsers look for, so that random texts get past their first glance.
PIECES = st.sampled_from(
    ["####", "#### 18", "A:", "\nA: ", "Answer:", "the answer is ", "\\boxed{", "}", "**", "<<", ">>", "<think>",
     "</think>", "(B)", "B", " a ", "not ", "$", "1,000", "1/", "0", ".5", "\\frac{1}{0}", "\n", "\x00", "<b>", "−",
     "Step 1: ", "- ", "1. ", "\u200b", "\u00a0", ". ", "...", '"', "(", ")", "e.g. ", "Sure! ", "water",
     "Hope it helps", "<scratch>", "</scratch>", "\n6 + 8 , 3 C: 1\n", "\n1 1 4 3\n", "C: 0"]
)  # fmt: skip
TEXTS = st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=30).map("".join))


def test_an_open_question_is_never_graded() -> None:
    ungraded = Grade(Verdict.GIVEN, None, None)
    assert grade(Family.OPEN, "The answer is 18.", gold=None) == ungraded
    assert grade(Family.OPEN, "The answer is 18.", gold="17", stated_answer="17") == ungraded


def test_a_rationale_for_a_stated_answer_is_given_only_where_it_names_no_answer() -> None:
    assert grade(Family.GSM8K, "It adds up.", gold="18", given=True).verdict is Verdict.GIVEN
    assert grade(Family.GSM8K, "It adds up.", gold="18").verdict is Verdict.UNPARSABLE
    assert grade(Family.GSM8K, "#### 18", gold="18", given=True).verdict is Verdict.CORRECT
    assert grade(Family.GSM8K, "#### 19", gold="18", given=True).verdict is Verdict.WRONG


def test_a_stated_answer_is_read_instead_of_the_text() -> None:
    assert grade(Family.GSM8K, "#### 18", gold="18", stated_answer="19") == Grade(Verdict.WRONG, "19", None)
    assert grade(Family.GSM8K, "#### 18", gold="18", stated_answer="?").verdict is Verdict.UNPARSABLE
    graded = grade(Family.COMMONSENSEQA, "Fire (A).", gold="water", choices=CHOICES, stated_answer="water")
    assert graded == Grade(Verdict.CORRECT, "B", True)


def test_gold_answers_are_compared_in_canonical_form() -> None:
    assert grade(Family.GSM8K, "#### 1,800.0", gold="So.\n#### 1800") == Grade(Verdict.CORRECT, "1800", None)
    assert canonical_answer(Family.GSM8K, "9 * 2 = <<9*2=18>>18\n#### 18") == "18"
    assert canonical_answer(Family.GSM8K, "eighteen") is None
    assert canonical_answer(Family.COMMONSENSEQA, "water", CHOICES) == "B"
    assert canonical_answer(Family.COMMONSENSEQA, "b", CHOICES) == "B"
    assert canonical_answer(Family.COMMONSENSEQA, "wine", CHOICES) is None
    assert canonical_answer(Family.OPEN, "  any\n text ") == "any text"
    assert canonical_answer(Family.OPEN, " ") is None


@pytest.mark.parametrize("gold", [None, "", "eighteen"])
def test_a_gold_answer_that_cannot_be_read_is_an_error_that_names_it(gold: str | None) -> None:
    with pytest.raises(ValueError, match=r"gold: .* of family 'gsm8k'; expected a number"):
        grade(Family.GSM8K, "#### 18", gold=gold)
    with pytest.raises(ValueError, match="expected one of the choices' labels"):
        grade(Family.COMMONSENSEQA, "(A)", gold=gold, choices=CHOICES)


@settings(deadline=None)  # other work on the machine is no failure
@given_that(TEXTS, st.booleans())
def test_grading_never_raises_and_its_answer_is_canonical(text: str, given: bool) -> None:
    numbers: list[tuple[Family, str, list[Choice]]] = [
        (family, "18", []) for family in (Family.GSM8K, Family.WORD_PROBLEM, Family.ADDITION)
    ]
    for family, gold, choices in (*numbers, (Family.COMMONSENSEQA, "B", CHOICES)):
        for stated in (None, text):
            graded = grade(family, text, gold=gold, choices=choices, stated_answer=stated, given=given)
            assert (graded.answer is None) == (graded.verdict in (Verdict.UNPARSABLE, Verdict.GIVEN))
            assert (graded.verdict is Verdict.CORRECT) == (graded.answer == gold)
            if graded.answer is not None and len(graded.answer) < 200:
                assert canonical_answer(family, graded.answer, choices) == graded.answer


@settings(deadline=None)  # other work on the machine is no failure
@given_that(st.sampled_from(Family), TEXTS)
def test_the_canonical_form_of_a_canonical_form_is_itself(family: Family, text: str) -> None:
    once = canonical_answer(family, text, CHOICES)
    if once is not None and len(once) < 200:
        assert canonical_answer(family, once, CHOICES) == once


def _grade_both(text: str) -> None:
    grade(Family.GSM8K, text, gold="18")
    grade(Family.COMMONSENSEQA, text, gold="A", choices=CHOICES)


ADVERSARIES = {
    "open marks": "<<",
    "nested marks": "<<1>>>",
    "open thinking": "<think>",
    "closed thinking": "</think>",
    "boxes": "\\boxed{",
    "brackets": "(",
    "hashes": "#",
    "hash lines": "#### 1\n",
    "answer lines": "A: 18\n",
    "answer heads": "A:\n",
    "phrases": "the answer is ",
    "sentences": "The answer is 18. ",
    "openers": "Sure! ",
    "leading labels": "A: ",
    "closers": "Hope this helps! ",
    "stars": "*",
    "underscores": "_ ",
    "rules": "- ",
    "steps": "Step 1: ",
    "dots": ".",
    "dots apart": ". ",
    "initials": "A. ",
    "quotes": '"a. ',
    "spaces": " ",
    "lines": "\n",
    "spaces and lines": " \n\t",
    "digits": "1",
    "groups": "1,000",
    "fractions": "1/",
    "decimals": "1.",
    "answers": "answer to ",
    "nul": "\x00",
    "markup": "<b onclick='x'>",
    "marks that grow": "e\u0301\u200b",
}


@pytest.mark.parametrize("work", [_grade_both, split_steps, lambda t: normalise(t, Family.GSM8K)])
@pytest.mark.parametrize("adversary", ADVERSARIES)
def test_no_text_of_200_kb_takes_two_seconds(adversary: str, work: Callable[[str], object]) -> None:
    piece = ADVERSARIES[adversary]
    text = "a" + piece * (200_000 // len(piece)) + "b"
    started = time.process_time()
    work(text)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "work", [_grade_both, split_steps, fold, leftovers, lambda t: normalise(t, Family.GSM8K)]
)
def test_a_megabyte_of_solution_takes_about_ten_times_as_long_as_a_tenth_of_it(
    work: Callable[[str], object],
) -> None:
    line = "1. She sells <<16-3-4=9>>9 eggs (e.g. to Mr. Fox) for $2.50 each.\n"

    def seconds(size: int) -> float:
        text = line * (size // len(line)) + "#### 18"
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            work(text)
            best = min(best, time.process_time() - started)
        return best

    # Linear is 10, quadratic is 100; the clock of a busy machine needs some room.
    assert seconds(1_000_000) < 30 * max(seconds(100_000), 0.001)
