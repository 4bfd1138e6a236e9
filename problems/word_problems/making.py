"""Filling a template: people, things and numbers are drawn until every result is a whole number from 2 to 99."""

from __future__ import annotations

import random
from collections.abc import Mapping

from problems.word_problems.distractors import draw_distractors
from problems.word_problems.stories import TEMPLATES
from problems.word_problems.styles import write_circular, write_explicit, write_terse
from problems.word_problems.types import Step, Template, WordProblem
from problems.word_problems.words import NAMES, THINGS

#: Results below 2 would need the singular; above 99 a number is no single token of the small models.
SMALLEST, LARGEST = 2, 99
MAX_TRIES = 10_000


def make_problem(rng: random.Random, template: Template | None = None) -> WordProblem:
    """One problem, of `template` or of a random one. The same state of `rng` gives the same problem."""
    chosen = template or rng.choice(TEMPLATES)
    words = _draw_words(rng)
    numbers, results = _draw_numbers(rng, chosen)
    slots = {**words, **{name: str(number) for name, number in numbers.items()}}
    story = [sentence.format_map(slots) for sentence in chosen.story]
    distractors = draw_distractors(rng, chosen.theme, words, taken=set(numbers.values()))
    for sentence, _ in distractors:
        story.insert(rng.randrange(len(story) + 1), sentence)
    question = " ".join([*story, chosen.question.format_map(slots)])
    gold_steps = _steps(chosen, {**words, "it": "{it}"}, numbers, results)
    claim = chosen.claim.format_map({**words, "it": "{it}"})
    answer = gold_steps[-1].result
    return WordProblem(
        template=chosen,
        question=question,
        answer=answer,
        gold_steps=gold_steps,
        claim=claim,
        distractors=tuple(number for _, number in distractors),
        explicit=write_explicit(gold_steps),
        terse=write_terse(gold_steps),
        circular=write_circular(claim, answer, rng),
    )


def _draw_words(rng: random.Random) -> dict[str, str]:
    a, b, c = rng.sample(NAMES, 3)
    thing, other = rng.sample(THINGS, 2)
    return {
        "a": a, "b": b, "c": c, "thing": thing.one, "things": thing.many, "boxes": thing.boxes,
        "other": other.one, "others": other.many,
    }  # fmt: skip


def _draw_numbers(rng: random.Random, template: Template) -> tuple[dict[str, int], dict[str, int]]:
    """The numbers of the story, all different, and the results of its steps."""
    for _ in range(MAX_TRIES):
        numbers = {name: rng.randint(low, high) for name, (low, high) in template.ranges.items()}
        results = _results(template, numbers)
        if results is not None and len(set(numbers.values())) == len(numbers):
            return numbers, results
    raise ValueError(
        f"template {template.name!r}: its ranges allow no numbers; expected results from 2 to 99"
    )


def _results(template: Template, numbers: Mapping[str, int]) -> dict[str, int] | None:
    """The result of each step; None if one of them is no whole number from 2 to 99."""
    results: dict[str, int] = {}
    for rule in template.rules:
        known = {**numbers, **results}
        result = compute(_operand(rule.left, known), rule.operator, _operand(rule.right, known))
        if result is None or not SMALLEST <= result <= LARGEST:
            return None
        results[rule.name] = result
    return results


def compute(left: int, operator: str, right: int) -> int | None:
    """One step of a calculator; None where a division is not exact. operator: one of + - * /."""
    if operator == "/":
        return left // right if right and left % right == 0 else None
    return {"+": left + right, "-": left - right, "*": left * right}[operator]


def _operand(name: str, known: Mapping[str, int]) -> int:
    return int(name) if name.isdigit() else known[name]


def _steps(
    template: Template, words: Mapping[str, str], numbers: Mapping[str, int], results: Mapping[str, int]
) -> tuple[Step, ...]:
    known = {**numbers, **results}
    return tuple(
        Step(
            text=rule.text.format_map(words),
            left=_operand(rule.left, known),
            operator=rule.operator,
            right=_operand(rule.right, known),
            result=results[rule.name],
        )
        for rule in template.rules
    )
