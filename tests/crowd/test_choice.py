"""Simulated rankings follow the model that they are said to follow."""

from itertools import combinations, permutations
from math import exp

import numpy as np
import pytest
from scipy import stats

from ratings.crowd.choice import draw_ranking

STRENGTHS = (1.0, 0.2, -1.2)


def test_rankings_without_ties_follow_plackett_luce_and_pairs_bradley_terry() -> None:
    rng, draws = np.random.default_rng(0), 20_000
    counts = dict.fromkeys(permutations(range(3)), 0)
    for _ in range(draws):
        groups = draw_ranking(rng, strengths=STRENGTHS, shown=(2, 0, 1), left_bias=0, tie_width=0)
        counts[tuple(source for (source,) in groups)] += 1
    weights = [exp(strength) for strength in STRENGTHS]
    expected = [
        draws * weights[a] / sum(weights) * weights[b] / (weights[b] + weights[c]) for a, b, c in counts
    ]
    assert stats.chisquare(list(counts.values()), expected).pvalue > 0.001
    for a, b in combinations(range(3), 2):
        won = sum(count for order, count in counts.items() if order.index(a) < order.index(b))
        chance = 1 / (1 + exp(STRENGTHS[b] - STRENGTHS[a]))
        assert stats.binomtest(won, draws, chance).pvalue > 0.001


def test_left_bias_is_added_strength_of_whatever_stands_first() -> None:
    rng, draws = np.random.default_rng(1), 10_000
    first = sum(
        draw_ranking(rng, strengths=(0, 0), shown=(1, 0), left_bias=0.7, tie_width=0)[0] == [1]
        for _ in range(draws)
    )
    assert stats.binomtest(first, draws, 1 / (1 + exp(-0.7))).pvalue > 0.001


def test_two_sources_tie_as_often_as_a_logistic_difference_is_within_the_width() -> None:
    rng, draws = np.random.default_rng(2), 10_000
    ties = sum(
        len(draw_ranking(rng, strengths=(0.3, 0), shown=(0, 1), left_bias=0, tie_width=0.5)) == 1
        for _ in range(draws)
    )
    chance = stats.logistic.cdf(0.5, loc=0.3) - stats.logistic.cdf(-0.5, loc=0.3)
    assert stats.binomtest(ties, draws, chance).pvalue > 0.001


def test_ties_chain_from_each_source_to_the_next() -> None:
    def still(strengths: tuple[float, ...], tie_width: float) -> list[list[int]]:
        # Strengths so far above the noise that it only moves their differences by less than a millionth.
        scaled = tuple(1e8 * strength for strength in strengths)
        rng = np.random.default_rng(0)
        return draw_ranking(rng, strengths=scaled, shown=(0, 1, 2), left_bias=0, tie_width=1e8 * tie_width)

    assert still((0, 0.4, 0.8), 0.5) == [[2, 1, 0]]
    assert still((0, 0.6, 1.0), 0.5) == [[2, 1], [0]]
    assert still((0, 0.6, 1.2), 0.5) == [[2], [1], [0]]
    assert still((0, 1, 2), 0) == [[2], [1], [0]]


def test_a_seed_repeats_its_rankings_and_every_shown_source_is_ranked_once() -> None:
    def rankings(seed: int) -> list[list[list[int]]]:
        rng = np.random.default_rng(seed)
        return [
            draw_ranking(rng, strengths=(0,) * 5, shown=(4, 1, 3), left_bias=0.2, tie_width=0.6)
            for _ in range(50)
        ]

    assert rankings(1) == rankings(1) != rankings(2)
    assert all(sorted(sum(groups, [])) == [1, 3, 4] for groups in rankings(1))


def test_wrong_arguments_are_named() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="tie_width is -0.1; expected 0 or more"):
        draw_ranking(rng, strengths=(0, 0), shown=(0, 1), left_bias=0, tie_width=-0.1)
    with pytest.raises(ValueError, match="expected source indices from 0 to 1"):
        draw_ranking(rng, strengths=(0, 0), shown=(0, 2), left_bias=0, tie_width=0)
