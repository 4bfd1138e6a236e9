from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from problems.sentences import split_sentences
from problems.steps import split_steps
from tests.problems.real_data import needs_real_data, text_at
from tests.problems.test_grading import TEXTS

#: 50 real rationales, split by a reader before the splitter was written: offsets only, the texts stay outside. 26
#: were drawn at random from hard ones (several sentences or abbreviations in a line), 24 from all. The splitter was
#: not tuned on the 20 that are held out.
HAND_SPLIT: list[dict[str, Any]] = json.loads(Path(__file__).with_name("hand_split_steps.json").read_text())


@needs_real_data
@pytest.mark.parametrize(("held_out", "rationales", "agreeing"), [(False, 30, 30), (True, 20, 20)])
def test_real_rationales_are_split_as_by_hand(held_out: bool, rationales: int, agreeing: int) -> None:
    rows = [row for row in HAND_SPLIT if row["held_out"] is held_out]
    assert len(rows) == rationales
    split_alike = []
    for row in rows:
        text = text_at(row["file"], row["key"])
        assert hashlib.sha256(text.encode()).hexdigest() == row["sha256"], "the file is another one"
        by_hand = [text[start:end] for start, end in row["steps"]]
        assert "".join("".join(by_hand).split()) == "".join(text.split())
        split_alike.append(split_steps(text) == by_hand)
    assert sum(split_alike) == agreeing


def test_the_hand_split_rationales_are_of_five_kinds() -> None:
    def count(part: str, field: str = "") -> int:
        return sum(part in row["file"] and field in row["key"] for row in HAND_SPLIT)

    assert count("gsm8k/t") == 15
    assert count("example_model_solutions") == 10
    assert count("cose") == 5
    assert count("triples", "ecqa_human") == 8
    assert count("triples", "gpt3_greedy") + count("acceptability") == 12
    assert sum(len(row["steps"]) for row in HAND_SPLIT) > 150


def test_a_line_is_a_step_and_so_is_the_answer() -> None:
    text = "She has 16 - 3 = 13 eggs.\nShe makes 13 * 2 = $26.\n#### 26"
    assert split_steps(text) == text.split("\n")


def test_sentences_with_equations_of_their_own_are_steps_of_their_own() -> None:
    first, second = "First we add them.", "3 + 4 = 7."
    assert split_steps(f"{first} {second} Then 7 * 2 = 14. Good.\n#### 14") == [
        f"{first} {second}",
        "Then 7 * 2 = 14. Good.",
        "#### 14",
    ]


def test_in_prose_every_sentence_is_a_step() -> None:
    sentences = ["Ann has 16 eggs.", "She eats 3 of them.", "So 16 - 3 = 13 are left."]
    assert split_steps(" ".join(sentences)) == sentences
    assert split_steps("He ran. He fell.\nHe rose.") == ["He ran.", "He fell.", "He rose."]


def test_marks_without_words_join_their_neighbours() -> None:
    assert split_steps("---\nHe ran.\n***") == ["--- He ran. ***"]
    assert split_steps(". he ran. he fell") == [". he ran.", "he fell"]
    assert split_steps("1. He ran.\n2. He fell.") == ["1. He ran.", "2. He fell."]
    assert split_steps("...") == ["..."]
    assert split_steps(" \n ") == []


@pytest.mark.parametrize(
    "sentences",
    [
        ["Mr. Fox paid $1,000.50 at 5 p.m. on Monday.", "Dr. Ray left."],
        ["It costs 3.5 dollars.", "That is cheap."],
        ["It costs $1,000.", "That is much."],
        ["Some pets, e.g. cats, sleep.", "Others, i.e. dogs, run."],
        ["They sell malt, wine, beer, etc.", "People buy it."],
        ["They sell etc. and more."],
        ["He came at 5 p.m.", "She left at 6 a.m. sharp."],
        ["He bought 5 oz. of gold.", "It shines."],
        ["J. K. Rowling wrote it.", "Everyone read it."],
        ["The answer is B.", "The others fail."],
        ["See no. 5 there.", "He said no.", "Then he left."],
        ["Really?", "Yes!", "Well..."],
        ["He waited... and waited.", "Then he left…", "She stayed."],
        ['"Stop!" he said.', "She went on."],
        ['He said "Stop. Wait." and left.', "Then it rained."],
        ["He left (it was late. She slept.) and drove.", "Then it rained."],
        ["He smiled :(.", "Then it rained."],
        ["the cat slept.", "it was tired."],
        ["A 6\" pipe.", 'A 7" pipe fits.'],
        ["The U.S. has 50 states.", "It is big."],
        ["He took **two**.", "She took three."],
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_ends_them(sentences: list[str]) -> None:
    assert split_sentences(" ".join(sentences)) == sentences


def test_a_forgotten_space_does_not_hide_the_end_of_a_sentence() -> None:
    assert split_sentences("It is no house.Train is one.") == ["It is no house.", "Train is one."]
    assert split_sentences("Use version 2.Then 3.5 of U.S.A.") == ["Use version 2.Then 3.5 of U.S.A."]


@settings(deadline=None)  # other work on the machine is no failure
@given(TEXTS)
def test_steps_lose_nothing_but_white_space(text: str) -> None:
    steps = split_steps(text)
    assert "".join("".join(steps).split()) == "".join(text.split())
    assert all(step and step == step.strip() for step in steps)
    assert (steps == []) == (text.strip() == "")
