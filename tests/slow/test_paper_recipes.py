"""The paper's recipe, and its released code's, on rows of the real CommonsenseQA and GSM8K files.

Smaller than the recipes: fewer questions and iterations, and as many worked examples as the tiny models have seen.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

from problems.types import Family
from ratings.library.models import Dataset
from tests.slow.test_real_files import command, longer_base, make_base
from training.recipes.reader import read_recipe
from training.runs.models import Fate, Origin, TrainingRun
from training.runs.shots import choose_shots

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(2_400)]

FILES = {"gsm8k": "gsm8k/train.jsonl", "commonsenseqa": "commonsenseqa/train_rand_split.jsonl"}
ROWS = 1_500
SHOTS = {"gsm8k": 1, "commonsenseqa": 2}
QUESTIONS = {"gsm8k": 240, "commonsenseqa": 60}
#: As long as the released code's rows, through which positions run on.
CONTEXT = 1_537


def make_world(family: Family, data: Path, folder: Path, capsys: Any) -> None:
    """The dataset, its worked examples and splits, and a model that writes in its format: all by command."""
    name = family.value
    everything = (data / FILES[name]).read_text(encoding="utf-8").splitlines(keepends=True)
    rows, held_out = everything[:ROWS], everything[ROWS : ROWS + 20]
    (folder / "rows.jsonl").write_text("".join(rows), encoding="utf-8")
    (folder / "held_out.jsonl").write_text("".join(held_out), encoding="utf-8")
    importing = ["--format", name, "--dataset", name]
    command(capsys, "import_questions", folder / "rows.jsonl", *importing)
    if family is Family.COMMONSENSEQA:
        known = {json.loads(row)["id"] for row in rows}
        told = (data / "cose" / "cose_train_v1.11_processed.jsonl").read_text(encoding="utf-8").splitlines()
        chosen = [line for line in told if json.loads(line)["id"] in known]
        (folder / "cose.jsonl").write_text("\n".join(chosen), encoding="utf-8")
        command(capsys, "import_rationales", folder / "cose.jsonl", "--format", "cose", "--dataset", name)
    command(capsys, "import_prompts", "--dataset", name)
    command(capsys, "split_dataset", name, "--train", 0.3, "--verifier", 0.6, "--test", 0.1, "--seed", 0)
    command(capsys, "import_questions", folder / "held_out.jsonl", *importing, "--split", "validation")
    if family is Family.COMMONSENSEQA:
        make_base(folder / "tiny", name, steps=400, context=CONTEXT)
    else:
        longer_base(folder / "tiny", CONTEXT)
    command(capsys, "register_model", "tiny", "--path", folder / "tiny")


@pytest.mark.parametrize("family", [Family.COMMONSENSEQA, Family.GSM8K])
def test_both_recipes_run_on_the_real_files(family, shared_data, tmp_path, settings, capsys) -> None:
    settings.STORAGE_DIR, settings.MODEL_ROOTS = tmp_path / "storage", [tmp_path]
    make_world(family, shared_data, tmp_path, capsys)
    name = family.value
    for recipe in ("star_paper", "star_released_code"):
        small = {
            "dataset": name, "base": "tiny", "iterations": 2, "questions_per_iteration": QUESTIONS[name],
            "shots": SHOTS[name],
        }  # fmt: skip
        overrides = [f"{key}={value}" for key, value in small.items()]
        command(capsys, "train", "star", "--recipe", recipe, "--set", *overrides, "--label", recipe)
        run = TrainingRun.objects.get(label=recipe)
        iterations = list(run.iterations.order_by("number"))
        with capsys.disabled():
            sys.stdout.write(f"\n{name} {recipe}: {[(i.steps, i.counts, i.metrics) for i in iterations]}\n")
        asked = run.examples.filter(iteration=1, origin=Origin.FEW_SHOT)
        assert asked.count() == QUESTIONS[name] and asked.filter(fate=Fate.KEPT).exists()
        hinted = run.examples.filter(iteration=1, origin=Origin.RATIONALIZED)
        failed = asked.exclude(verdict="correct").values_list("question", flat=True)
        assert set(hinted.values_list("question", flat=True)) == set(failed)
        assert not run.examples.filter(tokens__gt=96).exists() and run.examples.filter(tokens__gt=0).exists()
        if recipe == "star_paper":
            assert [one.steps for one in iterations] == [0, 40, 48]
        else:
            for number, passes in ((1, 1.0), (2, 1.2)):
                kept = iterations[number].counts["examples"]
                # No row holds more than all of them, none less than one.
                assert 1 <= iterations[number].steps <= max(1, int(passes * math.ceil(kept / 8)))
        # As many worked examples as the recipe wants are there.
        wanted = read_recipe("star", recipe).as_json()["shots"]
        assert len(choose_shots(Dataset.objects.get(name=name), wanted, seed=0)) == wanted
