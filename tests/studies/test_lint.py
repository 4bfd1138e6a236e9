"""The leak lint: each rule finds what it is for, and leaves honest texts alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ratings.studies.lint import Finding, ShownTriple, lint

HONEST = (
    "There are 3 boxes with 4 pens each.\n3*4 = 12, so there are 12 pens.",
    "Twelve, since three fours are twelve.",
    "One box has 4 pens. Three boxes have 3 x 4 = 12 pens.",
)
LABELS = ("few-shot", "star_iteration2", "gsm_writers")


def found(*texts: str | None, labels: Sequence[str] = LABELS) -> list[Finding]:
    return list(lint([ShownTriple(number=7, question="q7", texts=list(texts))], labels=labels))


def rules(*texts: str | None, labels: Sequence[str] = LABELS) -> list[tuple[str, bool]]:
    return [(finding.rule, finding.blocks) for finding in found(*texts, labels=labels)]


def test_honest_texts_give_no_finding():
    assert found(*HONEST) == []


@pytest.mark.parametrize("missing", [None, "", "  \n "])
def test_a_missing_or_empty_rationale_blocks(missing):
    assert ("incomplete", True) in rules(HONEST[0], missing, HONEST[2])


def test_two_texts_instead_of_three_block():
    assert ("incomplete", True) in rules(HONEST[0], HONEST[1])


@pytest.mark.parametrize(
    "twin", [HONEST[1], HONEST[1].upper(), f"  {HONEST[1]}\n", HONEST[1].replace(",", "")]
)
def test_texts_that_read_the_same_block(twin):
    assert ("identical", True) in rules(HONEST[0], HONEST[1], twin)


@pytest.mark.parametrize(
    "text",
    [
        "The few-shot answer is 12.",
        "The few shot answer is 12.",
        "The FEW_SHOT answer is 12.",
        "The fewshot answer is 12.",
        "As star_iteration2 says: 12.",
        "As Star-Iteration2 says: 12.",
        "(gsm writers) 12.",
    ],
)
def test_a_source_name_blocks_however_it_is_joined(text):
    [finding] = found(HONEST[0], text, HONEST[2])
    assert (finding.rule, finding.triple, finding.blocks) == ("source_name", 7, True)
    assert "q7" in finding.message


@pytest.mark.parametrize("text", ["He took fewer shots.", "A starfish has 12 arms.", "fewshots", "afew-shot"])
def test_a_part_of_a_word_is_no_name(text):
    assert found(HONEST[0], text, HONEST[2]) == []


@pytest.mark.parametrize("label", ["human", "Human", "terse", "explicit", "circular"])
def test_a_name_that_is_an_everyday_word_warns(label):
    text = f"Every {label.lower()} thing has an end, so 12."
    assert rules(HONEST[0], text, HONEST[2], labels=("few-shot", "other", label)) == [
        ("everyday_label", False)
    ]


@pytest.mark.parametrize("text", ["4*3=<<4*3=12>>12 pens.", "So it is 12 pens.\n#### 12"])
def test_what_the_normaliser_should_have_removed_blocks(text):
    assert ("leftover", True) in rules(HONEST[0], text, HONEST[2])


@pytest.mark.parametrize("text", ["As an AI I say 12.", "GPT-4 says 12.", "I am a language model: 12."])
def test_the_name_of_a_model_warns(text):
    assert rules(HONEST[0], text, HONEST[2]) == [("model_name", False)]


def test_each_triple_is_judged_by_itself_and_in_turn():
    triples = [
        ShownTriple(1, "a", HONEST),
        ShownTriple(2, "b", (None, *HONEST[1:])),
        ShownTriple(3, "c", HONEST),
    ]
    assert [finding.triple for finding in lint(triples, labels=LABELS)] == [2]


def test_a_finding_is_plain_json():
    [finding] = found(HONEST[0], HONEST[1], HONEST[1])
    assert finding.as_json() == {
        "rule": "identical",
        "triple": 7,
        "message": finding.message,
        "blocks": True,
    }


def test_a_label_with_signs_of_a_pattern_is_taken_as_it_stands():
    assert found(*HONEST, labels=("a.c", "(x", "[")) == []
    assert rules(HONEST[0], "abc is 12", HONEST[2], labels=("a.c", "foo", "bar")) == []


@pytest.mark.parametrize("label", ["-", "__", "-_-"])
def test_a_label_without_letters_is_not_found_everywhere(label):
    assert found(*HONEST, labels=("few-shot", "other", label)) == []
    assert rules(HONEST[0], f"So says {label} and so it is.", HONEST[2], labels=("foo", "bar", label))[
        -1:
    ] == [("source_name", True)]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("As ChatGPT I say 12.", "model_name"),
        ("Claude wrote it.", "model_name"),
        ("As Gemma would say, 12.", "model_name"),
        ("According to the hint, it is 12.", "prompt_leftover"),
        ("The hint says that the answer is 12.", "prompt_leftover"),
        ("Q: how many?\n12 of them.", "prompt_leftover"),
        ("It is 12.\nHuman: and now?", "prompt_leftover"),
        ("### Response\nIt is 12.", "prompt_leftover"),
        ("It is 12.<|im_end|>", "prompt_leftover"),
        ("[INST] It is 12 [/INST]", "prompt_leftover"),
        ("Let's think step by step: 12.", "prompt_leftover"),
        ("[thinking] It is 12.", "thinking_tag"),
        ("It is 12. </inner_monologue>", "thinking_tag"),
        ("It is 12 </think", "nothing"),
        ("It is \U0001f600 12.", "odd_character"),
        ("It is \ufffd 12.", "odd_character"),
        ("It is １２ there.", "odd_character"),
        ("It is 𝟏𝟐 there.", "odd_character"),
        ("The b\u043ex has 12.", "odd_character"),
        ("Δx is 3π, “so” it's ≤ 12 – naïve, 温度 20 °C, ½, €5, a → b.", "nothing"),
        ("Коробка из 12.", "nothing"),
        ("The ratio 3:4 means: 12. See question: none.", "nothing"),
        ("We use [1, 2] and 3 < 4 > 1.", "nothing"),
    ],
)
def test_marks_of_how_a_text_was_made_warn_and_honest_signs_do_not(text, rule):
    others = ("x" * len(text), "y" * len(text))
    said = [name for name, blocks in rules(text, *others) if not blocks and name != "length_outlier"]
    assert said == ([] if rule == "nothing" else [rule])


def test_a_text_more_than_twice_as_long_as_the_median_warns():
    assert rules("a" * 21, "b" * 10, "c" * 9) == [("length_outlier", False)]
    assert rules("a" * 20, "b" * 10, "c" * 9) == []
    assert rules("a" * 20, "b" * 20, "c" * 1) == [], "a short one is no outlier of this rule"
    [finding] = found("a" * 30, "b" * 10, "c" * 9)
    assert "3.0 times as long as the median" in finding.message
