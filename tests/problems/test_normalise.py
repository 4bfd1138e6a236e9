from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from problems.normalise import NORMALISER_VERSION, leftovers, normalise, tidy_white_space
from problems.text import fold, has_words, remove_thinking
from problems.types import Family
from tests.problems.test_grading import TEXTS

FAMILIES = st.sampled_from(list(Family))
REASON = "Ann has 16 eggs.\nShe sells 9 of them."


@pytest.mark.parametrize(
    "text",
    [
        REASON,
        f"{REASON}\n#### 9",
        f"{REASON} #### 9",
        f"{REASON}\n\n####",
        f"{REASON}\nA: 1,800 dollars",
        f"{REASON}\nAnswer: (C) water",
        f"{REASON}\n**Final Answer:** $9",
        f"{REASON}\nSo the answer is (C).",
        f"{REASON} So the answer is filtering straw (C).",
        f"{REASON} Therefore, the answer is (c) water.",
        f"{REASON}\nThe answer is 9.",
        f"{REASON}\nThe answer is therefore 9 eggs.",
        f"{REASON} The answer is water.",
        f"{REASON}\n\\boxed{{9}}",
        f"{REASON}\n$\\boxed{{9}}$",
        f"{REASON}\n**9**",
        f"{REASON}\n#### 9\nI hope this helps! Let me know if you have questions.",
        f"{REASON}</s>",
        f"Let's think step by step. {REASON}",
        f"Sure! Here's the solution:\n\n{REASON}",
        f"A: {REASON}",
        f"**Explanation:** {REASON}",
        f"Answer: Let's think step by step.\n{REASON}",
        f"<think>Hm, is it 9?\nYes.</think>\n\n{REASON}",
        f"Is it 9? Yes.</think>{REASON}",
        f"{REASON}<think>Wait, is it",
        "1. Ann has 16 eggs.\n2. She sells 9 of them.",
        "- Ann has 16 eggs.\n- She sells 9 of them.",
        "* Ann has 16 eggs.\n• She sells 9 of them.",
        "Step 1: Ann has 16 eggs.\n**Step 2:** She sells 9 of them.",
        "(1) Ann has 16 eggs.\n2) She sells 9 of them.",
        "Ann has <<4*4=16>>16 eggs.\nShe sells <<9=9>>9 of them.",
        "  Ann\u00a0has  16\teggs. \r\nShe\u200b sells 9 of them.\ufeff",
    ],
)
def test_the_formats_of_all_sources_come_out_alike(text: str) -> None:
    assert normalise(text, Family.COMMONSENSEQA) == REASON
    assert leftovers(REASON) == []


@pytest.mark.parametrize(
    "text",
    [
        "The answer is water because nothing else flows.",
        "Fire burns. The answer is clear to everyone who has seen water, since it flows.",
        "5 - 3 = 2\n-5 + 3 = -2\n1.5 * 2 = 3",
        "A dog is an animal.\nIt can bark.",
        "a = 5\nb = 6",
        "A = 5\nA: Ann pays for 5 of them.",
        "#### 5 and 6 are added, then #### is drawn by hand.",
        "Some pets are cats.\n\nOthers are dogs.",
        "x << 3 is a shift.",
        "Sure, cats sleep.",
        "Here is the cat. It sleeps.",
        "1990. Then it rained.",
    ],
)
def test_the_reasoning_itself_is_left_alone(text: str) -> None:
    assert normalise(text, Family.GSM8K) == text


def test_an_open_text_keeps_a_closing_sentence_that_names_its_answer() -> None:
    text = "Many tried. The answer is love."
    assert normalise(text, Family.OPEN) == text
    assert leftovers(text) == []
    assert normalise(text, Family.COMMONSENSEQA) == "Many tried."


@pytest.mark.parametrize("text", ["#### 18", "The answer is (C).", "<think>Hm.</think>", "A: 18", "- 1. 18"])
def test_a_text_with_nothing_else_to_show_keeps_it(text: str) -> None:
    assert normalise(f" {text}\u00a0 ", Family.GSM8K) == text or has_words(normalise(text, Family.GSM8K))


def test_what_is_left_is_named_with_the_line_that_has_it() -> None:
    assert leftovers("Ann has <<4*4=16>>16 eggs.") == ["calculator mark: 'Ann has <<4*4=16>>16 eggs.'"]
    text = "Sure!\n1. Ann has  16 eggs.\n#### 16"
    assert leftovers(text) == [
        "white space: '1. Ann has  16 eggs.'",
        "list mark: '1. Ann has 16 eggs.'",
        "final answer: '#### 16'",
        "leading phrase: 'Sure!'",
    ]
    assert leftovers("He ran.\nHope this helps!") == ["trailing phrase: 'Hope this helps!'"]
    assert leftovers("<think>Hm.</think>He ran.") == ["thinking: '<think>Hm.</think>He ran.'"]


def test_white_space_is_single_and_composed() -> None:
    assert tidy_white_space("  a \t b\r\n\r\n\r\n\u2028c\x00\u00ad ") == "a b\n\nc"
    assert tidy_white_space("e\u0301") == "\u00e9"
    assert tidy_white_space("\ud800x") == "x"


def test_thinking_goes_with_what_it_holds() -> None:
    assert remove_thinking("a<think>b<think>c</think>d</think>e") == "ae"
    assert remove_thinking("a</think>b</THINK>c") == "c"
    assert remove_thinking("a<think>b") == "a"
    assert remove_thinking("a < b") == "a < b"


def test_the_first_version_is_one() -> None:
    assert NORMALISER_VERSION == 2


def test_texts_fold_alike_when_only_case_punctuation_and_space_differ() -> None:
    assert fold("  It's A\nwell-known  FACT!") == fold("it s a well known fact") == "it s a well known fact"
    assert fold("Straße") == fold("STRASSE")
    assert fold("ﬁsh") == "fish"
    assert fold("5 - 2 = 3") != fold("5 + 2 = 3")
    assert fold("3.5") != fold("35")
    assert fold("कि") != fold("का")
    assert fold("!?") == ""


@settings(deadline=None)  # other work on the machine is no failure
@given(TEXTS, FAMILIES)
def test_normalising_twice_is_normalising_once(text: str, family: Family) -> None:
    once = normalise(text, family)
    assert normalise(once, family) == once


@settings(deadline=None)  # other work on the machine is no failure
@given(TEXTS, FAMILIES)
def test_a_text_with_words_keeps_some(text: str, family: Family) -> None:
    assert has_words(normalise(text, family)) == has_words(tidy_white_space(text))


@settings(deadline=None)  # other work on the machine is no failure
@given(TEXTS, FAMILIES)
def test_nothing_is_left_unless_a_text_has_nothing_else_to_show(text: str, family: Family) -> None:
    normal = normalise(text, family)
    assume(normal != tidy_white_space(text) or normal == "")
    assert leftovers(normal) == []


@settings(deadline=None)  # other work on the machine is no failure
@given(TEXTS)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
