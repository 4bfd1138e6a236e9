"""What STaR's paper and code say of prompts, hints, masks and grading (papers.md 1.3, 1.9 and 7), on real data.

The loop's own points (restart, latest data, no stored hint, steps, fates) are in test_star.py and test_schedule.py.
"""

from __future__ import annotations

import random
import re
from functools import cache
from typing import Any

import pytest

from generation.prompts import Asked, Shot, build_prompt, completion_of
from generation.registry.tiny import train_tokenizer
from problems.addition import scratchpad
from problems.grading import canonical_answer, grade
from problems.types import Choice, Family, Verdict
from tests.problems.real_data import needs_real_data, rows_of
from tests.training.reversal import Scripted, questions, solution
from tests.training.starring import run
from training.batching import Example, encode
from training.records import Origin

STRAW = (Choice("A", "glass"), Choice("B", "container"), Choice("C", "water"))


def some(name: str, count: int) -> list[dict[str, Any]]:
    return random.Random(0).sample(rows_of(name), count)


def gsm(row: dict[str, Any]) -> Asked:
    return Asked(row["question"], answer=canonical_answer(Family.GSM8K, row["answer"]))


def cqa(row: dict[str, Any]) -> Asked:
    asked = row["question"]
    choices = tuple(Choice(each["label"], each["text"]) for each in asked["choices"])
    return Asked(asked["stem"], choices, row["answerKey"])


@cache
def tokenizer() -> Any:
    return train_tokenizer(
        [scratchpad(560, 583), "Note: at 10:30 there are 2: one, and another one.\n#### 2"] * 3, 600
    )


# ------------------------------------------------------------------------------------------------- prompts and hints


@needs_real_data
def test_a_gsm8k_hint_is_the_final_number_and_nothing_of_the_solution():
    for row in some("gsm8k/train.jsonl", 300):
        asked = gsm(row)
        plain, hinted = (build_prompt(Family.GSM8K, asked, hint=hint) for hint in (False, True))
        assert plain == f"Q: {row['question'].strip()}\nA:"
        assert hinted == f"Q: {row['question'].strip()} ({asked.answer})\nA:"
        # The released code gives the whole solution away.
        assert "<<" not in hinted and "####" not in hinted


@needs_real_data
def test_a_commonsenseqa_hint_marks_the_right_choice_in_the_question_and_in_every_example():
    rows = some("commonsenseqa/train_rand_split.jsonl", 300)
    shots = [Shot(cqa(row), "It must be so.") for row in rows[:7]]
    for row in rows[7:]:
        asked = cqa(row)
        right = next(choice for choice in asked.choices if choice.label == row["answerKey"])
        lines = [f"({choice.label.lower()}) {choice.text}" for choice in asked.choices]
        stem = f"Q: {row['question']['stem'].strip()}\nAnswer Choices:\n"
        assert build_prompt(Family.COMMONSENSEQA, asked) == stem + "\n".join([*lines, "A:"])
        marked = [
            f"{line} (CORRECT)" if line.startswith(f"({right.label.lower()})") else line for line in lines
        ]
        assert build_prompt(Family.COMMONSENSEQA, asked, hint=True) == stem + "\n".join([*marked, "A:"])
        whole = build_prompt(Family.COMMONSENSEQA, asked, shots, hint=True)
        assert whole.count(" (CORRECT)") == 8 and whole.count("Therefore, the answer is") == 7


def test_an_addition_hint_stands_behind_target_and_the_scratchpad_is_still_to_be_written():
    asked = Asked("560 + 583", answer="1143")
    assert build_prompt(Family.ADDITION, asked) == "Input:\n5 6 0 + 5 8 3\nTarget:\n"
    assert build_prompt(Family.ADDITION, asked, hint=True) == "Input:\n5 6 0 + 5 8 3\nTarget: 1 1 4 3\n"


# ------------------------------------------------------------------------------------------------------------- masks


def learned(prompt: str, completion: str) -> str:
    row = encode(tokenizer(), Example(prompt, completion), calculator=False)
    return str(tokenizer().decode(row.ids[row.learned]))


def behind_the_last_colon(text: str) -> str:
    """What the released code learns of a text."""
    return text.rpartition(":")[2]


