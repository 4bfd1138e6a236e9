"""Surface features do not tell a degraded text: the lint's own classifier guesses it no better than chance."""

from __future__ import annotations

from random import Random

import pytest

from problems.grading import canonical_answer
from problems.normalise import normalise
from problems.types import Family
from problems.word_problems.making import make_problem
from ratings.quality.degrade import Way, degrade_somehow
from ratings.studies.guess import Guess, guess_sources
from tests.problems.real_data import needs_real_data, rows_of

Texts = list[tuple[str, str]]


def word_problems(count: int) -> Texts:
    made = [make_problem(Random(seed)) for seed in range(count)]
    return [(normalise(one.explicit, Family.WORD_PROBLEM), str(one.answer)) for one in made]


def gsm8k() -> Texts:
    found = [
        (row["answer"], canonical_answer(Family.GSM8K, row["answer"])) for row in rows_of("gsm8k/test.jsonl")
    ]
    return [(normalise(text, Family.GSM8K), answer) for text, answer in found if answer is not None]


def guess(texts: Texts, family: Family, ways: list[Way] | None = None) -> Guess:
    """Triples of one and the same source, the third text degraded: who finds it, finds the damage.

    ways: None for all in turn, as a study's degraded triples are made.
    """
    triples = []
    for turn, start in enumerate(range(0, len(texts) - 2, 3)):
        (one, _), (other, _), (text, answer) = texts[start : start + 3]
        tried = ways or [list(Way)[(turn + n) % len(Way)] for n in range(len(Way))]
        found = degrade_somehow(
            text, tried, random=Random(turn), family=family, answer=answer, others=[one, other]
        )
        if found is not None:
            triples.append([one, other, found[1]])
    assert len(triples) >= len(texts) / 3 * 0.5
    made = guess_sources(triples)
    assert made is not None
    return made


def test_a_mix_of_ways_is_not_told_by_looks():
    found = guess(word_problems(450), Family.WORD_PROBLEM)
    assert not found.is_above_chance, found.sentence


@pytest.mark.slow
@pytest.mark.parametrize("way", [Way.NUMBER, Way.ANSWER])
def test_altered_numbers_and_answers_are_not_told_by_looks(way):
    found = guess(word_problems(1_500), Family.WORD_PROBLEM, [way])
    assert not found.is_above_chance, found.sentence


@pytest.mark.slow
@needs_real_data
def test_real_rationales_are_not_told_by_looks_either():
    found = guess(gsm8k(), Family.GSM8K)
    assert not found.is_above_chance, found.sentence


@pytest.mark.slow
@needs_real_data
def test_nearly_every_real_rationale_can_be_made_worse_in_each_way():
    texts = gsm8k()
    for way, least in ((Way.SHUFFLED, 0.98), (Way.DROPPED, 0.7), (Way.NUMBER, 0.99), (Way.ANSWER, 0.97)):
        made = [
            degrade_somehow(text, [way], random=Random(n), family=Family.GSM8K, answer=answer)
            for n, (text, answer) in enumerate(texts)
        ]
        assert sum(one is not None for one in made) >= least * len(texts), way
