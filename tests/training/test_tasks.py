"""How the problem families are asked and judged inside the loops."""

from __future__ import annotations

import pytest

from generation.prompts import build_prompt
from generation.prompts.types import Asked, Shot
from problems.addition import scratchpad
from problems.types import Choice, Family, Verdict
from training.records import Question, chance_of, seed_of
from training.tasks import FamilyTask

SUM = Question("s", Family.ADDITION, Asked("560 + 583", answer="1143"))
STORY = Question(
    "w", Family.WORD_PROBLEM, Asked("Sam has 2 bags of 3 eggs. How many eggs has he?", answer="6")
)
CHOICES = (Choice("a", "sand"), Choice("b", "water"), Choice("c", "air"))
CHOICE = Question("c", Family.COMMONSENSEQA, Asked("What flows in a river?", CHOICES, answer="b"))
SHOTS = {
    Family.ADDITION: [Shot(Asked("1 + 2", answer="3"), scratchpad(1, 2))],
    Family.WORD_PROBLEM: [Shot(Asked("Ann has 1 egg. Half?", answer="7"), "Seven.\n#### 7")] * 2,
    Family.COMMONSENSEQA: [
        Shot(Asked("Where?", CHOICES, answer="c"), "It is so. Therefore, the answer is air (c).")
    ],
}
QUESTIONS = [SUM, STORY, CHOICE]


def ids(question: Question) -> str:
    return question.family.value


@pytest.mark.parametrize("hint", [False, True])
@pytest.mark.parametrize("question", QUESTIONS, ids=ids)
def test_shots_and_question_together_are_the_prompt_of_the_family(question, hint):
    shots = SHOTS[question.family]
    task = FamilyTask(shots)
    whole = build_prompt(question.family, question.asked, shots, hint=hint)
    assert task.shots(question, hint=hint) + task.ask(question, hint=hint) == whole
    assert task.shots(question, hint=hint)
    assert FamilyTask().shots(question, hint=hint) == ""


@pytest.mark.parametrize("question", QUESTIONS, ids=ids)
def test_the_hint_is_the_final_answer_and_nothing_else(question):
    task = FamilyTask()
    plain, hinted = task.ask(question, hint=False), task.ask(question, hint=True)
    added = {Family.ADDITION: " 1 1 4 3", Family.WORD_PROBLEM: " (6)", Family.COMMONSENSEQA: " (CORRECT)"}
    before, _, after = hinted.partition(added[question.family])
    assert before + after == plain


def test_shots_may_depend_on_the_question():
    asked: list[str] = []

    def shots(question: Question) -> list[Shot]:
        asked.append(question.key)
        return SHOTS[question.family]

    task = FamilyTask(shots)
    assert task.shots(SUM, hint=False) == "Input:\n1 + 2\nTarget:\n" + scratchpad(1, 2) + "\n\n"
    assert asked == ["s"]


def test_verdicts_come_from_the_final_answer():
    task = FamilyTask()
    assert task.grade(SUM, scratchpad(560, 583)).verdict is Verdict.CORRECT
    assert task.grade(SUM, scratchpad(560, 584)).verdict is Verdict.WRONG
    assert task.grade(STORY, " <<2*3=6>>6\n#### 6").verdict is Verdict.CORRECT
    assert task.grade(CHOICE, " Therefore, the answer is sand (b).").text_agrees is False


def test_only_sums_say_whether_their_trace_holds():
    task = FamilyTask()
    right = scratchpad(560, 583)
    assert task.trace_is_valid(SUM, right) is True
    assert task.trace_is_valid(SUM, right.replace("6 + 8 , 3", "6 + 8 , 4")) is False
    assert task.trace_is_valid(STORY, " 6\n#### 6") is None


def test_seeds_are_the_same_everywhere_and_apart_for_each_name():
    # SHA-256 of "7", "a" and "1" with unit separators between them, its first eight bytes halved.
    assert seed_of(7, "a", 1) == seed_of(7, "a", "1") == 3139270254706233798
    assert len({seed_of(7, "a", 1), seed_of(7, "a", 2), seed_of(7, "b", 1), seed_of(8, "a", 1)}) == 4
    assert 0 <= seed_of(0) < 2**63
    chances = [chance_of(0, number) for number in range(2000)]
    assert 0.47 < sum(chances) / 2000 < 0.53
    assert 0 <= min(chances) < max(chances) < 1
