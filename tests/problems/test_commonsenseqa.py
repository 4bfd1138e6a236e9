from __future__ import annotations

import pytest

from problems.commonsenseqa import Chosen, canonical_answer, parse, parse_stated
from problems.grading import grade
from problems.types import Choice, Family, Grade, Verdict
from tests.problems.real_data import needs_real_data, rows_of

CHOICES = [
    Choice("A", "fire"),
    Choice("B", "filter"),
    Choice("C", "water"),
    Choice("D", "race track"),
    Choice("E", "a dog"),
]


@pytest.mark.parametrize(
    ("text", "label", "text_agrees"),
    [
        ("So the answer is filtering straw (C)", "C", False),
        ("So the answer is water (C).", "C", True),
        ("So the answer is the race track (D).", "D", True),
        ("Therefore, the answer is (c) water.", "C", True),
        ("The answer is (c).", "C", None),
        ("Answer: (c)", "C", None),
        ("A: C", "C", None),
        ("A: (A)", "A", None),
        ("#### C", "C", None),
        ("**C**", "C", None),
        ("(C)", "C", None),
        ("It flows.\nC", "C", None),
        ("**(C) water**", "C", True),
        ("**C. fire**", "C", False),
        ("\\boxed{C}", "C", None),
        ("$\\boxed{\\text{C}}$", "C", None),
        ("The answer is B.", "B", None),
        ("The answer is A.", "A", None),
        ("The answer is a.", "A", None),
        ("The answer is C: water", "C", True),
        ("The answer is C) fire", "C", False),
        ("The answer is C, water", "C", True),
        ("The answer is C because fire is hot.", "C", None),
        ("The answer is C. Fire is hot.", "C", None),
        ("The correct option is B", "B", None),
        ("The correct answer is **(C) water**.", "C", True),
        ("The answer is option D.", "D", None),
        ("The answer must be C.", "C", None),
        ("The answer is not (A) but (C).", "C", None),
        ("The answer is (B) rather than (C).", "B", None),
        ("The answer is (C), not (B).", "C", None),
        ("Answer:\nC", "C", None),
        ("the answer is water.", "C", True),
        ("The answer is a dog", "E", True),
        ("The answer is dog.", "E", True),
        ('the answer is "race track"', "D", True),
        ("the answer is race track because cars go round.", "D", True),
        ("Answer: water", "C", True),
        ("The answer is (A).\nNo: the answer is (B).", "B", None),
        ("<think>The answer is (A).</think>The answer is (B).", "B", None),
        ("A: fire\nB: filter\nC: water\nSo the answer is (B).", "B", None),
    ],
)
def test_the_letter_decides_and_the_text_is_judged_beside_it(
    text: str, label: str, text_agrees: bool | None
) -> None:
    graded = grade(Family.COMMONSENSEQA, text, gold="C", choices=CHOICES)
    verdict = Verdict.CORRECT if label == "C" else Verdict.WRONG
    assert graded == Grade(verdict, label, text_agrees)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A dog is nice. I think so.",
        "A dog drinks water.",
        "water",
        "Water (C) is wet, and fire (A) is hot.",
        "A: A person would go there.",
        "The answer is a place where cars race.",
        "The answer is a mystery.",
        "The answer is (Z).",
        "The answer is F.",
        "The answer is (B) or (C).",
        "The answer is B or C",
        "The answer is not (C).",
        "The answer is not water.",
        "A: fire\nB: filter\nC: water",
        "A: fire\nB: filter\nC: water\nIt flows.",
        "I",
        "a",
        "The answer is watery.",
    ],
)
def test_a_letter_or_a_choice_that_is_merely_mentioned_is_no_answer(text: str) -> None:
    assert parse(text, CHOICES) is None
    assert grade(Family.COMMONSENSEQA, text, gold="C", choices=CHOICES).verdict is Verdict.UNPARSABLE


def test_labels_may_be_digits() -> None:
    choices = [Choice("1", "fire"), Choice("2", "water")]
    chosen = parse("The answer is (2) water.", choices)
    assert chosen is not None
    assert (chosen.label, chosen.text_agrees) == ("2", True)


def test_a_stated_answer_is_a_label_or_an_exact_text() -> None:
    for stated, label, agrees in (
        ("C", "C", None),
        ("(c)", "C", None),
        ("water", "C", True),
        ("A dog.", "E", True),
    ):
        chosen = parse_stated(stated, CHOICES)
        assert chosen is not None
        assert (chosen.label, chosen.text_agrees) == (label, agrees)
    assert parse_stated("wine", CHOICES) is None


def test_a_gold_answer_is_canonicalised_to_the_first_label_with_its_text() -> None:
    twins = [Choice("A", "fire"), Choice("B", "water"), Choice("C", "water")]
    assert canonical_answer("water", twins) == "B"
    assert canonical_answer("C", twins) == "C"
    assert canonical_answer("wine", twins) is None
    # A label beats a text that looks like one.
    assert canonical_answer("B", [Choice("A", "B"), Choice("B", "A")]) == "B"


def test_equal_choice_texts_agree_with_either_label() -> None:
    twins = [Choice("A", "fire"), Choice("B", "water"), Choice("C", "water")]
    chosen = parse("The answer is water (C).", twins)
    assert chosen is not None
    assert (chosen.label, chosen.text_agrees) == ("C", True)


@needs_real_data
def test_the_real_choices_resolve_by_label_by_text_and_in_the_papers_answer_sentence() -> None:
    rows = rows_of("commonsenseqa/train_rand_split.jsonl")
    assert len(rows) == 9741
    for row in rows:
        choices = [Choice(each["label"], each["text"]) for each in row["question"]["choices"]]
        gold = next(choice for choice in choices if choice.label == row["answerKey"])
        assert canonical_answer(gold.label, choices) == gold.label
        first = next(choice.label for choice in choices if choice.text == gold.text)
        assert canonical_answer(gold.text, choices) == first
        for choice in choices:
            chosen = parse(f"It fits. So the answer is {choice.text} ({choice.label.lower()}).", choices)
            assert chosen == Chosen(choice.label, True), choice
            first = next(each.label for each in choices if each.text.casefold() == choice.text.casefold())
            assert parse(f"It fits. So the answer is {choice.text}.", choices) == Chosen(first, True), choice
