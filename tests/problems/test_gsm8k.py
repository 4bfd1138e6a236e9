from __future__ import annotations

from decimal import Decimal

import pytest

from problems.grading import canonical_answer, grade
from problems.gsm8k import parse, parse_stated
from problems.types import Family, Verdict
from tests.problems.real_data import needs_real_data, rows_of

SOLVERS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("She sells 9 eggs.\n#### 18", "18"),
        ("She sells 9 eggs. #### 18", "18"),
        ("####18", "18"),
        ("She sells 9.\nA: 1,800", "1800"),
        ("She sells 9.\nAnswer: $18.00", "18"),
        ("**Final Answer:** 18", "18"),
        ("Answer:\n18", "18"),
        ("Answer: She makes $18 every day.", "18"),
        ("So the answer is 18.", "18"),
        ("The answer is **18**.", "18"),
        ("The final answer is: $\\boxed{-4}$.", "-4"),
        ("The answer is 18 because 9 * 2 = 18.", "18"),
        ("The answer is 16 - 3 = 13.", "13"),
        ("The answer is 18. That is more than 3.", "18"),
        ("Therefore \\boxed{\\frac{1}{2}}", "0.5"),
        ("She has 9 eggs.\nSo she makes **$18** per day.", "18"),
        ("#### <<9*2=18>>18", "18"),
        ("<think>#### 5</think>\n#### 6", "6"),
        ("the answer is 5</think>\n#### 6", "6"),
    ],
)
def test_an_answer_is_read_where_it_is_stated(text: str, answer: str) -> None:
    assert parse(text) == answer


def test_the_last_statement_of_either_kind_decides() -> None:
    assert parse("#### 18\nA: 20") == "20"
    assert parse("A: 20\n#### 18") == "18"
    assert parse("#### 1\n#### 2") == "2"
    assert parse("The answer is 7.\nA: 8") == "8"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "18",
        "She makes 9 * 2 = 18",
        "She makes <<9*2=18>>18 dollars.",
        "The answer is not 18.",
        "The answer is greater than 18.",
        "The answer is unknown.",
        "A: Janet has 16 eggs and sells 2.",
        "a: 18",
        "A = 18",
        "She has **3** cats and **4** dogs.",
        "**3** cats at first.\nThen more.",
        "<think>#### 18",
        "<think>#### 18</think> I do not know.",
        "####",
        "#### Explanation",
    ],
)
def test_a_text_that_states_no_number_is_unparsable(text: str) -> None:
    assert parse(text) is None
    assert grade(Family.GSM8K, text, gold="18").verdict is Verdict.UNPARSABLE


def test_a_stated_answer_may_be_bare() -> None:
    assert parse_stated(" $1,800.0 ") == "1800"
    assert parse_stated("So.\n#### 18") == "18"
    assert parse_stated("eighteen") is None


@needs_real_data
def test_verdicts_equal_is_correct_on_every_row_of_the_example_solutions() -> None:
    """Cobbe et al.'s own labels: 700 problems, four models. What is not correct is wrong or unparsable."""
    compared = 0
    disagreeing = []
    unparsable = []
    for number, row in enumerate(rows_of("gsm8k/example_model_solutions.jsonl")):
        for solver in SOLVERS:
            graded = grade(Family.GSM8K, row[solver]["solution"], gold=row["ground_truth"])
            compared += 1
            if (graded.verdict is Verdict.CORRECT) != row[solver]["is_correct"]:
                disagreeing.append((number, solver, graded))
            if graded.verdict is Verdict.UNPARSABLE:
                unparsable.append((number, solver))
    assert disagreeing == []
    assert compared == 2800
    # The seven that were cut off before they stated an answer, counted with `grep -L` for a line "A: ".
    assert unparsable == [
        (number, solver)
        for number, row in enumerate(rows_of("gsm8k/example_model_solutions.jsonl"))
        for solver in SOLVERS
        if "\nA: " not in row[solver]["solution"]
    ]
    assert len(unparsable) == 7


@needs_real_data
@pytest.mark.parametrize("name", ["gsm8k/train.jsonl", "gsm8k/test.jsonl"])
def test_every_gold_answer_is_the_number_behind_the_hashes(name: str) -> None:
    for row in rows_of(name):
        last_line = row["answer"].split("\n")[-1]
        assert last_line.startswith("#### ")
        expected = Decimal(last_line.removeprefix("#### ").replace(",", ""))
        assert canonical_answer(Family.GSM8K, row["answer"]) == str(expected)
        assert grade(Family.GSM8K, row["answer"], gold=row["answer"]).verdict is Verdict.CORRECT
