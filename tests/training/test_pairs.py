"""Preference pairs from right and wrong solutions."""

from __future__ import annotations

from collections import Counter

import pytest

from training.pairs import preference_pairs
from training.records import Pair

PROMPTS = {"a": "a>", "b": "b>", "c": "c>"}


def test_all_of_the_product_by_hand():
    pairs = preference_pairs(
        PROMPTS, {"a": ["x"], "b": ["y", "z"]}, {"a": ["1", "2"], "c": ["3"]}, per_question=99
    )
    # b has nothing wrong, c nothing right.
    assert sorted((p.question, p.prompt, p.chosen, p.rejected) for p in pairs) == [
        ("a", "a>", "x", "1"),
        ("a", "a>", "x", "2"),
    ]
    assert all(isinstance(pair, Pair) and pair.weight == 1 and pair.source == "verdict" for pair in pairs)


@pytest.mark.parametrize(("rights", "wrongs"), [(3, 4), (4, 4), (2, 6), (6, 4), (1, 5)])
def test_without_a_cap_every_pair_comes_once(rights, wrongs):
    right, wrong = [f"r{i}" for i in range(rights)], [f"w{i}" for i in range(wrongs)]
    pairs = preference_pairs({"a": "a>"}, {"a": right}, {"a": wrong}, per_question=999)
    assert {(p.chosen, p.rejected) for p in pairs} == {(r, w) for r in right for w in wrong}
    assert len(pairs) == rights * wrongs


@pytest.mark.parametrize(("rights", "wrongs"), [(3, 4), (2, 6), (6, 4), (4, 4)])
@pytest.mark.parametrize("cap", [2, 4, 7])
def test_a_cap_uses_all_texts_evenly(rights, wrongs, cap):
    pairs = preference_pairs(
        {"a": "a>"},
        {"a": [f"r{i}" for i in range(rights)]},
        {"a": [f"w{i}" for i in range(wrongs)]},
        per_question=cap,
    )
    assert len(pairs) == len({(p.chosen, p.rejected) for p in pairs}) == cap
    for side, size in (("chosen", rights), ("rejected", wrongs)):
        counts = Counter(getattr(pair, side) for pair in pairs)
        times = [*counts.values(), *[0] * (size - len(counts))]
        assert max(times) - min(times) <= 1


def test_equal_texts_count_once():
    pairs = preference_pairs({"a": "a>"}, {"a": ["x", "x"]}, {"a": ["1", "1", "1"]}, per_question=9)
    assert [(p.chosen, p.rejected) for p in pairs] == [("x", "1")]


def test_the_seed_decides_and_a_limit_keeps_the_order():
    prompts = {str(n): f"{n}>" for n in range(50)}
    right, wrong = {key: ["x", "y"] for key in prompts}, {key: ["1", "2"] for key in prompts}
    first = preference_pairs(prompts, right, wrong, per_question=1, seed=1)
    assert first == preference_pairs(prompts, right, wrong, per_question=1, seed=1)
    assert first != preference_pairs(prompts, right, wrong, per_question=1, seed=2)
    few = preference_pairs(prompts, right, wrong, per_question=1, limit=10, seed=1)
    assert len(few) == 10
    assert few == [pair for pair in first if pair in few]


def test_no_pair_per_question_is_refused():
    with pytest.raises(ValueError, match="per_question"):
        preference_pairs(PROMPTS, {}, {}, per_question=0)
