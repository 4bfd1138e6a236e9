"""Agreement against the krippendorff package, by plain counting, and at its ends."""

from itertools import combinations

import krippendorff
import numpy as np
import pytest

from ratings.analysis.agreement import agreement
from ratings.analysis.table import RatingTable, rating_table
from ratings.analysis.types import JudgedTriple

from .designs import judged, simulated_study


def krippendorff_alpha(table: RatingTable) -> float:
    """The package's alpha on a raters x units matrix; an anonymous rating is a row of its own."""
    raters = np.arange(len(table.ranks)) if table.raters is None else table.raters
    cells = np.full((raters.max() + 1, table.questions.max() + 1, table.sources), np.nan)
    cells[raters, table.questions] = table.ranks
    matrix = cells.reshape(len(cells), -1)
    return float(krippendorff.alpha(matrix, level_of_measurement="ordinal"))


def partial(ratings: list[JudgedTriple], rng: np.random.Generator) -> list[JudgedTriple]:
    """The same ratings, the last group left out of some."""
    return [
        judged(*(r.ranking[:-1] if rng.random() < 0.3 else r.ranking), rater=r.rater, question=r.question)
        for r in ratings
    ]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("anonymous", [False, True])
def test_alpha_equals_the_krippendorff_package_with_ties_and_partial_rankings(
    seed: int, anonymous: bool
) -> None:
    rng = np.random.default_rng(seed)
    ratings = partial(simulated_study(rng, strengths=(1.0, 0.0, -1.0), question_sd=1.0, tie_width=0.5), rng)
    if anonymous:
        ratings = [judged(*r.ranking, rater=None, question=r.question) for r in ratings]
    table = rating_table(ratings, source_count=3)
    assert agreement(table).alpha_ordinal == pytest.approx(krippendorff_alpha(table), abs=1e-10)


def test_pairwise_percent_equals_counting_every_pair_of_raters() -> None:
    rng = np.random.default_rng(9)
    ratings = partial(simulated_study(rng, question_sd=1.0, tie_width=0.7), rng)
    agreeing = decisions = 0
    for one, other in combinations(ratings, 2):
        if one.question != other.question:
            continue
        for a, b in combinations(range(3), 2):
            verdicts = [_verdict(rating, a, b) for rating in (one, other)]
            if None not in verdicts:
                decisions += 1
                agreeing += verdicts[0] == verdicts[1]
    found = agreement(rating_table(ratings, source_count=3)).pairwise_percent
    assert found == pytest.approx(100 * agreeing / decisions)


def _verdict(rating: JudgedTriple, a: int, b: int) -> int | None:
    place = {source: rank for rank, group in enumerate(rating.ranking) for source in group}
    return None if a not in place or b not in place else (place[a] > place[b]) - (place[a] < place[b])


def test_same_rankings_agree_fully() -> None:
    ratings = [judged((0,), (1,), (2,), rater=rater, question=q) for rater in "xyz" for q in ("q1", "q2")]
    result = agreement(rating_table(ratings, source_count=3))
    assert (result.alpha_ordinal, result.pairwise_percent, result.units) == (1.0, 100.0, 6)


def test_opposed_rankings_of_one_triple_by_hand() -> None:
    # Units (1, 3), (2, 2), (3, 1): each rank twice, so squared distances 4 (neighbours) and 16 (ends).
    # Observed: ranks 1 and 3 meet 4 times, 4 * 16 = 64. Expected: 2 * 2 * 2 * (4 + 4 + 16) = 192.
    # alpha = 1 - (6 - 1) * 64 / 192. All three pairs of sources are reversed.
    ratings = [judged((0,), (1,), (2,), rater="x"), judged((2,), (1,), (0,), rater="y")]
    result = agreement(rating_table(ratings, source_count=3))
    assert result.alpha_ordinal == pytest.approx(-2 / 3)
    assert (result.pairwise_percent, result.units) == (0.0, 3)


@pytest.mark.parametrize(
    ("ratings", "percent", "units"),
    [
        ([], None, 0),
        ([judged((0,), (1,), (2,))], None, 0),
        ([judged((0, 1, 2), rater="x"), judged((0, 1, 2), rater="y")], 100.0, 3),
        ([judged((0,), rater="x"), judged((1,), rater="y")], None, 0),
        ([judged(all_bad=True, rater="x"), judged(all_bad=True, rater="y")], None, 0),
    ],
    ids=["no ratings", "one rater", "everything tied", "nothing in common", "empty rankings"],
)
def test_alpha_is_undefined_without_two_ranks_of_a_source_or_without_variation(
    ratings: list[JudgedTriple], percent: float | None, units: int
) -> None:
    result = agreement(rating_table(ratings, source_count=3))
    assert (result.alpha_ordinal, result.pairwise_percent, result.units) == (None, percent, units)
