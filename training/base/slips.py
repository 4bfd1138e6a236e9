"""Mistakes in word problems as people make them, so that the base has seen wrong rationales that look right.

A slip changes what is computed, and everything after it follows: the text is consistent, its answer is not the
question's.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from problems.word_problems.making import compute
from problems.word_problems.types import Step, WordProblem

MAX_TRIES = 30


def wrong_number(problem: WordProblem, rng: random.Random) -> list[Step]:
    """The steps with one number mistaken for another one of the story; without the last step where none fits."""
    steps = problem.gold_steps
    numbers = [*problem.distractors, *(number for step in steps for number in (step.left, step.right))]
    for _ in range(MAX_TRIES):
        place, number = rng.randrange(len(steps)), rng.choice(numbers)
        step = steps[place]
        mistaken = replace(step, left=number) if rng.choice((True, False)) else replace(step, right=number)
        followed = _follow([*steps[:place], mistaken, *steps[place + 1 :]], steps)
        if followed is not None and followed[-1].result != problem.answer:
            return followed
    return skip_last(problem)


def skip_last(problem: WordProblem) -> list[Step]:
    """The steps but the last: the answer to another question."""
    return list(problem.gold_steps[:-1])


def wrong_claim(problem: WordProblem, rng: random.Random) -> int:
    """A number that one could take for the answer: a result on the way to it, a distractor, or one close to it."""
    close = [problem.answer + distance for distance in (-10, -2, -1, 1, 2, 10)]
    on_the_way = [step.result for step in problem.gold_steps[:-1]]
    numbers = [*on_the_way, *problem.distractors, *rng.sample(close, 2)]
    return rng.choice([number for number in numbers if number >= 2 and number != problem.answer])


def _follow(steps: Sequence[Step], gold: Sequence[Step]) -> list[Step] | None:
    """The steps computed anew, each wrong result carried on; None if one of them comes to no number from 2 on."""
    followed: list[Step] = []
    changed: dict[int, int] = {}
    for step, right in zip(steps, gold, strict=True):
        left, operand = changed.get(step.left, step.left), changed.get(step.right, step.right)
        result = compute(left, step.operator, operand)
        if result is None or result < 2:
            return None
        if result != right.result:
            changed[right.result] = result
        followed.append(replace(step, left=left, right=operand, result=result))
    return followed
