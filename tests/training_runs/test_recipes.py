"""Recipes: what the files say, and what is refused in which words."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from accounts.errors import InvalidInput
from training.recipes.comments import read_comments
from training.recipes.fields import kinds_of
from training.recipes.reader import (
    FOLDER,
    describe,
    describe_all,
    from_stored,
    parse_overrides,
    read_recipe,
    recipe_names,
)
from training.recipes.schema import ALGORITHMS, PLANNED, Star

#: What a recipe can not leave open.
NEEDED = {"dpo": {"studies": ["trial"]}}


def read(algorithm: str = "star", recipe: str | None = None, **overrides):
    return read_recipe(algorithm, recipe or algorithm, overrides)


def refused(algorithm: str = "star", recipe: str | None = None, **overrides) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read(algorithm, recipe, **overrides)
    return caught.value


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_file_of_an_algorithm_has_every_key_with_its_explanation_and_no_other(algorithm):
    text = (FOLDER / f"{algorithm}.toml").read_text()
    comments = read_comments(text)
    assert set(tomllib.loads(text)) == set(kinds_of(ALGORITHMS[algorithm]))
    assert set(comments.keys) == set(tomllib.loads(text))
    assert all(len(words) > 15 for words in comments.keys.values())
    assert comments.about and all(heading for heading, _ in comments.groups)


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_that_comes_with_the_program_can_be_run(name):
    about = describe(name)
    recipe = read(about.algorithm, name, **NEEDED.get(about.algorithm, {}))
    for key in ("dataset", "base", "seed", "studies"):
        assert hasattr(recipe.values, key)
    assert about.about
    assert [key.name for key in about.keys] and all(key.words for key in about.keys)


def test_the_algorithms_come_first_in_the_list():
    assert recipe_names()[:4] == ["dpo", "sft", "star", "vstar"]
    assert {one.algorithm for one in describe_all()} == set(ALGORITHMS)


def test_a_misspelt_key_is_refused_with_the_nearest_valid_one():
    error = refused(learning_rat=0.1)
    assert (error.code, error.details["key"], error.details["nearest"]) == (
        "unknown_key",
        "learning_rat",
        "learning_rate",
    )
    assert error.message == "learning_rat: no key of this recipe; did you mean 'learning_rate'?"


def test_a_key_that_resembles_none_is_refused_with_all_that_there_are():
    error = refused(zzz=1)
    assert error.details["nearest"] is None
    assert "temperature" in error.message


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("learning_rate", -1, "a number above 0 and at most 1"),
        ("learning_rate", "fast", "a number above 0 and at most 1"),
        ("learning_rate", float("nan"), "a number above 0 and at most 1"),
        ("learning_rate", True, "a number above 0 and at most 1"),
        ("iterations", 0, "a whole number of at least 1 and at most 1000"),
        ("iterations", 2.5, "a whole number of at least 1 and at most 1000"),
        ("iterations", True, "a whole number of at least 1 and at most 1000"),
        ("rationalize", "yes", "true or false"),
        ("rationalize", 1, "true or false"),
        ("steps_rule", "quadratic", "one of 'exponential', 'linear', 'epochs'"),
        ("keep", "best,newest", "some of 'best', 'last', 'all', separated by commas"),
        ("keep", "", "some of 'best', 'last', 'all', separated by commas"),
        ("base", "", "the label of a model"),
        ("base", 3, "the label of a model"),
        ("base", "a\0b", "the label of a model"),
        ("top_p", 0, "a number above 0 and at most 1"),
        ("seed", -1, "a whole number of at least 0 and at most 9007199254740992"),
        ("studies", "trial", "a list, each entry the name of a study"),
        ("studies", [1], "the name of a study"),
    ],
)
def test_an_impossible_value_is_refused_with_what_was_expected(key, value, expected):
    error = refused(**{key: value})
    assert error.code == "bad_value"
    assert error.details["key"].startswith(key)
    assert error.details["expected"] == expected
    told = error.details["value"]
    # JSON knows no NaN; in a list the entry is told.
    assert told == ("nan" if value != value else value[0] if expected == "the name of a study" else value)
    assert error.message.startswith(
        f"{error.details['key']}: {told if told == 'nan' else repr(told)} is not usable"
    )


@pytest.mark.parametrize(
    ("algorithm", "overrides", "key"),
    [
        ("star", {"samples": 4, "temperature": 0.0}, "samples"),
        ("star", {"studies": ["trial"]}, "studies"),
        ("sft", {"epochs": 1.0, "steps": 10}, "steps"),
        ("dpo", {"studies": ["trial"], "lora_targets": ["q_proj"]}, "lora_targets"),
        ("sft", {"epochs": 0.0, "steps": 0}, "steps"),
        ("sft", {"from_run": "star-1", "sources": ["human"]}, "from_run"),
        ("sft", {"keep": "all"}, "keep"),
        ("dpo", {"studies": ["trial"], "keep": "last"}, "keep"),
        ("dpo", {}, "studies"),
        ("dpo", {"studies": ["trial"], "held_out_splits": ["train"]}, "held_out_splits"),
        ("vstar", {"human_weight": 1.0}, "human_weight"),
        ("vstar", {"sft_questions": 10}, "sft_questions"),
        ("vstar", {"studies": ["trial"]}, "studies"),
        ("vstar", {"validation_samples": 4, "validation_k": [8]}, "validation_k"),
        ("vstar", {"validation_k": []}, "validation_k"),
        ("vstar", {"validation_k": [4, 4]}, "validation_k"),
    ],
)
def test_keys_that_do_not_go_together_are_refused(algorithm, overrides, key):
    assert refused(algorithm, **overrides).details["key"] == key


@pytest.mark.parametrize("algorithm", PLANNED)
def test_an_algorithm_that_is_not_built_yet_says_which_there_are(algorithm):
    error = refused(algorithm, "star")
    assert error.code == "unknown_algorithm"
    assert error.message == f"'{algorithm}' is not built yet; expected one of sft, dpo, star, vstar."


def test_an_algorithm_that_nobody_knows_is_another_mistake():
    assert refused("grpo", "star").message == "'grpo' is no algorithm; expected one of sft, dpo, star, vstar."


def test_overrides_are_toml_values_and_a_text_may_stand_without_quotes():
    pairs = [
        "temperature=0.7",
        "base=tiny",
        'dataset="sums"',
        "rationalize=false",
        "studies=['a', 'b']",
        "x = 1e-3",
    ]
    assert parse_overrides(pairs) == {
        "temperature": 0.7,
        "base": "tiny",
        "dataset": "sums",
        "rationalize": False,
        "studies": ["a", "b"],
        "x": 1e-3,
    }


@pytest.mark.parametrize("pair", ["temperature", "=3", "a b=3"])
def test_an_override_that_is_no_pair_is_refused(pair):
    with pytest.raises(InvalidInput, match="KEY=VALUE"):
        parse_overrides([pair])


def test_an_override_can_not_smuggle_a_second_key_in():
    assert parse_overrides(["base=1\nseed = 7"]) == {"base": "1\nseed = 7"}


def test_a_file_says_what_differs_and_its_algorithm(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text('algorithm = "star"\niterations = 3\n')
    recipe = read("star", str(path), seed=5)
    assert isinstance(recipe.values, Star)
    assert (recipe.values.iterations, recipe.values.seed) == (3, 5)
    assert refused("sft", str(path)).code == "other_algorithm"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"iterations = ", "unreadable_recipe"),
        (b"\xff\xfe", "unreadable_recipe"),
        (b"iteration = 3", "unknown_key"),
    ],
)
def test_a_file_that_can_not_be_read_is_refused(tmp_path: Path, content, code):
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    assert refused("star", str(path)).code == code


@pytest.mark.parametrize("recipe", ["no-such", "/no/such/file.toml", "", ".", "a\0b"])
def test_a_recipe_that_is_not_there_is_refused(recipe):
    error = refused("star", recipe or "nothing")
    assert error.code in ("unknown_recipe", "unreadable_recipe")


def test_a_stored_recipe_is_read_again_as_it_was():
    recipe = read("vstar", seed=3, validation_k=[2, 4])
    again = from_stored("vstar", recipe.name, recipe.as_json())
    assert again == recipe and again.sha256 == recipe.sha256
    assert read("vstar", seed=4, validation_k=[2, 4]).sha256 != recipe.sha256


def test_a_comment_may_stand_above_a_key_or_beside_it():
    text = '# About.\n\n## Group\n# Above,\n# in two lines.\na = "# no comment"  # beside\nb = 2\n'
    found = read_comments(text)
    assert found.about == "About."
    assert found.groups == [("Group", ["a", "b"])]
    assert found.keys == {"a": "Above, in two lines. beside", "b": ""}
