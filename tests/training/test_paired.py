"""Paired differences, against published and hand-worked figures."""

from __future__ import annotations

import pytest
from scipy import stats

from training.evaluation.paired import mcnemar_p, paired_difference, wilson_interval


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 5), (5, 1), (8, 8), (3, 20), (40, 60)])
def test_mcnemar_is_the_exact_binomial_test(first: int, second: int) -> None:
    expected = stats.binomtest(first, first + second, 0.5).pvalue if first + second else 1.0
    assert mcnemar_p(first, second) == pytest.approx(expected)


def test_a_difference_is_counted_by_hand() -> None:
    first = [True, True, True, True, False, False, True, False]
    second = [True, False, False, True, False, True, False, False]
    found = paired_difference(first, second)
    assert (found.questions, found.only_first, found.only_second) == (8, 3, 1)
    assert found.difference == pytest.approx(0.25)
    assert found.p == pytest.approx(2 * (1 + 4) / 16)
    assert found.low is not None and found.high is not None and found.low < 0.25 < found.high
    turned = paired_difference(second, first)
    assert turned.difference == pytest.approx(-0.25) and turned.only_first == 1


def test_results_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 and 1 results"):
        paired_difference([True, False], [True])
    with pytest.raises(ValueError, match="at least one"):
        paired_difference([], [])


@pytest.mark.parametrize(("right", "of"), [(0, 10), (7, 10), (10, 10), (81, 263)])
def test_an_interval_is_wilsons(right: int, of: int) -> None:
    expected = stats.binomtest(right, of).proportion_ci(method="wilson")
    found = wilson_interval(right / of, of)
    assert found is not None
    assert found == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert wilson_interval(0.5, 0) is None
