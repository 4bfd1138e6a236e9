"""The committed base, and the command that makes such a one."""

from __future__ import annotations

import hashlib
import json
import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from generation.registry.checkpoints import verify
from generation.registry.loading import load_folder
from problems.addition import is_valid_scratchpad
from problems.drawing import draw_sums, draw_word_problems
from problems.types import Family
from problems.word_problems import Style, style_of
from training.base.building import ADDITION, TINY, train_base
from training.base.measuring import complete, judge
from training.base.recipe import RECIPE, read_recipe
from training.loop import Unwatched

MAX_BYTES = 2_000_000


@pytest.fixture(scope="module")
def base():
    return load_folder(TINY)


def test_the_committed_base_is_whole_small_and_made_by_the_recipe_that_stands_beside_it() -> None:
    manifest = verify(TINY)
    assert sum(file["bytes"] for file in manifest["files"].values()) < MAX_BYTES
    assert manifest["recipe_sha256"] == hashlib.sha256(RECIPE.read_bytes()).hexdigest()
    assert {path.suffix for path in TINY.iterdir()} == {".json", ".safetensors"}


def test_the_figures_base_is_whole_and_can_use_a_hint_where_it_can_not_add() -> None:
    manifest = verify(ADDITION)
    assert sum(file["bytes"] for file in manifest["files"].values()) < MAX_BYTES
    assert (
        manifest["recipe_sha256"]
        == hashlib.sha256(RECIPE.with_name("addition.toml").read_bytes()).hexdigest()
    )
    assert manifest["files"]["tokenizer.json"] == verify(TINY)["files"]["tokenizer.json"]
    plain, hinted = manifest["measured"]["addition"], manifest["measured"]["addition_valid_hinted"]
    assert plain["2"] >= 0.9 and plain["3"] <= 0.7 and plain["4"] <= 0.35 and plain["5"] <= 0.2
    assert all(hinted[digits] >= 0.9 for digits in "12345")


def test_the_committed_base_leaves_star_something_to_find() -> None:
    measured = verify(TINY)["measured"]
    sums, hinted = measured["addition"], measured["addition_hinted"]
    assert sums["1"] >= 0.9 and sums["2"] >= 0.9
    assert 0.05 <= sums["3"] <= 0.65 and sums["4"] <= 0.35 and sums["5"] <= 0.1
    assert all(hinted[digits] > sums[digits] + 0.2 for digits in ("3", "4", "5"))
    assert 0.3 <= measured["word_problem"] <= 0.65
    assert measured["word_problem_hinted"] > measured["word_problem"] + 0.1
    right, styles = measured["right_by_style"], measured["styles"]
    assert right["explicit"] > right["terse"] > right["circular"]
    assert all(styles[style] >= 0.1 for style in ("explicit", "terse", "circular"))


def test_the_committed_base_does_what_its_manifest_says(base) -> None:
    measured = verify(TINY)["measured"]
    sums = [one for one in draw_sums(250, digits=[2], seed=5) if one.split == "test"]
    texts = complete(base, Family.ADDITION, sums)
    right = judge(Family.ADDITION, sums, texts)
    assert sum(right) / len(right) == pytest.approx(measured["addition"]["2"], abs=0.1)
    assert all(
        is_valid_scratchpad(one.question, text)
        for one, text, good in zip(sums, texts, right, strict=True)
        if good
    )
    words = [one for one in draw_word_problems(500, seed=5) if one.split == "test"]
    texts = complete(base, Family.WORD_PROBLEM, words)
    right = judge(Family.WORD_PROBLEM, words, texts)
    assert sum(right) / len(right) == pytest.approx(measured["word_problem"], abs=0.2)
    assert {style_of(text) for text in texts} >= {Style.EXPLICIT, Style.TERSE, Style.CIRCULAR}