def test_every_token_of_a_scratchpad_is_learned_where_the_released_mask_leaves_its_tail():
    prompt, pad = build_prompt(Family.ADDITION, Asked("560 + 583")), scratchpad(560, 583)
    assert learned(prompt, pad) == f"{pad}<eos>"
    assert behind_the_last_colon(prompt + pad) == " 1\n1 1 4 3\n</scratch>\n1 1 4 3"


@needs_real_data
def test_colons_in_a_solution_move_no_mask():
    with_colons = [row for row in rows_of("gsm8k/train.jsonl") if ":" in row["answer"]]
    assert len(with_colons) == 743  # papers.md 1.9
    for row in random.Random(0).sample(with_colons, 40):
        prompt = build_prompt(Family.GSM8K, gsm(row))
        completion = completion_of(Family.GSM8K, row["answer"])
        assert learned(prompt, completion) == f"{completion}<eos>"
        assert len(behind_the_last_colon(prompt + completion)) < len(completion)


# ----------------------------------------------------------------------------------------------------------- grading


@needs_real_data
def test_every_real_solution_is_graded_right_and_its_neighbours_answer_wrong():
    rows = some("gsm8k/train.jsonl", 400)
    for row, other in zip(rows, rows[1:], strict=False):
        gold = gsm(row).answer
        completion = completion_of(Family.GSM8K, row["answer"])
        assert grade(Family.GSM8K, completion, gold=gold).verdict is Verdict.CORRECT
        if gsm(other).answer != gold:
            wrong = re.sub(r"####.*", f"#### {gsm(other).answer}", completion)
            assert grade(Family.GSM8K, wrong, gold=gold).verdict is Verdict.WRONG


@needs_real_data
def test_every_real_choice_is_graded_by_its_letter_and_its_text_is_compared_beside_it():
    for row in some("commonsenseqa/train_rand_split.jsonl", 300):
        asked = cqa(row)
        for choice in asked.choices:
            text = f" So it is. Therefore, the answer is {choice.text} ({choice.label.lower()})."
            found = grade(Family.COMMONSENSEQA, text, gold=asked.answer, choices=asked.choices)
            assert (found.verdict is Verdict.CORRECT) == (choice.label == row["answerKey"])
            assert found.text_agrees is True


@pytest.mark.parametrize(
    ("family", "text", "gold", "verdict"),
    [
        # The letter decides, as in the paper's own printed example, and the text is told apart.
        (Family.COMMONSENSEQA, "Therefore, the answer is filtering straw (c).", "C", Verdict.CORRECT),
        # The released code reads the third character from the end of the first line: these would fail.
        (Family.COMMONSENSEQA, "The answer is water (c)", "C", Verdict.CORRECT),
        (Family.COMMONSENSEQA, "It is wet.\nTherefore, the answer is water (c).", "C", Verdict.CORRECT),
        # String equality would fail these.
        (Family.GSM8K, "#### 18.0", "18", Verdict.CORRECT),
        (Family.GSM8K, "#### $1,800", "1800", Verdict.CORRECT),
        (Family.GSM8K, "#### -5", "5", Verdict.WRONG),
        (Family.GSM8K, "#### 3\nNo: #### 4", "4", Verdict.CORRECT),
        (Family.GSM8K, "So she has 18.", "18", Verdict.UNPARSABLE),
        (Family.ADDITION, "<scratch>\n1 1 4 3\n</scratch>\n1 1 4 3\nmore", "1143", Verdict.CORRECT),
        (Family.ADDITION, "<scratch>\n1 1 4 3", "1143", Verdict.UNPARSABLE),
    ],
)
def test_traps_of_the_released_graders_are_none_of_ours(family, text, gold, verdict):
    choices = STRAW if family is Family.COMMONSENSEQA else ()
    found = grade(family, text, gold=gold, choices=choices)
    assert found.verdict is verdict
    if "straw" in text:
        assert found.text_agrees is False


# ---------------------------------------------------------------------------------------------- what the code loses


def test_no_question_is_lost_with_the_last_batch():
    """The released code drops the last incomplete batch of 8: 5 of 9,741 train questions."""
    _, store, _ = run(
        sampler=Scripted(lambda prompt, seed: solution(prompt.rstrip(">"))),
        asked=questions(range(100, 121)), batch_questions=8, iterations=1,
    )  # fmt: skip
    assert [len(store.batches[1, Origin.FEW_SHOT, number]) for number in range(3)] == [8, 8, 5]
