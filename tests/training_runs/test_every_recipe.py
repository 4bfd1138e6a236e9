"""Every recipe that comes with the program: what its numbers are, and a small run of it by the command.

What makes a run small are fewer questions, iterations, samples and worked examples, never fewer steps: those are the
recipe's own, worked out by hand below.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from accounts.audit import COMMAND
from generation.registry.loading import load_tokenizer
from generation.registry.models import LanguageModel
from generation.registry.services import register_model
from ratings.library.models import Question
from tests.training_runs.test_commands import call
from training.base.building import TINY
from training.recipes.reader import FOLDER, read_recipe, recipe_names
from training.recipes.schema import Star
from training.runs.models import Fate, Origin, TrainingRun

# ------------------------------------------------------------------------------- the paper's and the released code's


def star(name: str) -> Star:
    values = read_recipe("star", name).values
    assert isinstance(values, Star)
    return values


#: Of both columns of papers.md 1.2: Adam without weight decay, 1e-6 after 100 steps and constant from there, restarts,
#: the latest data alone, every failure rationalized, no hint left, one sample, worked examples before every question.
BOTH: dict[str, Any] = {
    "dataset": "commonsenseqa", "split": "train", "learning_rate": 1e-6, "warmup_steps": 100, "schedule": "constant",
    "weight_decay": 0, "adam_beta2": 0.999, "clip": 1, "lora_rank": 0, "continue_training": False,
    "data_of_iterations": 1, "rationalize": True, "rationalize_from": 1, "share_rationalized": 1, "hint_left_in": 0,
    "hinted_copies": 0, "kept_by": "answer", "replay_per_iteration": 0, "samples": 1, "shots_when": "always",
    "shots_in_training": False, "max_new_tokens": 96, "validation_split": "validation", "validation_questions": 0,
    "packed_attention": "plain", "later_from": 0,
}  # fmt: skip
#: Greedy; 8 rows of 1,024 tokens; 40 x 1.2^(i-1) steps up to the 30th iteration's; all 9,741 questions; "10 examples";
#: until accuracy no longer rises.
PAPER = {
    "temperature": 0, "top_p": 1, "batch_size": 8, "accumulate": 1, "pack_tokens": 1024, "steps_rule": "exponential",
    "first_steps": 40, "steps_growth": 1.2, "max_steps": 7912, "iterations": 30, "questions_per_iteration": 0,
    "shots": 10, "patience": 3,
}  # fmt: skip
#: top_p .9 at .01; one row of 1,537 tokens, eight times a step; 1.0 epoch and .2 more each time; 10,000 questions at
#: most; a prompt file of 7; range(1, 64) iterations, and nothing that stops before.
RELEASED = {
    "temperature": 0.01, "top_p": 0.9, "batch_size": 1, "accumulate": 8, "pack_tokens": 1537, "steps_rule": "epochs",
    "first_steps": 1, "steps_growth": 0.2, "max_steps": 0, "iterations": 63, "questions_per_iteration": 10_000,
    "shots": 7, "patience": 0,
}  # fmt: skip
#: What neither the paper nor its code knows, and what changes no number: seeds, and how it is computed and kept.
OURS = {
    "base", "seed", "studies", "raters", "hold", "final_share", "precision", "gradient_checkpointing", "processes",
    "lora_alpha", "lora_targets", "lora_dropout", "save_every", "keep", "later_groups", "later_split",
    "batch_questions", "verifier", "verifier_share", "verifier_above", "replay_split", "min_gain",
}  # fmt: skip


@pytest.mark.parametrize(("name", "own"), [("star_paper", PAPER), ("star_released_code", RELEASED)])
def test_the_papers_and_the_released_codes_recipe_say_what_they_did_line_by_line(name, own):
    recipe = star(name)
    facts = {**BOTH, **own}
    assert {key: getattr(recipe, key) for key in facts} == facts
    # No key is left that nobody compared.
    assert set(read_recipe("star", name).as_json()) == set(facts) | OURS


# ---------------------------------------------------------------------------------------------------- small real runs

#: A bare recipe of each algorithm has these as well.
SMALL: dict[str, dict[str, Any]] = {
    "sft": {"validation_questions": 8},
    "dpo": {},
    "star": {"iterations": 2, "questions_per_iteration": 24, "validation_questions": 8},
    "vstar": {"iterations": 1, "questions_per_iteration": 16, "samples": 8, "validation_questions": 8},
}
WITH_VOTES = {"studies": ["trial"], "raters": "simulated"}
#: Tokens in a row of the released code's recipe: with its 1,537 so few examples would be less than a step.
PACKED = 384
#: Room for rows of 1,024 tokens and examples; the committed base has never seen more than two before a question.
WIDE = {"base": "wide", "dataset": "word-problems", "shots": 2}
NAMES: dict[str, dict[str, Any]] = {
    "dpo": WITH_VOTES,
    "dpo_preferences": WITH_VOTES,
    "retry": {"from_run": "earlier"},
    "star_paper": WIDE,
    "star_released_code": {**WIDE, "questions_per_iteration": 160, "pack_tokens": PACKED},
}
#: By hand: 250 x 1.2^(i-1), 200 + 50 (i-1), 60, 80, 40 and 80 x 1.2^(i-1).
STEPS = {
    "star": [250, 300],
    "star_addition": [200, 250],
    "star_addition_figure": [60, 72],
    "star_addition_quick": [80, 96],
    "star_paper": [40, 48],
    "star_word_problems": [80, 96],
}


def small_world(name: str, folder: Path, settings: Any) -> None:
    """What the recipe's comments say is to be made before it is run, in small."""
    dataset = read_recipe(algorithm_of(name), name, NAMES.get(name)).values.dataset
    if dataset == "word-problems":
        call("make_word_problems", "--count", "240", "--seed", "1", "--dataset", dataset)
    else:
        digits = "3-5" if name == "vstar_addition" else "1-5"
        call("make_addition", "--digits", digits, "--count", "500", "--seed", "1", "--dataset", dataset)
    if NAMES.get(name, {}).get("base") == "wide":
        register_wide(folder, settings)
    if WITH_VOTES.items() <= NAMES.get(name, {}).items():
        collect_votes(dataset)
    if name == "retry":
        few = {**SMALL["star"], "iterations": 1, "first_steps": 10}
        overrides = [f"{key}={json.dumps(value)}" for key, value in few.items()]
        call("train", "star", "--recipe", "star_addition", "--set", *overrides, "--label", "earlier")


