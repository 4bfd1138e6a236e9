"""The draw: fair by seed, blind to labels, and exact about what it left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from scipy.stats import chisquare

from ratings.studies.draw import (
    Candidate,
    Draw,
    QuestionCandidates,
    base_order,
    choose,
    draw_triples,
    keyed_hash,
)


def candidate(source: int, name: str, *, verdict: str = "correct", agrees: bool | None = None) -> Candidate:
    """A rationale whose text is `name`: equal names are equal texts."""
    return Candidate(
        abs(hash((source, name))), source, f"digest of {name}", f"fold of {name}", verdict, agrees
    )


def question(number: int, *candidates: Candidate, split: str = "train") -> QuestionCandidates:
    own = candidates or tuple(candidate(source, f"{number}-{source}") for source in range(3))
    return QuestionCandidates(question=number, key=f"q{number}", split=split, candidates=own)


def draw(questions: list[QuestionCandidates], *, wanted: int, seed: int = 0, **options: bool) -> Draw:
    return draw_triples(questions, sources=3, wanted=wanted, seed=seed, **options)


def keys(found: Draw) -> list[str]:
    return [triple.key for triple in found.triples]


def test_every_question_is_drawn_equally_often_over_seeds():
    pool = [question(number) for number in range(10)]
    counts = Counter(key for seed in range(2_000) for key in keys(draw(pool, wanted=3, seed=seed)))
    assert sum(counts.values()) == 6_000
    assert chisquare([counts[f"q{number}"] for number in range(10)]).pvalue > 0.001


def test_every_place_of_the_drawn_order_is_as_fair():
    pool = [question(number) for number in range(6)]
    firsts = Counter(keys(draw(pool, wanted=6, seed=seed))[0] for seed in range(1_800))
    assert chisquare([firsts[f"q{number}"] for number in range(6)]).pvalue > 0.001


def test_a_text_that_came_three_times_is_chosen_three_times_as_often():
    often, once = candidate(0, "often"), candidate(0, "once")
    asked = question(1, replace(often, copies=3), once, candidate(1, "b"), candidate(2, "c"))
    counts = Counter(
        draw([asked], wanted=1, seed=seed).triples[0].candidates[0].folded for seed in range(2_000)
    )
    assert chisquare([counts[often.folded], counts[once.folded]], [1_500, 500]).pvalue > 0.001


def test_every_sample_of_a_source_is_chosen_equally_often_over_seeds():
    samples = [candidate(0, f"sample {number}") for number in range(4)]
    asked = question(1, *samples, candidate(1, "b"), candidate(2, "c"))
    counts = Counter(
        draw([asked], wanted=1, seed=seed).triples[0].candidates[0].folded for seed in range(2_000)
    )
    assert len(counts) == 4
    assert chisquare(list(counts.values())).pvalue > 0.001


def test_the_same_seed_draws_the_same_whatever_the_order_of_rows():
    pool = [question(number) for number in range(40)]
    shuffled = Random(3).sample(pool, 40)
    assert keys(draw(pool, wanted=12, seed=5)) == keys(draw(shuffled, wanted=12, seed=5))
    assert keys(draw(pool, wanted=12, seed=5)) != keys(draw(pool, wanted=12, seed=6))


def test_renaming_sources_draws_the_same_questions_and_samples():
    def pool(sources: tuple[int, int, int]) -> list[QuestionCandidates]:
        return [
            question(
                n, *(candidate(s, f"{n}-{text}-{k}") for text, s in enumerate(sources) for k in range(3))
            )
            for n in range(20)
        ]

    def drawn(sources: tuple[int, int, int]) -> list[tuple[str, set[str]]]:
        found = draw(pool(sources), wanted=8)
        return [(triple.key, {c.folded for c in triple.candidates}) for triple in found.triples]

    assert drawn((0, 1, 2)) == drawn((2, 0, 1)) == drawn((1, 0, 2))


def test_what_is_left_out_is_counted_by_reason():
    pool = [
        question(1),
        question(2, split="prompt"),
        question(3, candidate(0, "a"), candidate(1, "b")),
        question(4, candidate(0, "a"), candidate(1, "b"), candidate(2, "c", verdict="wrong")),
        question(5, candidate(0, "a"), candidate(1, "b"), candidate(2, "c", verdict="unparsable")),
        question(6, candidate(0, "a", verdict="given"), candidate(1, "b"), candidate(2, "c")),
        question(7, candidate(0, "a", agrees=False), candidate(1, "b"), candidate(2, "c")),
    ]
    plain = draw(pool, wanted=10)
    assert sorted(keys(plain)) == ["q1", "q6", "q7"]
    assert plain.excluded == {"missing_rationale": 1, "no_right_answer": 2, "prompt_split": 1}
    assert (plain.considered, plain.eligible) == (7, 3)
    strict = draw(pool, wanted=10, strict_text=True)
    assert sorted(keys(strict)) == ["q1", "q6"]
    assert strict.excluded["text_disagrees"] == 1
    anything = draw(pool, wanted=10, any_answer=True)
    assert sorted(keys(anything)) == ["q1", "q4", "q5", "q6", "q7"]
    assert anything.excluded == {"missing_rationale": 1, "prompt_split": 1}


def test_a_right_sample_is_taken_where_a_source_has_wrong_ones_too():
    mixed = [candidate(0, f"w{n}", verdict="wrong") for n in range(5)] + [candidate(0, "right")]
    asked = question(1, *mixed, candidate(1, "b"), candidate(2, "c"))
    for seed in range(30):
        assert draw([asked], wanted=1, seed=seed).triples[0].candidates[0].folded == "fold of right"


def test_questions_of_the_prompt_are_never_drawn():
    pool = [question(number, split="prompt") for number in range(5)]
    found = draw(pool, wanted=5, any_answer=True)
    assert found.triples == [] and found.excluded == {"prompt_split": 5}


def test_a_source_avoids_a_text_that_another_source_shows():
    asked = question(1, candidate(0, "same"), candidate(1, "same"), candidate(1, "own"), candidate(2, "c"))
    for seed in range(30):
        chosen = choose(asked, sources=3, seed=seed, any_answer=False, strict_text=False)
        assert not isinstance(chosen, str)
        assert [c.folded for c in chosen.candidates] == ["fold of same", "fold of own", "fold of c"]


def test_identical_texts_come_last_and_are_counted_when_they_are_not_needed():
    twins = [
        question(n, candidate(0, f"t{n}"), candidate(1, f"t{n}"), candidate(2, f"{n}")) for n in range(5)
    ]
    others = [question(number) for number in range(10, 14)]
    for seed in range(20):
        enough = draw(twins + others, wanted=4, seed=seed)
        assert sorted(keys(enough)) == ["q10", "q11", "q12", "q13"]
        assert enough.excluded == {"identical_texts": 5} and enough.eligible == 4
        short = draw(twins + others, wanted=6, seed=seed)
        assert sorted(keys(short)[:4]) == ["q10", "q11", "q12", "q13"]
        assert short.excluded == {"identical_texts": 3} and short.eligible == 6


def test_too_few_questions_are_all_drawn():
    found = draw([question(1), question(2)], wanted=50)
    assert len(found.triples) == 2 and found.excluded == {}


@pytest.mark.parametrize("seed", [0, -1, 2**63 - 1])
def test_a_keyed_hash_is_a_63_bit_number_of_its_parts(seed):
    assert 0 <= keyed_hash(seed, "a", "b") < 2**63
    assert len({keyed_hash(seed, "a", "b"), keyed_hash(seed, "ab"), keyed_hash(seed, "b", "a")}) == 3


def test_the_base_order_follows_the_texts_not_their_places():
    digests = ["one", "two", "three"]
    arranged = [digests[index] for index in base_order(digests, seed=4)]
    for other in (["two", "one", "three"], ["three", "two", "one"]):
        assert [other[index] for index in base_order(other, seed=4)] == arranged
    firsts = Counter(digests[base_order(digests, seed=seed)[0]] for seed in range(900))
    assert chisquare(list(firsts.values())).pvalue > 0.001
