"""The demo's sample questions: complete, graded right by an independent reading, and told apart by style."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from problems.grading import grade
from problems.types import Choice, Family, Verdict

SAMPLES = Path(__file__).resolve().parents[2] / "ratings" / "library" / "samples"
SOURCES = ("explicit", "terse", "circular")
#: (question, source) -> the wrong answer that it reaches; README.md of the samples lists the same four.
WRONG = {
    ("wp-013", "terse"): "30",
    ("wp-029", "circular"): "24",
    ("cs-009", "terse"): "C",
    ("cs-025", "explicit"): "C",
}
FILES = {"word_problems.jsonl": 40, "commonsense.jsonl": 32}
_HASHES = re.compile(r"\n#### (-?\d+(?:\.\d+)?)\Z")
_LETTER = re.compile(r" So the answer is (?P<text>[^.]+) \((?P<label>[A-E])\)\.\Z")
_MARK = re.compile(r"<<([^<>=]+)=([^<>=]+)>>")
_EQUATION = re.compile(r"((?:-?[\d.]+ [-+×÷*/] )+[\d.]+) = \$?(?:<<[^<>]*>>)?(-?\d+(?:\.\d+)?)")
_ORDER = re.compile(r"([\d.]+|[-+*/])")


@dataclass(frozen=True, slots=True)
class Sample:
    """One rationale with the question that it belongs to."""

    question: dict[str, Any]
    source: str
    text: str

    @property
    def is_multiple_choice(self) -> bool:
        return "choices" in self.question

    @property
    def body(self) -> str:
        """The rationale without its final answer."""
        return (_LETTER if self.is_multiple_choice else _HASHES).sub("", self.text)

    @property
    def answer(self) -> str:
        """The answer by its own last line; for multiple choice its text must belong to its letter."""
        found = (_LETTER if self.is_multiple_choice else _HASHES).search(self.text)
        assert found is not None, f"{self.question['id']} {self.source}: no final answer in {self.text!r}"
        if not self.is_multiple_choice:
            return found[1]
        texts = {choice["label"]: choice["text"] for choice in self.question["choices"]}
        assert texts[found["label"]] == found["text"], self.question["id"]
        return found["label"]


def _questions(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SAMPLES / name).read_text(encoding="utf-8").splitlines()]


QUESTIONS = [question for name in FILES for question in _questions(name)]
RATIONALES = [
    Sample(question, rationale["source"], rationale["text"])
    for question in QUESTIONS
    for rationale in question["rationales"]
]


def _evaluate(expression: str) -> Fraction:
    """The value of a chain of + - * /, products first: what a reader of the rationale would compute."""
    tokens = _ORDER.findall(expression.replace("×", "*").replace("÷", "/").replace(" ", ""))
    if tokens[0] == "-":
        tokens[:2] = [f"-{tokens[1]}"]
    terms = [Fraction(tokens[0])]
    for operator, operand in zip(tokens[1::2], tokens[2::2], strict=True):
        match operator:
            case "+" | "-":
                terms.append(Fraction(f"{operator}{operand}"))
            case "*":
                terms[-1] *= Fraction(operand)
            case _:
                terms[-1] /= Fraction(operand)
    return sum(terms, Fraction(0))


@pytest.mark.parametrize(("name", "least"), FILES.items())
def test_each_file_holds_enough_questions_in_the_questions_format(name: str, least: int) -> None:
    questions = _questions(name)
    assert len(questions) >= least
    fields = {"id", "question", "answer", "split", "rationales"}
    if name == "commonsense.jsonl":
        fields.add("choices")
    assert all(set(question) == fields for question in questions)


def test_ids_and_question_texts_are_unique() -> None:
    assert len({question["id"] for question in QUESTIONS}) == len(QUESTIONS) >= 72
    assert len({question["question"] for question in QUESTIONS}) == len(QUESTIONS)


def test_every_question_has_one_rationale_per_source_and_no_two_argue_in_the_same_words() -> None:
    for question in QUESTIONS:
        assert [rationale["source"] for rationale in question["rationales"]] == list(SOURCES), question["id"]
    assert len({sample.body.casefold() for sample in RATIONALES}) == len(RATIONALES)


@pytest.mark.parametrize("name", FILES)
def test_about_a_tenth_is_kept_for_verifiers_and_a_tenth_for_tests(name: str) -> None:
    counts = Counter(question["split"] for question in _questions(name))
    total = counts.total()
    assert set(counts) == {"train", "verifier", "test"}
    assert 0.75 <= counts["train"] / total <= 0.85
    assert counts["verifier"] == counts["test"]


def test_choices_are_a_to_e_and_different_and_no_letter_is_a_good_guess() -> None:
    questions = _questions("commonsense.jsonl")
    for question in questions:
        assert [choice["label"] for choice in question["choices"]] == list("ABCDE"), question["id"]
        assert len({choice["text"] for choice in question["choices"]}) == 5, question["id"]
    letters = Counter(question["answer"] for question in questions)
    assert set(letters) == set("ABCDE")
    assert max(letters.values()) <= len(questions) / 4


def test_the_listed_rationales_are_wrong_and_all_others_right() -> None:
    wrong = {
        (sample.question["id"], sample.source): sample.answer
        for sample in RATIONALES
        if sample.answer != sample.question["answer"]
    }
    assert wrong == WRONG


def test_grading_gives_the_same_verdicts_and_finds_the_choice_texts_beside_their_letters() -> None:
    for sample in RATIONALES:
        family = Family.COMMONSENSEQA if sample.is_multiple_choice else Family.GSM8K
        choices = [Choice(**choice) for choice in sample.question.get("choices", [])]
        graded = grade(family, sample.text, gold=sample.question["answer"], choices=choices)
        is_wrong = (sample.question["id"], sample.source) in WRONG
        assert graded.verdict is (Verdict.WRONG if is_wrong else Verdict.CORRECT), sample
        assert graded.text_agrees is (True if sample.is_multiple_choice else None), sample


def test_the_readme_lists_the_wrong_ones_and_the_counts() -> None:
    readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
    gold = {question["id"]: question["answer"] for question in QUESTIONS}
    listed = re.findall(r"^\| (\S+) \| (\w+) \| (\S+) \| (\S+) \|$", readme, re.MULTILINE)
    assert {(identifier, source): answer for identifier, source, _, answer in listed} == WRONG
    assert all(gold[identifier] == answer for identifier, _, answer, _ in listed)
    assert f"{len(_questions('word_problems.jsonl'))} arithmetic word problems" in readme
    assert f"| {len(_questions('commonsense.jsonl'))} questions with five choices" in readme
    assert f"{len(RATIONALES)} in all" in readme
    assert f"({sum('<<' in sample.text for sample in RATIONALES)} of the" in readme


def test_calculator_marks_and_written_equations_hold() -> None:
    marks = [found for sample in RATIONALES for found in _MARK.findall(sample.text)]
    equations = [found for sample in RATIONALES for found in _EQUATION.findall(sample.text)]
    assert len(marks) >= 20
    assert len(equations) >= 100
    false = [(left, right) for left, right in marks + equations if _evaluate(left) != Fraction(right)]
    assert false == []


@pytest.mark.parametrize("name", FILES)
def test_the_three_styles_differ_visibly(name: str) -> None:
    multiple_choice = name == "commonsense.jsonl"
    words = {
        source: [
            len(sample.body.split())
            for sample in RATIONALES
            if sample.source == source and sample.is_multiple_choice == multiple_choice
        ]
        for source in SOURCES
    }
    assert median(words["explicit"]) > 1.2 * median(words["circular"])
    assert median(words["circular"]) > 2 * median(words["terse"])
    assert max(words["terse"]) < min(words["circular"])


def test_an_arithmetic_answer_is_worked_out_in_two_styles_and_presupposed_in_the_third() -> None:
    for sample in RATIONALES:
        if not sample.is_multiple_choice:
            assert bool(_EQUATION.search(sample.text)) <= (sample.source != "circular"), sample.question["id"]
            assert sample.source != "explicit" or _EQUATION.search(sample.text), sample.question["id"]


def test_texts_fit_on_a_phone() -> None:
    assert all(len(sample.text.split()) <= 70 for sample in RATIONALES)
    assert all(len(question["question"].split()) <= 70 for question in QUESTIONS)
    assert all("\n" not in sample.body for sample in RATIONALES if sample.source == "terse")


def test_no_text_names_its_source_or_a_model() -> None:
    named = re.compile(
        r"\b(?:explicit|terse|circular|human|model|gpt|claude|llama|gemini|mistral|chatbot|assistant)",
        re.IGNORECASE,
    )
    texts = [sample.text for sample in RATIONALES] + [question["question"] for question in QUESTIONS]
    assert [text for text in texts if named.search(text)] == []


def test_the_instructions_are_short_and_name_no_source() -> None:
    instructions = (SAMPLES / "instructions.md").read_text(encoding="utf-8")
    assert len(instructions.split()) <= 120
    assert not any(re.search(rf"\b{source}\b", instructions, re.IGNORECASE) for source in SOURCES)
