"""The blinding indices: by hand, against published figures, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from ratings.analysis.blinding import GuessedCard, blinding_index


def cards(human: bool, *, person: int, machine: int, unsure: int, prefix: str = "") -> list[GuessedCard]:
    """So many answers about cards of one kind, each by a rater and about a question of its own."""
    said = [True] * person + [False] * machine + [None] * unsure
    return [
        GuessedCard(rater=f"{prefix}{human}{n}", question=f"{prefix}{human}{n}", human=human, said_human=each)
        for n, each in enumerate(said)
    ]


def test_a_case_worked_by_hand():
    # People's cards: 6 of 10 seen through, 2 not, 2 not told. Machines': 5 right, 3 wrong, 2 not told.
    found = blinding_index(
        cards(True, person=6, machine=2, unsure=2) + cards(False, person=3, machine=5, unsure=2)
    )
    assert found.people.mean == pytest.approx((6 - 2) / 10)
    assert found.machines.mean == pytest.approx((5 - 3) / 10)
    # 16 guessed about, 5 wrongly: 5/16. By chance (8/16)(7/16) + (8/16)(9/16) = 1/2. K = (5/16 - 1/2) / (1/2) = -3/8.
    assert found.james.mean == pytest.approx((1 + 0.2 + 0.8 * -3 / 8) / 2)
    assert (found.cards, found.raters, found.unsure) == (20, 20, 4)


def test_the_published_figures_of_the_crisp_trial():
    # Lovastatin and placebo, guessed lovastatin / placebo / not known: 82, 25, 170 and 27, 29, 83.
    found = blinding_index(
        cards(True, person=82, machine=25, unsure=170) + cards(False, person=27, machine=29, unsure=83)
    )
    # Bang, Ni and Davis, table 2: 0.21 (0.15, 0.26) for the drug at one-sided levels, 0.01 for placebo; James's 0.75.
    assert found.people.mean == pytest.approx(0.2058, abs=5e-5)
    assert found.machines.mean == pytest.approx(0.0144, abs=5e-5)
    assert found.james.mean == pytest.approx(0.75, abs=0.005)
    # The variance of Bang's index in the paper: (p_r (1 - p_r) + p_w (1 - p_w) + 2 p_r p_w) / n.
    right, wrong, n = 82 / 277, 25 / 277, 277
    error = np.sqrt((right * (1 - right) + wrong * (1 - wrong) + 2 * right * wrong) / n)
    assert found.people.low is not None and found.people.high is not None
    assert (found.people.high - found.people.low) / 2 == pytest.approx(1.96 * error, rel=0.03)


@pytest.mark.parametrize(
    ("people", "machines", "bang", "james"),
    [
        ((9, 0, 0), (0, 9, 0), (1, 1), 0),  # all seen through
        ((0, 9, 0), (9, 0, 0), (-1, -1), 1),  # all taken for the opposite
        ((6, 6, 0), (6, 6, 0), (0, 0), 0.5),  # guessing
        ((0, 0, 8), (0, 0, 8), (0, 0), 1),  # nobody could tell
        ((0, 7, 0), (0, 7, 0), (-1, 1), 0.5),  # every card called a machine's
    ],
)
def test_the_ends_and_the_middle(people, machines, bang, james):
    found = blinding_index(
        cards(True, person=people[0], machine=people[1], unsure=people[2])
        + cards(False, person=machines[0], machine=machines[1], unsure=machines[2])
    )
    assert (found.people.mean, found.machines.mean) == pytest.approx(bang)
    assert found.james.mean == pytest.approx(james)
    for interval in (found.people, found.machines, found.james):
        assert interval.low is not None and interval.high is not None and interval.mean is not None
        assert interval.low <= interval.mean <= interval.high


def test_swapping_people_and_machines_swaps_bangs_and_keeps_jamess():
    one = cards(True, person=6, machine=3, unsure=1) + cards(False, person=2, machine=7, unsure=4)
    other = [
        GuessedCard(g.rater, g.question, not g.human, None if g.said_human is None else not g.said_human)
        for g in one
    ]
    here, there = blinding_index(one), blinding_index(other)
    assert (here.people.mean, here.machines.mean) == (there.machines.mean, there.people.mean)
    assert here.james.mean == pytest.approx(there.james.mean)
    assert here.james.low == pytest.approx(there.james.low)


def test_nothing_is_made_up_where_nothing_was_said():
    nothing = blinding_index([])
    assert (nothing.cards, nothing.people.mean, nothing.machines.mean, nothing.james.mean) == (
        0,
        None,
        None,
        None,
    )
    machines = blinding_index(cards(False, person=2, machine=4, unsure=0))
    assert machines.people.mean is None and machines.machines.mean == pytest.approx(1 / 3)
    # Of one kind alone there is nothing to agree about by more than chance.
    assert machines.james.mean == pytest.approx(0.5)


def test_the_influences_are_the_derivative_of_jamess_index():
    """Leaving one card out moves the index by what its influence says: the jackknife's variance is ours."""
    guesses = cards(True, person=30, machine=20, unsure=10) + cards(False, person=25, machine=60, unsure=15)
    whole = blinding_index(guesses).james
    without = [blinding_index(guesses[:n] + guesses[n + 1 :]).james.mean for n in range(len(guesses))]
    n = len(guesses)
    jackknife = (
        (n - 1) / n * np.sum((np.array(without, dtype=float) - np.mean(np.array(without, dtype=float))) ** 2)
    )
    assert whole.low is not None and whole.high is not None and whole.mean is not None
    # On the logit scale, where the interval is made.
    error = np.log(whole.high / (1 - whole.high) * (1 - whole.low) / whole.low) / (2 * 1.97)
    assert error == pytest.approx(np.sqrt(jackknife) / (whole.mean * (1 - whole.mean)), rel=0.02)


def study(random: np.random.Generator, *, raters: int) -> list[GuessedCard]:
    """Raters with an eye and a leaning of their own: three cards of three triples each, one of them a person's."""
    guesses = []
    for rater in range(raters):
        eye, leaning = random.normal(0.5, 0.6), random.normal(-0.4, 0.7)
        shy = random.beta(2, 6)
        for triple in random.choice(30, size=3, replace=False):
            for card in range(3):
                human = card == 0
                towards = leaning + (eye if human else -eye)
                said = None if random.random() < shy else bool(random.random() < 1 / (1 + np.exp(-towards)))
                guesses.append(GuessedCard(f"r{rater}", f"q{triple}", human, said))
    return guesses


def coverage(studies: int) -> dict[str, float]:
    """How often the 95 % intervals hold the true values, which a very large study tells."""
    random = np.random.default_rng(7)
    truth = blinding_index(study(random, raters=40_000))
    hits = {"people": 0, "machines": 0, "james": 0}
    for _ in range(studies):
        found = blinding_index(study(random, raters=40))
        for name in hits:
            interval = getattr(found, name)
            hits[name] += interval.low <= getattr(truth, name).mean <= interval.high
    return {name: count / studies for name, count in hits.items()}


def test_the_intervals_hold_the_true_value_as_often_as_they_say():
    # 200 studies: a Monte Carlo error of 1.5 points; three of them around 95 %.
    for name, share in coverage(200).items():
        assert 0.905 <= share <= 0.995, name


@pytest.mark.slow
def test_the_intervals_hold_the_true_value_in_two_thousand_studies():
    for name, share in coverage(2_000).items():
        assert 0.935 <= share <= 0.97, name
