"""Seeds of samples, and what is kept of a text: by hand-worked cases."""

from __future__ import annotations

import hashlib

import pytest

from generation.registry.settings import RationaleText
from generation.runs.seeds import sample_seed
from generation.runs.texts import Reading, read_completion, split_thinking, storable

CONTENT, BEHIND, APART = (
    RationaleText.CONTENT,
    RationaleText.AFTER_THINKING,
    RationaleText.REASONING_CONTENT,
)


def test_a_seed_is_the_documented_hash_of_run_question_and_sample():
    whole = hashlib.blake2b(b"11\x1fq-7\x1f2", digest_size=8).hexdigest()
    assert sample_seed(11, "q-7", 2) == int(whole, 16) // 2


def test_seeds_differ_by_each_part_and_fit_a_signed_column():
    seeds = {
        sample_seed(run, f"q{question}", sample)
        for run in (0, 1, -1)
        for question in range(30)
        for sample in range(30)
    }
    assert len(seeds) == 3 * 30 * 30
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_question_and_a_sample_do_not_run_into_one_another():
    assert sample_seed(1, "1", 11) != sample_seed(1, "11", 1)


@pytest.mark.parametrize(
    ("text", "reasoning", "which", "expected"),
    [
        (" 2 + 2 = 4\n", "", BEHIND, Reading(" 2 + 2 = 4\n", "", "2 + 2 = 4")),
        ("<think>hm</think>Four.", "", BEHIND, Reading("<think>hm</think>Four.", "hm", "Four.")),
        (
            "<think>hm</think>Four.",
            "",
            CONTENT,
            Reading("<think>hm</think>Four.", "hm", "<think>hm</think>Four."),
        ),
        ("Four.", "hm", BEHIND, Reading("Four.", "hm", "Four.")),
        ("Four.", "hm, 4", APART, Reading("Four.", "hm, 4", "hm, 4", stated="Four.")),
        (
            "<think>hm</think>Four.",
            "",
            APART,
            Reading("<think>hm</think>Four.", "hm", "hm", stated="Four."),
        ),
        # Cut off while it thought: there is no rationale.
        ("<think>hm and", "", BEHIND, Reading("<think>hm and", "hm and", "")),
        # Some chat templates put the opening tag into the prompt.
        ("hm</think>Four.", "", BEHIND, Reading("hm</think>Four.", "hm", "Four.")),
        ("  \n", "", BEHIND, Reading("  \n", "", "")),
    ],
)
def test_thinking_is_kept_apart_and_the_setting_says_which_text_counts(text, reasoning, which, expected):
    assert read_completion(text, reasoning, which) == expected


def test_thinking_in_the_middle_is_not_lost():
    thought, rest = split_thinking("One. <think>hm</think>Two.")
    assert rest == "One. Two."
    assert "hm" in thought


def test_what_no_database_stores_becomes_the_replacement_character():
    assert storable("a\0b\ud800c😀") == "a\ufffdb\ufffdc😀"
