"""Simulated studies for the tests of the analysis: who judges what, in which order, with which strengths."""

from itertools import permutations

import numpy as np

from ratings.analysis.table import IntArray
from ratings.analysis.types import JudgedTriple
from ratings.crowd.choice import draw_ranking

ORDERS = tuple(permutations(range(3)))


def paper_design(
    rng: np.random.Generator, *, raters: int = 20, questions: int = 50
) -> tuple[IntArray, IntArray]:
    """Raters and questions of 200 ratings: 10 different questions each, 4 ratings a question."""
    rater = np.repeat(np.arange(raters), 200 // raters)
    question = rng.permutation(questions)[np.arange(200) % questions]
    return rater, question


def judged(
    *groups: tuple[int, ...],
    rater: str | None = "r",
    question: str = "q",
    all_bad: bool = False,
    shown: tuple[int, ...] | None = None,
    beaten: tuple[int, ...] = (),
) -> JudgedTriple:
    return JudgedTriple(
        rater=rater, question=question, ranking=groups, all_bad=all_bad, shown=shown, beaten=beaten
    )


def simulated_study(
    rng: np.random.Generator,
    *,
    strengths: tuple[float, ...] = (0.0, 0.0, 0.0),
    rater_sd: float = 0.0,
    question_sd: float = 0.0,
    left_bias: float = 0.0,
    left_bias_sd: float = 0.0,
    tie_width: float = 0.0,
) -> list[JudgedTriple]:
    """The paper's design with normal effects of raters and questions on each source's strength."""
    raters, questions = paper_design(rng)
    by_rater = rng.normal(0, rater_sd, (raters.max() + 1, 3))
    by_question = rng.normal(0, question_sd, (questions.max() + 1, 3))
    bias = rng.normal(left_bias, left_bias_sd, raters.max() + 1)
    ratings = []
    for rater, question in zip(raters, questions, strict=True):
        shown = ORDERS[rng.integers(6)]
        groups = draw_ranking(
            rng,
            strengths=np.array(strengths) + by_rater[rater] + by_question[question],
            shown=shown,
            left_bias=bias[rater],
            tie_width=tie_width,
        )
        ranking = tuple(tuple(group) for group in groups)
        ratings.append(judged(*ranking, rater=f"r{rater}", question=f"q{question}", shown=shown))
    return ratings
