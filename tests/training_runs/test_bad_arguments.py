"""Arguments that can not be meant: every command refuses them before any work, with 2, by field and value."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from problems.seeds import LARGEST_SEED

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


def refused(*arguments: str) -> dict[str, Any]:
    """The error of a call with a bad argument: exit 2, and nothing left out of it."""
    said = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command(*arguments, "--json", stdout=said)
    error: dict[str, Any] = json.loads(said.getvalue().splitlines()[-1])["error"]
    assert caught.value.returncode == 2, error
    assert {"field", "value", "expected"} <= error["details"].keys(), error
    assert error["details"]["expected"]
    return error


@pytest.mark.parametrize(
    "command",
    [
        ("make_addition", "--dataset", "sums", "--count", "5", "--seed"),
        ("make_word_problems", "--dataset", "stories", "--count", "5", "--seed"),
        ("split_dataset", "sums", "--seed"),
        ("create_study", "trial", "--dataset", "sums", "--sources", "a", "b", "c", "--seed"),
        ("simulate_raters", "trial", "--seed"),
        ("plan_study", "--seed"),
        ("generate", "--dataset", "sums", "--model", "tiny-base", "--samples", "1", "--seed"),
        ("evaluate", "--dataset", "sums", "--model", "tiny-base", "--seed"),
        ("train_base", "--out", "base", "--seed"),
        ("train", "star", "--recipe", "star", "--label", "made", "--set", "seed="),
        ("figure", "addition", "--recipe", "--out", "figures", "--seeds"),
    ],
    ids=lambda command: command[0],
)
def test_a_seed_has_the_same_bounds_wherever_it_is_taken(command, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for seed in (-1, LARGEST_SEED + 1, 10**30):
        last = f"{command[-1]}{seed}"
        arguments = (*command[:-1], last) if command[-1].endswith("=") else (*command, str(seed))
        error = refused(*arguments)
        assert error["details"]["field"] == "seed" and str(seed) in str(error["details"]["value"])
        assert str(LARGEST_SEED) in error["details"]["expected"]
    assert [path.name for path in tmp_path.iterdir()] == []


def test_train_base_replaces_nothing_but_a_base_and_says_before_it_trains_what_is_wrong(tmp_path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "no.toml").write_text("seed = ")
    (tmp_path / "short.toml").write_text("seed = 1")
    new = str(tmp_path / "new")
    for arguments, field in (
        (("--out", str(tmp_path)), "out"),
        (("--out", str(tmp_path / "thesis.txt")), "out"),
        (("--out", ""), "out"),
        (("--out", new, "--threads", "0"), "threads"),
        (("--out", new, "--recipe", str(tmp_path / "none.toml")), "recipe"),
        (("--out", new, "--recipe", str(tmp_path / "no.toml")), "recipe"),
        (("--out", new, "--recipe", str(tmp_path / "short.toml")), "recipe"),
    ):
        assert refused("train_base", *arguments)["details"]["field"] == field
    assert (tmp_path / "thesis.txt").read_text() == "mine" and not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("make_addition", "--dataset", "d", "--count", "5", "--digits", "1-99999999999999"), "digits"),
        (("make_addition", "--dataset", "d", "--count", "5", "--split", "train=0.5", "train=0.5"), "split"),
    ],
)
def test_what_makes_questions_refuses_what_it_can_not_mean(arguments, field) -> None:
    assert refused(*arguments)["details"]["field"] == field
