"""Two-way clustered variances: by hand, against statsmodels, and at their edges."""

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.stats.sandwich_covariance import cov_cluster_2groups

from ratings.analysis.clustering import Clusters, clustered_variance
from ratings.analysis.table import FloatArray

from .designs import paper_design


def influences_of_mean(outcomes: list[float] | FloatArray) -> FloatArray:
    values = np.asarray(outcomes, dtype=np.float64)
    shares: FloatArray = (values - values.mean()) / len(values)
    return shares[:, None]


def test_two_by_two_case_worked_by_hand() -> None:
    # Outcomes 1 1 / 1 0 for raters x questions: mean 3/4, residuals 1/4 1/4 / 1/4 -3/4.
    # Rater sums 1/2, -1/2: V = 2/1 * (1/4 + 1/4) / 16 = 1/16; the same by question.
    # Cells: V = 4/3 * (3 * 1/16 + 9/16) / 16 = 1/16. So V = 1/16 + 1/16 - 1/16.
    spread = clustered_variance(
        influences_of_mean([1, 1, 1, 0]), Clusters(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    )
    assert spread.variance[0] == pytest.approx(1 / 16)
    assert spread.degrees_of_freedom == 1
    assert spread.by == ("rater", "question")
    assert not spread.one_way[0]


def test_it_equals_statsmodels_up_to_its_own_small_sample_factor() -> None:
    rng = np.random.default_rng(5)
    raters, questions = paper_design(rng)
    outcomes = rng.integers(0, 3, 200) / 2 + 0.2 * rng.normal(size=20)[raters]
    fit = sm.OLS(outcomes, np.ones(200)).fit()
    both, by_rater, by_question = (float(v[0, 0]) for v in cov_cluster_2groups(fit, raters, questions))
    ours = clustered_variance(influences_of_mean(outcomes), Clusters(raters, questions))
    assert ours.variance[0] == pytest.approx(both, rel=1e-9)
    one_way = clustered_variance(influences_of_mean(outcomes), Clusters(raters, None))
    assert one_way.variance[0] == pytest.approx(by_rater, rel=1e-9)
    other_way = clustered_variance(influences_of_mean(outcomes), Clusters(None, questions))
    assert other_way.variance[0] == pytest.approx(by_question, rel=1e-9)


def test_raters_of_one_rating_each_leave_the_one_way_variance_by_question() -> None:
    rng = np.random.default_rng(1)
    questions = np.repeat(np.arange(30), 3)
    influences = influences_of_mean(rng.integers(0, 2, 90).astype(float))
    two_way = clustered_variance(influences, Clusters(np.arange(90), questions))
    one_way = clustered_variance(influences, Clusters(None, questions))
    assert two_way.variance[0] == pytest.approx(one_way.variance[0])
    assert two_way.clusters == one_way.clusters == 30


def test_a_sum_that_is_not_positive_falls_back_on_the_larger_one_way_variance() -> None:
    # Rater sums are 0; question sums 0: both one-way variances vanish, cells do not.
    balanced = Clusters(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    assert clustered_variance(influences_of_mean([1, 0, 0, 1]), balanced).variance[0] == 0
    # Six cells, residuals (x, -x, 0 / -x, x, 0 ...) with a small effect of the question left.
    raters, questions = np.repeat([0, 1], 3), np.tile([0, 1, 2], 2)
    outcomes = [1, 0, 0.5, 0, 1, 0.6]
    spread = clustered_variance(influences_of_mean(outcomes), Clusters(raters, questions))
    by_rater = clustered_variance(influences_of_mean(outcomes), Clusters(raters, None)).variance[0]
    by_question = clustered_variance(influences_of_mean(outcomes), Clusters(None, questions)).variance[0]
    assert spread.one_way[0]
    assert spread.variance[0] == max(by_rater, by_question) > 0


def test_a_way_with_a_single_cluster_is_left_out() -> None:
    outcomes = influences_of_mean([1, 0, 1, 1])
    spread = clustered_variance(outcomes, Clusters(np.zeros(4, dtype=np.int64), np.arange(4)))
    assert spread.by == ("question",)
    # 4/3 * (3/16 * 4) / 16: the ordinary variance of a mean.
    assert spread.variance[0] == pytest.approx(np.var([1, 0, 1, 1], ddof=1) / 4)
    alone = clustered_variance(outcomes[:1], Clusters(np.array([0]), np.array([0])))
    assert (alone.by, alone.clusters, alone.degrees_of_freedom) == ((), 1, 0)


def test_columns_are_independent_of_each_other() -> None:
    rng = np.random.default_rng(2)
    raters, questions = paper_design(rng)
    influences = rng.normal(size=(200, 3))
    together = clustered_variance(influences, Clusters(raters, questions)).variance
    apart = [
        clustered_variance(influences[:, [k]], Clusters(raters, questions)).variance[0] for k in range(3)
    ]
    np.testing.assert_allclose(together, apart, rtol=1e-12)
