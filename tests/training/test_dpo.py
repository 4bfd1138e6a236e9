"""DPO on a tiny model."""

from __future__ import annotations

import math

import pytest

from tests.training.test_loop import Killed, KilledAfter
from tests.training.tiny import EIGHT, NAMES, loaded_tiny, same, weights
from training.batching import Example
from training.dpo import agreement_on, dpo
from training.errors import NothingToLearn
from training.loop import Optimisation, Saving
from training.records import Pair
from training.schedule import Schedule
from training.scoring import score_examples

HOW = Optimisation(Schedule(3e-3), batch_size=4)
#: Each number's name is preferred over the next number's.
PAIRS = [
    Pair(str(number), example.prompt, example.completion, f"{NAMES[(number + 1) % 8]}.")
    for number, example in enumerate(EIGHT)
]


def test_it_learns_to_prefer_what_was_chosen():
    policy = loaded_tiny()
    result = dpo(policy, PAIRS, HOW, steps=40, beta=0.5)
    assert result.pairs == 8
    assert result.trained.losses[0] == pytest.approx(math.log(2), abs=1e-5)
    assert result.trained.final_loss < 0.1
    assert agreement_on(policy, PAIRS).agreement == 1


def test_the_reference_is_the_policy_as_it_was_handed_over():
    # With the reference given as a copy of the same weights, nothing changes, bitwise.
    implied, given = loaded_tiny(), loaded_tiny()
    dpo(implied, PAIRS, HOW, steps=5, beta=0.5)
    dpo(given, PAIRS, HOW, steps=5, beta=0.5, reference=loaded_tiny())
    assert same(weights(implied.model), weights(given.model))


def test_another_reference_is_another_starting_point():
    other = loaded_tiny(seed=7)
    result = dpo(loaded_tiny(), PAIRS[:4], HOW, steps=1, beta=0.5, reference=other)
    assert result.trained.losses[0] != pytest.approx(math.log(2), abs=1e-3)


def test_swapped_pairs_teach_the_opposite():
    forth, back = loaded_tiny(), loaded_tiny()
    swapped = [Pair(p.question, p.prompt, p.rejected, p.chosen) for p in PAIRS]
    dpo(forth, PAIRS, HOW, steps=40, beta=0.5)
    dpo(back, swapped, HOW, steps=40, beta=0.5)
    assert (agreement_on(forth, PAIRS).agreement or 0) > 0.8
    assert (agreement_on(back, PAIRS).agreement or 0) < 0.2


def test_a_weight_counts_as_so_many_copies_of_its_pair():
    weighted, copied = loaded_tiny(), loaded_tiny()
    how = Optimisation(Schedule(3e-3), batch_size=99)
    light, heavy = (
        PAIRS[0],
        Pair(PAIRS[1].question, PAIRS[1].prompt, PAIRS[1].chosen, PAIRS[1].rejected, weight=3),
    )
    by_weight = dpo(weighted, [light, heavy], how, steps=3, beta=0.5)
    by_copies = dpo(copied, [light, PAIRS[1], PAIRS[1], PAIRS[1]], how, steps=3, beta=0.5)
    assert by_weight.trained.losses == pytest.approx(by_copies.trained.losses, rel=1e-4)


def test_a_weight_must_be_above_zero():
    with pytest.raises(ValueError, match="weight"):
        dpo(loaded_tiny(), [Pair("0", "a", "b", "c", weight=0)], HOW, steps=1, beta=1)


def test_a_resumed_dpo_ends_with_bitwise_the_same_weights(tmp_path):
    straight = loaded_tiny()
    dpo(straight, PAIRS, HOW, steps=12, beta=2)
    saving = Saving(tmp_path, every=5)
    with pytest.raises(Killed):
        dpo(loaded_tiny(), PAIRS, HOW, steps=12, beta=2, saving=saving, watch=KilledAfter(8))
    resumed = loaded_tiny()
    result = dpo(resumed, PAIRS, HOW, steps=12, beta=2, saving=saving)
    assert result.trained.resumed_at == 5
    assert same(weights(resumed.model), weights(straight.model))


def test_pairs_that_do_not_fit_are_named():
    long = Pair("9", "x" * 150, "y" * 20, "z")
    assert dpo(loaded_tiny(), [long, *PAIRS], HOW, steps=1, beta=1).too_long == [0]
    with pytest.raises(NothingToLearn, match="None of 1 pairs"):
        dpo(loaded_tiny(), [long], HOW, steps=1, beta=1)
    with pytest.raises(NothingToLearn, match="no pair"):
        dpo(loaded_tiny(), [], HOW, steps=1, beta=1)


def test_agreement_on_pairs_compares_the_scores_of_both_sides():
    verifier = loaded_tiny()
    found = agreement_on(verifier, PAIRS)
    chosen = score_examples(verifier, [Example(p.prompt, p.chosen) for p in PAIRS])
    rejected = score_examples(verifier, [Example(p.prompt, p.rejected) for p in PAIRS])
    assert found.agreement == sum(a > b for a, b in zip(chosen, rejected, strict=True)) / 8
    assert found.questions == found.pairs == 8


def test_agreement_when_neither_side_fits_is_a_tie():
    assert agreement_on(loaded_tiny(), [Pair("0", "x" * 200, "a", "b")]).agreement == 0.5
