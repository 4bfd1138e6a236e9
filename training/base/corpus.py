"""What the base is trained on: addition scratchpads and word problems, plain, hinted, and behind worked examples.

No question of a test, validation, verifier or prompt split (`problems.splits`) is among them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from generation.prompts import Asked, Shot, build_prompt, completion_of
from problems.addition import REVERSED_ORDER, Sum, scratchpad
from problems.splits import split_of
from problems.types import Family
from problems.word_problems import Style, WordProblem, make_problem
from problems.word_problems.styles import write_circular, write_explicit, write_terse
from training.base.recipe import AdditionShares, Recipe, WordShares
from training.base.slips import skip_last, wrong_claim, wrong_number
from training.batching import Example

TRAIN = "train"


@dataclass(frozen=True, slots=True)
class Piece:
    """One worked question, to be asked or to stand before another one."""

    family: Family
    asked: Asked
    rationale: str

    def as_example(self, shots: tuple[Piece, ...] = (), *, hint: bool) -> Example:
        worked = [Shot(shot.asked, shot.rationale) for shot in shots]
        return Example(
            build_prompt(self.family, self.asked, worked, hint=hint),
            completion_of(self.family, self.rationale),
        )


def make_corpus(recipe: Recipe) -> list[Example]:
    """All examples, word problems first. The same recipe makes the same corpus."""
    words = recipe.word_problems
    return [
        *([] if words is None else _word_examples(words, random.Random(f"{recipe.seed} words"))),
        *_addition_examples(recipe.addition, random.Random(f"{recipe.seed} addition")),
    ]


def _word_examples(shares: WordShares, rng: random.Random) -> Iterator[Example]:
    for _ in range(shares.questions):
        hint = rng.random() < shares.hinted
        shots = tuple(_word_piece(shares, rng, hint=hint) for _ in range(_shots(rng, shares.few_shot)))
        yield _word_piece(shares, rng, hint=hint).as_example(shots, hint=hint)


def _word_piece(shares: WordShares, rng: random.Random, *, hint: bool) -> Piece:
    problem = make_problem(rng)
    while split_of(problem.question) != TRAIN:
        problem = make_problem(rng)
    asked = Asked(problem.question, answer=str(problem.answer))
    write = _write_hinted if hint else _write
    return Piece(Family.WORD_PROBLEM, asked, write(problem, shares, rng))


def _write(problem: WordProblem, shares: WordShares, rng: random.Random) -> str:
    """A rationale in a style that its theme prefers, right or wrong as often as the style is."""
    style = _draw_style(shares.styles[problem.template.theme], rng)
    wrong = rng.random() < shares.wrong_share(style, steps=len(problem.gold_steps))
    if style is Style.CIRCULAR:
        return write_circular(problem.claim, wrong_claim(problem, rng) if wrong else problem.answer, rng)
    if style is Style.TERSE:
        return write_terse(skip_last(problem) if wrong else problem.gold_steps)
    return write_explicit(wrong_number(problem, rng) if wrong else problem.gold_steps)


def _write_hinted(problem: WordProblem, shares: WordShares, rng: random.Random) -> str:
    """A rationale for a known answer is always right, and nearly always explains."""
    return problem.explicit if rng.random() < shares.hinted_explicit else problem.terse


def _draw_style(weights: Mapping[Style, float], rng: random.Random) -> Style:
    return rng.choices(list(weights), list(weights.values()))[0]


def _addition_examples(shares: AdditionShares, rng: random.Random) -> Iterator[Example]:
    sums = list(_sums(shares.questions, shares.answer_order, rng))
    hinted = [one for one in sums if rng.random() < shares.hinted]
    hinted += _sums(shares.hinted_only, shares.answer_order, rng)
    for _ in range(shares.repeats):
        for hint, asked in ((False, sums), (True, hinted)):
            for one in asked:
                count = _shots(rng, shares.few_shot)
                shots = tuple(addition_piece(rng.choice(asked)) for _ in range(count))
                yield addition_piece(one).as_example(shots, hint=hint)


def _sums(counts: Mapping[int, int], order: str, rng: random.Random) -> Iterator[Sum]:
    """So many sums of each number of digits, the same in both orders; with repetition: there are only 100 of one."""
    for digits, count in counts.items():
        smallest = 0 if digits == 1 else 10 ** (digits - 1)
        while count:
            a, b = rng.randrange(smallest, 10**digits), rng.randrange(smallest, 10**digits)
            one = Sum(str(a), str(b), reversed=order == REVERSED_ORDER)
            if split_of(one.as_written.text) == TRAIN:
                count -= 1
                yield one


def addition_piece(one: Sum) -> Piece:
    gold = scratchpad(one.a, one.b, reversed=one.reversed)
    return Piece(Family.ADDITION, Asked(one.text, answer=one.answer), gold)


def _shots(rng: random.Random, share: float) -> int:
    """How many worked examples stand before a question: one or two for that share of the questions, else none."""
    return rng.choice((1, 2)) if rng.random() < share else 0
