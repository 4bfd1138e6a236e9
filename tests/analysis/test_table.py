"""Ratings as arrays."""

import numpy as np
import pytest

from ratings.analysis.table import rating_table

from .designs import judged


def test_tied_sources_share_the_mean_of_their_ranks_and_unranked_ones_have_none() -> None:
    table = rating_table(
        [
            judged((2,), (0, 1), question="q1"),
            judged((0, 1, 2), question="q2"),
            judged((1,), question="q3"),
            judged(question="q4", all_bad=True),
        ],
        source_count=3,
    )
    nan = np.nan
    expected = [[2.5, 2.5, 1], [2, 2, 2], [nan, 1, nan], [nan, nan, nan]]
    np.testing.assert_array_equal(table.ranks, expected)


def test_an_outcome_is_one_half_or_zero_for_the_first_source_and_missing_when_one_is_left_out() -> None:
    table = rating_table(
        [judged((0,), (1, 2), question="q1"), judged((2,), (0,), question="q2")],
        source_count=3,
    )
    np.testing.assert_array_equal(table.outcomes(0, 1), [1, np.nan])
    np.testing.assert_array_equal(table.outcomes(1, 2), [0.5, np.nan])
    np.testing.assert_array_equal(table.outcomes(0, 2), [1, 0])


def test_raters_are_counted_unless_one_is_anonymous() -> None:
    named = [
        judged((0,), rater="x", question="q1"),
        judged((0,), rater="x", question="q2"),
        judged((0,), rater="y"),
    ]
    assert rating_table(named, source_count=3).rater_count == 2
    mixed = rating_table([*named, judged((0,), rater=None), judged((1,), rater=None)], source_count=3)
    assert mixed.rater_count is None
    assert mixed.raters is not None
    assert mixed.raters.tolist() == [0, 0, 1, 2, 3]
    assert rating_table([judged((0,), rater=None)], source_count=3).raters is None
    assert rating_table([], source_count=3).rater_count == 0


def test_an_anonymous_rating_never_shares_a_code_with_a_rater_whose_name_is_a_number() -> None:
    table = rating_table([judged((0,), rater="1"), judged((0,), rater=None)], source_count=3)
    assert table.raters is not None
    assert len(set(table.raters.tolist())) == 2


@pytest.mark.parametrize("ranking", [((0,), (0,)), ((0, 0),), ((3,),), ((-1,),)])
def test_a_ranking_with_a_source_twice_or_unknown_is_refused(ranking: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(ValueError, match="ranking of question 'q'"):
        rating_table([judged(*ranking)], source_count=3)


@pytest.mark.parametrize("shown", [(0,), (0, 0), (0, 1, 1), (0, 1, 3), (0, 1, 2, 0), ()])
def test_a_shown_order_that_is_not_two_or_three_different_sources_is_refused(shown: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shown of question 'q'"):
        rating_table([judged((0,), shown=shown)], source_count=3)


def test_two_ratings_of_one_question_by_one_rater_are_refused() -> None:
    with pytest.raises(ValueError, match="rater 'r' has two ratings of question 'q'"):
        rating_table([judged((0,)), judged((1,))], source_count=3)