def register_wide(folder: Path, settings: Any) -> None:
    """The committed base with room for more: its positions are rotary, so that no weight depends on the context."""
    settings.MODEL_ROOTS = [folder]
    shutil.copytree(TINY, folder / "wide", ignore=shutil.ignore_patterns("manifest.json"))
    config = json.loads((folder / "wide" / "config.json").read_text())
    (folder / "wide" / "config.json").write_text(json.dumps({**config, "n_positions": 2048}))
    register_model("wide", path=folder / "wide", actor=COMMAND)


def collect_votes(dataset: str) -> None:
    """A study of three sources that simulated raters judged, as the recipes say."""
    for source, seed in (("first", 1), ("second", 2)):
        call(
            "generate", "--dataset", dataset, "--model", "tiny-base", "--samples", "1", "--temperature", "0.9",
            "--seed", str(seed), "--source", source,
        )  # fmt: skip
    call(
        "create_study", "trial", "--dataset", dataset, "--sources", "written", "first", "second", "--questions", "40",
        "--ratings-per-triple", "1", "--any-answer", "--open", "--override", "a test",
    )  # fmt: skip
    call("simulate_raters", "trial", "--raters", "4", "--seed", "1", "--strengths", "written=2.0")


def keys_of(name: str) -> dict[str, Any]:
    """As the file has them."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text())


def algorithm_of(name: str) -> str:
    """The algorithms' own recipes have their names."""
    return str(keys_of(name).get("algorithm", name))


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", recipe_names())
def test_a_small_run_of_the_recipe_goes_to_its_end_by_its_own_steps(
    name, storage, tmp_path, settings
) -> None:
    small_world(name, tmp_path, settings)
    algorithm = algorithm_of(name)
    changed = {**SMALL[algorithm], **NAMES.get(name, {})}
    overrides = [f"{key}={json.dumps(value)}" for key, value in changed.items()]
    answer = call("train", algorithm, "--recipe", name, "--set", *overrides, "--label", "made")
    run = TrainingRun.objects.get(label="made")
    assert answer["metrics"] == run.metrics and answer["label"] == "made" and run.job.state == "finished"
    # All but what made it small is the recipe's.
    own = {**keys_of(algorithm), **keys_of(name)}
    assert {key: value for key, value in run.recipe.items() if key not in changed} == {
        key: value for key, value in own.items() if key not in {*changed, "algorithm"}
    }
    assert LanguageModel.objects.get(label="made").parent == run.base
    check_steps(name, algorithm, run)


def check_steps(name: str, algorithm: str, run: TrainingRun) -> None:
    """Against what the recipe's words give for so many examples, pairs and tokens."""
    steps = list(run.iterations.order_by("number").values_list("steps", flat=True))
    if name in STEPS:
        assert steps == [0, *STEPS[name]]
    elif name == "star_released_code":
        # One pass, then 1.2 of them, eight rows a step. Best fit opens a row only where every other is fuller than
        # the row less the longest example.
        for number, passes in ((1, 1.0), (2, 1.2)):
            lengths = learned_lengths(run, number)
            fewest = -(-sum(lengths) // PACKED)
            most = sum(lengths) // (PACKED - max(lengths)) + 1
            low, high = (int(passes * -(-rows // 8)) for rows in (fewest, most))
            assert low <= steps[number] <= high and low > 1
    elif algorithm == "sft":
        train = Question.objects.filter(dataset=run.dataset, split="train").count()
        retries = run.examples.filter(origin=Origin.RETRY).count()
        assert run.metrics["examples"] == train + retries == run.examples.count()
        assert (retries > 0) == (name == "retry")
        assert steps == [{"sft": 2, "retry": 2, "sft_answers": 10}[name] * -(-(train + retries) // 24)]
    elif algorithm == "dpo":
        pairs = run.pairs.filter(use="train").count()
        assert steps == [{"dpo": 1, "dpo_preferences": 3}[name] * -(-pairs // 16)] and pairs > 16
    else:
        kept = run.examples.filter(fate=Fate.KEPT).count()
        pairs, passes = run.pairs.count(), 3 if name == "vstar_addition" else 1
        assert steps == ([60, 60] if name == "vstar_addition" else [0, 2 * -(-kept // 24)])
        assert run.metrics["steps"] == sum(steps) + passes * -(-pairs // 16) and pairs > 0


def learned_lengths(run: TrainingRun, iteration: int) -> list[int]:
    """Tokens of each example that the iteration learned, its end of text with it."""
    tokenizer = load_tokenizer(TINY)
    rows = run.examples.filter(iteration=iteration, fate=Fate.KEPT)
    return [
        len(tokenizer.encode(prompt)) + len(tokenizer.encode(completion)) + 1
        for prompt, completion in rows.values_list("training_prompt", "completion")
    ]
