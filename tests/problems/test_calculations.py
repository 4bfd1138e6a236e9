"""Calculator steps, by hand, and on the real files by another way of counting."""

from __future__ import annotations

import random
import time

import pytest

from problems.calculations import count_calculations
from problems.word_problems import make_problem
from tests.problems.real_data import needs_real_data, rows_of

BY_HAND = [
    ("Natalia sold 48/2 = <<48/2=24>>24 in May.\nShe sold 48+24 = <<48+24=72>>72 in all.\n#### 72", 2),
    ("7 + 5 = 12, and 12 * 2 = <<12*2=24>>24", 1),  # with any annotation, annotations alone
    ("No annotation: $2 x 3 = $6, and 20 - 6 - 4 = 10.", 2),
    ("4 * 12 = 48 - 6 = 42", 2),
    ("(3+4)*2 = 14", 1),
    ("5% * 200 = $10.50, 12,000/3=4,000, 3 × .5 = 1.5, 9 ÷ 3 = 3", 4),
    ("3 - -2 = 5", 1),
    ("They sold half as many, so 24.\n#### 24", 0),
    ("Let x = 5, so 2x = 10 and x + 2 = 7. The year 2020-2021.", 0),
    ("An open mark <<3*4= and the end", 0),
    ("<<note>> 3 * 4 = 12", 1),  # no annotation: nothing is computed in it
    ("one mark over\n<<3*4\n=12>> two lines", 0),
    ("<think>6 * 7 = 42 and 1 + 1 = 2</think>6 * 7 = 42", 1),
    ("", 0),
]


@pytest.mark.parametrize(("text", "steps"), BY_HAND)
def test_steps_are_counted_as_a_person_counts_them(text, steps):
    assert count_calculations(text) == steps


def test_made_word_problems_have_the_steps_they_were_made_of():
    rng = random.Random(7)
    for _ in range(200):
        problem = make_problem(rng)
        assert count_calculations(problem.explicit) == len(problem.gold_steps)
        assert count_calculations(problem.terse) == len(problem.gold_steps)
        assert count_calculations(problem.circular) == 0


@pytest.mark.parametrize("runaway", ["1 + " * 50_000, "(" * 50_000 + "1=", "<<" * 50_000, "1  x  " * 20_000])
def test_a_text_that_ran_away_costs_no_time(runaway):
    started = time.perf_counter()
    count_calculations(runaway + "=")
    assert time.perf_counter() - started < 1


@needs_real_data
def test_annotations_of_the_training_file_are_the_23716_that_are_published():
    solutions = [row["answer"] for row in rows_of("gsm8k/train.jsonl")]
    annotated = [solution for solution in solutions if "<<" in solution]
    assert len(solutions) - len(annotated) == 95
    assert sum(map(count_calculations, annotated)) == 23_716
