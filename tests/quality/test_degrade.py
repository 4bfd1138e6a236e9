"""Degraded texts: always visibly worse, never given away by how they look."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from problems import addition
from problems.normalise import normalise
from problems.steps import split_steps
from problems.text import fold
from problems.types import Choice, Family
from problems.word_problems.making import make_problem
from ratings.quality.degrade import CannotDegrade, Way, altered, degrade, degrade_somehow

WATER = [Choice("A", "lake"), Choice("B", "oven"), Choice("C", "river bank"), Choice("D", "ice box")]
NATALIA = (
    "Natalia sold 48/2 = 24 clips in May.\n"
    "She sold 48 clips in April.\n"
    "Natalia sold 48+24 = 72 clips altogether in April and May."
)

WORDS = (
    "so",
    "then",
    "she",
    "takes",
    "apples",
    "away",
    "and",
    "some",
    "of",
    "12",
    "48",
    "7",
    "1,250",
    "3.5",
    "pears",
)

words = st.sampled_from(WORDS)
sentences = st.lists(words, min_size=3, max_size=8).map(lambda parts: " ".join(parts).capitalize() + ".")
steps = st.lists(sentences, min_size=1, max_size=6)
texts = st.tuples(steps, st.sampled_from([" ", "\n", "\n\n"])).map(lambda pair: pair[1].join(pair[0]))
ways = st.sampled_from(list(Way))
families = st.sampled_from(list(Family))


def test_each_way_does_what_it_says():
    def made(way: Way, seed: int = 1) -> str:
        return degrade(NATALIA, way, random=Random(seed), family=Family.GSM8K, answer="72")

    assert sorted(made(Way.SHUFFLED).split("\n")) == sorted(NATALIA.split("\n"))
    assert made(Way.SHUFFLED).split("\n")[-1] != NATALIA.split("\n")[-1]
    assert len(made(Way.DROPPED).split("\n")) == 2 and made(Way.DROPPED).endswith(NATALIA.split("\n")[-1])
    assert (
        len(made(Way.NUMBER)) == len(NATALIA)
        and "= 24" not in made(Way.NUMBER)
        and "= 72" in made(Way.NUMBER)
    )
    assert len(made(Way.ANSWER)) == len(NATALIA) and "72" not in made(Way.ANSWER)


def test_a_choice_is_replaced_by_the_one_most_like_it():
    text = "Water flows where it is deep. Fish live in a lake. The Lake is wet, so it is the lake."
    worse = degrade(
        text, Way.ANSWER, random=Random(1), family=Family.COMMONSENSEQA, answer="A", choices=WATER
    )
    assert worse == text.replace("Lake is wet", "River bank is wet").replace("the lake", "the river bank")


@pytest.mark.parametrize(
    ("way", "text", "reason"),
    [
        (Way.SHUFFLED, "One step only.", "fewer than two"),
        (Way.SHUFFLED, "Again.\nAgain.", "fewer than two"),
        (Way.DROPPED, "First this. Then that.", "fewer than three"),
        (Way.NUMBER, "There is no number here.", "no number"),
        (Way.NUMBER, "It is 72, that is 72.", "no number but the answer"),
        (Way.ANSWER, "Nothing of the kind.", "does not name"),
    ],
)
def test_what_cannot_be_made_worse_is_refused_with_its_reason(way, text, reason):
    with pytest.raises(CannotDegrade, match=reason) as refused:
        degrade(text, way, random=Random(1), family=Family.GSM8K, answer="72")
    assert refused.value.way is way


@settings(max_examples=150, deadline=None)
@given(text=texts, way=ways, family=families, seed=st.integers(0, 1000), choices=st.booleans())
def test_a_degraded_text_is_another_text_that_looks_the_same(text, way, family, seed, choices):
    text = normalise(text, family)
    options = [Choice("A", "apples"), Choice("B", "pears"), Choice("C", "plums")] if choices else []
    arguments = {"family": family, "answer": "A" if choices else "48", "choices": options}
    try:
        worse = degrade(text, way, random=Random(seed), **arguments)
    except CannotDegrade:
        return
    assert fold(worse) != fold(text)
    assert normalise(worse, family) == worse
    assert worse == degrade(text, way, random=Random(seed), **arguments)
    assert worse.count("\n") == text.count("\n") or way is Way.DROPPED
    if way in (Way.SHUFFLED, Way.NUMBER) or (way is Way.ANSWER and not choices):
        assert len(worse) == len(text)
        for mark in ".,!?=+ \n":
            assert worse.count(mark) == text.count(mark)
        assert [character.isdigit() for character in worse] == [
            c.isdigit() for c in text
        ] or way is Way.SHUFFLED
    if way is Way.SHUFFLED:
        assert sorted(fold(worse).split()) == sorted(fold(text).split())
        assert len(split_steps(worse)) == len(split_steps(text))
    if way is Way.DROPPED:
        assert len(text) * 0.5 <= len(worse) < len(text)


@given(number=st.from_regex(r"\A[1-9][0-9]{0,2}(,[0-9]{3}){0,2}(\.[0-9]{1,2})?\Z"), seed=st.integers(0, 99))
def test_an_altered_number_keeps_its_shape(number, seed):
    other = altered(number, Random(seed))
    assert other != number and len(other) == len(number)
    assert [c.isdigit() for c in other] == [c.isdigit() for c in number]
    assert other[0] != "0" or len(number.partition(".")[0]) == 1


def corpus(family: Family) -> list[tuple[str, str, list[Choice]]]:
    """(text as raters see it, gold answer, choices) of a family's own makers."""
    if family is Family.ADDITION:
        pairs = [(random.randint(10, 9_999), random.randint(10, 9_999)) for random in map(Random, range(40))]
        return [(normalise(addition.scratchpad(a, b), family), str(a + b), []) for a, b in pairs]
    if family is Family.WORD_PROBLEM:
        made = [make_problem(Random(seed)) for seed in range(40)]
        return [(normalise(one.explicit, family), str(one.answer), []) for one in made]
    told = "Fish live in water. Water gathers where the ground is low. So one finds fish in a lake."
    return [(normalise(told, family), "A", WATER)]


@pytest.mark.parametrize("family", list(Family))
def test_every_family_has_texts_that_can_be_made_worse_in_several_ways(family):
    texts_of = corpus(family) if family is not Family.GSM8K else [(NATALIA, "72", [])]
    worked: dict[Way, int] = dict.fromkeys(Way, 0)
    for number, (text, answer, choices) in enumerate(texts_of):
        for way in Way:
            found = degrade_somehow(
                text, [way], random=Random(number), family=family, answer=answer, choices=choices
            )
            worked[way] += found is not None
    shares = {way: count / len(texts_of) for way, count in worked.items()}
    assert shares[Way.SHUFFLED] >= 0.9
    assert sum(share >= 0.5 for share in shares.values()) >= 3, shares


def test_the_outcome_never_repeats_a_text_beside_it():
    text = "He has two. He has 4 more. That is six."
    swapped = {
        degrade_somehow(text, [Way.NUMBER], random=Random(seed), family=Family.GSM8K, answer="6", others=())
        for seed in range(40)
    }
    beside = [worse for found in swapped if found for worse in [found[1]] if "5" in worse]
    for seed in range(40):
        found = degrade_somehow(
            text, [Way.NUMBER], random=Random(seed), family=Family.GSM8K, answer="6", others=beside
        )
        assert found is None or "5" not in found[1]