#: A base that can do nothing, made in seconds.
SHORT = (
    (r"^steps = .*$", "steps = 24"),
    (r"^layers = .*$", "layers = 1"),
    (r"^width = .*$", "width = 32"),
    (r"^rotary = .*$", "rotary = 8"),
    (r"^vocabulary = .*$", "vocabulary = 600"),
    (r"^questions = .*$", "questions = 120"),
    (r"^repeats = .*$", "repeats = 1"),
    (r"^warmup_steps = .*$", "warmup_steps = 4"),
    (r"^([1-5]) = .*$", r"\1 = 20"),
)


def shortened(path: Path, *changes: tuple[str, str]) -> Path:
    text = RECIPE.read_text(encoding="utf-8")
    for pattern, replacement in (*SHORT, *changes):
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        assert count, pattern
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def measured_in_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.base.building.MEASURED_QUESTIONS", 2)
    monkeypatch.setattr("training.base.measuring.MAX_NEW_TOKENS", 4)


def train(recipe: Path, folder: Path, *options: str) -> dict:
    out = StringIO()
    call_command("train_base", "--out", str(folder), "--recipe", str(recipe), *options, "--json", stdout=out)
    answer: dict = json.loads(out.getvalue())
    return answer


@pytest.mark.slow
def test_the_command_makes_a_base_from_scratch_the_same_one_each_time(tmp_path, measured_in_a_moment) -> None:
    recipe = shortened(tmp_path / "recipe.toml")
    answer = train(recipe, tmp_path / "base")
    manifest = verify(tmp_path / "base")
    assert answer["sha256"] == manifest["files"]["model.safetensors"]["sha256"]
    assert set(answer["measured"]) >= {"addition", "word_problem", "word_problem_hinted", "styles"}
    assert train(recipe, tmp_path / "again")["sha256"] == answer["sha256"]
    assert train(recipe, tmp_path / "other", "--seed", "1")["sha256"] != answer["sha256"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "base", "other", "recipe.toml"]


@pytest.mark.slow
def test_an_interrupted_training_goes_on_and_ends_with_the_same_base(
    tmp_path, monkeypatch, measured_in_a_moment
) -> None:
    monkeypatch.setattr("training.base.building.SAVE_EVERY", 5)
    recipe = read_recipe(shortened(tmp_path / "recipe.toml"))
    whole = train_base(recipe, tmp_path / "whole")

    class Killed(Unwatched):
        def step(self, step, loss, extras) -> None:
            if step == 13:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_base(recipe, tmp_path / "torn", watch=Killed())
    steps = []

    class Counting(Unwatched):
        def step(self, step, loss, extras) -> None:
            steps.append(step)

    torn = train_base(recipe, tmp_path / "torn", watch=Counting())
    assert torn["files"]["model.safetensors"] == whole["files"]["model.safetensors"]
    assert steps == list(range(11, 25))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_recipe_in_short_learns_what_the_base_is_made_of(tmp_path) -> None:
    """A third of the steps: the loss falls to what the formats alone explain, and hints are copied by then."""
    recipe = tmp_path / "recipe.toml"
    text = RECIPE.read_text(encoding="utf-8")
    steps = read_recipe().steps // 3
    recipe.write_text(re.sub(r"^steps = .*$", f"steps = {steps}", text, flags=re.MULTILINE), encoding="utf-8")
    losses = []

    class Watching(Unwatched):
        def step(self, step, loss, extras) -> None:
            losses.append(loss)

    manifest = train_base(read_recipe(recipe), tmp_path / "base", watch=Watching())
    # Words become tokens by their frequency in the corpus: the same tokenizer says that it is the same corpus.
    assert manifest["examples"] == verify(TINY)["examples"]
    assert manifest["files"]["tokenizer.json"] == verify(TINY)["files"]["tokenizer.json"]
    assert losses[0] > 5 and manifest["loss"] < 0.35
    assert manifest["measured"]["addition_hinted"]["2"] > 0.5
    assert manifest["measured"]["word_problem"] > 0.1
