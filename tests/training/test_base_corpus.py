"""What the base is trained on: the recipe, the corpus that it makes, and the mistakes in it."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from problems.addition import Sum, is_valid_scratchpad
from problems.grading import grade
from problems.splits import split_of
from problems.types import Family, Verdict
from problems.word_problems import Style, make_problem, style_of
from problems.word_problems.making import compute
from problems.word_problems.styles import write_explicit
from training.base.corpus import addition_piece, make_corpus
from training.base.recipe import RECIPE, Recipe, WordShares, read_recipe, with_seed
from training.base.slips import skip_last, wrong_claim, wrong_number
from training.batching import Example
from training.recipes.errors import RecipeError

_HINTED_WORDS = re.compile(r" \([0-9]+\)\nA:$")


def shares(recipe: Recipe) -> WordShares:
    assert recipe.word_problems is not None
    return recipe.word_problems


@cache
def small() -> Recipe:
    recipe = read_recipe()
    return replace(
        recipe,
        word_problems=replace(shares(recipe), questions=3000),
        addition=replace(recipe.addition, questions={1: 50, 2: 200, 3: 100}, hinted_only={4: 50}, repeats=1),
    )


@cache
def corpus() -> tuple[Example, ...]:
    return tuple(make_corpus(small()))


def question_of(example: Example) -> str:
    """The last question of a prompt, without its hint."""
    last = example.prompt.rpartition("\n\n")[2]
    if last.startswith("Input:"):
        digits = last.splitlines()[1]
        return " + ".join(number.replace(" ", "") for number in digits.split(" + "))
    return _HINTED_WORDS.sub("\nA:", last).removeprefix("Q: ").removesuffix("\nA:")


def is_addition(example: Example) -> bool:
    return "Target:" in example.prompt


def is_hinted(example: Example) -> bool:
    if is_addition(example):
        return not example.prompt.endswith("Target:\n")
    return _HINTED_WORDS.search(example.prompt) is not None


def test_the_recipe_makes_what_it_says() -> None:
    words = [one for one in corpus() if not is_addition(one)]
    sums = [one for one in corpus() if is_addition(one)]
    assert len(words) == 3000
    assert sum(not is_hinted(one) for one in sums) == 350
    assert sum(is_hinted(one) for one in sums) == pytest.approx(50 + 350 * small().addition.hinted, abs=40)
    hinted = sum(map(is_hinted, words)) / 3000
    assert hinted == pytest.approx(shares(small()).hinted, abs=0.04)
    behind_shots = sum("\n\n" in one.prompt for one in words) / 3000
    assert behind_shots == pytest.approx(shares(small()).few_shot, abs=0.03)


def test_the_figures_base_is_shown_no_long_sum_without_its_hint() -> None:
    recipe = read_recipe(RECIPE.with_name("addition.toml"))
    shortened = replace(recipe, addition=replace(recipe.addition, repeats=1))
    plain: Counter[int] = Counter()
    hinted: Counter[int] = Counter()
    for example in make_corpus(shortened):
        assert is_addition(example)
        assert is_valid_scratchpad(question_of(example), example.completion)
        assert split_of(question_of(example)) == "train"
        (hinted if is_hinted(example) else plain)[len(question_of(example).split(" + ")[0])] += 1
    assert recipe.word_problems is None
    assert plain == recipe.addition.questions and max(plain) == 2
    assert all(hinted[digits] == count for digits, count in recipe.addition.hinted_only.items())


def test_bases_of_both_orders_are_shown_the_same_sums(tmp_path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE.with_name("addition.toml").read_text(encoding="utf-8"), encoding="utf-8")
    orders = ("written", "reversed")
    recipes = [read_recipe(path, {"addition.answer_order": order, "addition.repeats": 1}) for order in orders]
    written, backwards = (make_corpus(recipe) for recipe in recipes)
    assert len(written) == len(backwards)
    shown = [one.prompt.replace(", digits of the sum reversed", "").splitlines()[1] for one in backwards]
    assert shown == [one.prompt.splitlines()[1] for one in written]
    for one, other in zip(written, backwards, strict=True):
        assert is_hinted(one) == is_hinted(other)
        assert one.completion.splitlines()[1] == other.completion.splitlines()[1]
        assert other.completion.splitlines()[-1] == one.completion.splitlines()[-1][::-1]


#: 86 + 57 by hand: 6 + 7 is 13, 3 and carry 1; 8 + 5 + 1 is 14, 4 and carry 1.
BACKWARDS = """<scratch>
8 6 + 5 7 , C: 0
8 + 5 , 3 C: 1
, 3 4 C: 1
3 4 1
</scratch>
3 4 1"""


def test_a_reversed_sum_is_shown_with_its_new_digits_behind_the_others() -> None:
    piece = addition_piece(Sum("86", "57", reversed=True))
    hinted = piece.as_example(hint=True)
    assert hinted.prompt == "Input:\n8 6 + 5 7, digits of the sum reversed\nTarget: 3 4 1\n"
    assert hinted.completion == BACKWARDS


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("addition.answer_order", "backwards", "written or reversed"),
        ("addition.order", "reversed", "one of answer_order, few_shot, hinted"),
        ("adition.answer_order", "reversed", "a key in one of the tables addition"),
        ("stepz", 3, "one of addition, model"),
        ("steps", "many", "a whole number of at least 1"),
        ("seed", -1, "a whole number of at least 0"),
        ("optimisation.clip", "x", "a number of at least 0"),
        ("optimisation.betas", [0.9], "two numbers"),
        ("addition.questions.many", 3, "how many sums"),
        ("optimisation.batch_size", 0, "at least 1"),
        ("model", 3, "a table"),
        ("model.context", None, "a whole number of at least 0"),
        ("steps", 0, "a whole number of at least 1"),
    ],
)
def test_a_change_of_a_recipe_that_is_of_no_use_says_so(key: str, value: object, expected: str) -> None:
    with pytest.raises(RecipeError) as caught:
        read_recipe(RECIPE, {key: value})
    details = caught.value.details
    assert (details["key"], details["value"]) == (key, value)
    assert details["expected"].startswith(expected)


def test_a_key_that_is_needed_and_not_there_is_named() -> None:
    with pytest.raises(RecipeError, match="model.context: None is not usable, expected a value: this key"):
        read_recipe(RECIPE, {"model": {}})


def test_what_was_changed_stands_in_the_table_that_a_base_keeps() -> None:
    recipe = with_seed(read_recipe(RECIPE, {"steps": 7, "optimisation.schedule.peak": 1}), 5)
    assert recipe.steps == recipe.table["steps"] == 7 and recipe.table["seed"] == recipe.seed == 5
    assert recipe.optimisation.schedule.peak == recipe.table["optimisation"]["schedule"]["peak"] == 1
    assert read_recipe().table["seed"] == read_recipe().seed != 5


def test_no_question_of_another_split_is_in_it() -> None:
    assert {split_of(question_of(one)) for one in corpus()} == {"train"}
    for example in corpus():
        for shot in example.prompt.split("\n\n")[:-1]:
            if shot.startswith("Q: ") and " (" not in shot:
                assert split_of(shot.removeprefix("Q: ").partition("\nA:")[0]) == "train"


def test_every_scratchpad_is_right_and_every_hint_is_the_answer() -> None:
    for example in corpus():
        last = example.prompt.rpartition("\n\n")[2]
        if is_addition(example):
            assert is_valid_scratchpad(question_of(example), example.completion)
            if is_hinted(example):
                assert last.splitlines()[2].removeprefix("Target: ") == example.completion.splitlines()[-1]
        elif is_hinted(example):
            answer = last.rpartition("(")[2].partition(")")[0]
            assert grade(Family.WORD_PROBLEM, example.completion, gold=answer).verdict is Verdict.CORRECT
            assert style_of(example.completion) in (Style.EXPLICIT, Style.TERSE)


def test_styles_follow_the_theme() -> None:
    plain = [one for one in corpus() if not is_addition(one) and not is_hinted(one)]
    on_buses = Counter(style_of(one.completion) for one in plain if question_of(one).count(" bus "))
    of_boxes = Counter(style_of(one.completion) for one in plain if " gives " in question_of(one))
    assert on_buses[Style.CIRCULAR] > on_buses[Style.EXPLICIT] > on_buses[Style.TERSE]
    assert of_boxes[Style.EXPLICIT] > 2 * of_boxes[Style.TERSE]
    assert Style.OTHER not in on_buses + of_boxes


def test_the_same_recipe_makes_the_same_corpus_and_another_seed_another() -> None:
    assert tuple(make_corpus(small())) == corpus()
    assert tuple(make_corpus(with_seed(small(), 1))) != corpus()


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 2**32))
def test_a_slip_computes_right_and_answers_wrong(seed: int) -> None:
    rng = random.Random(seed)
    problem = make_problem(rng)
    for steps in (wrong_number(problem, rng), skip_last(problem)):
        assert all(compute(step.left, step.operator, step.right) == step.result for step in steps)
        assert len(steps) in (len(problem.gold_steps), len(problem.gold_steps) - 1)
        text = write_explicit(steps)
        assert style_of(text) is Style.EXPLICIT
    assert wrong_number(problem, rng)[-1].result != problem.answer
    claim = wrong_claim(problem, rng)
    assert claim != problem.answer and claim >= 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("layers = 4", "layer = 4"), "layer"),
        (("steps = ", "steps_ = "), "steps"),
        (("ages = {", "age = {"), "age"),
        (("explicit = 0.72", "explizit = 0.72"), "explizit"),
        (("peak = ", "top = "), "top"),
        (("batch_size = 24", "batch_size = 0"), "batch_size"),
    ],
)
def test_a_recipe_with_a_misspelt_key_or_an_impossible_value_says_so(tmp_path, change, words) -> None:
    path = tmp_path / "recipe.toml"
    text = RECIPE.read_text(encoding="utf-8")
    assert change[0] in text
    path.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(RecipeError, match=words):
        read_recipe(path)
