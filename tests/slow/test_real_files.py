"""GSM8K and CommonsenseQA from their real training files through import, STaR and evaluation, with a tiny model.

What is shown is that the whole run works on the real data: CommonsenseQA behind the project's own worked examples, from
a tiny model that has seen a thousand of CoS-E's texts; GSM8K from the committed base, which has seen none of it. Their
accuracy is what it is: at chance, and a few problems in a hundred.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from generation.prompts import Asked, Shot, build_prompt, completion_of
from generation.registry.checkpoints import save_checkpoint
from generation.runs.spec import asked_of
from problems.types import Choice, Family
from ratings.library.models import Question, Rationale
from ratings.library.prompting import FILES, FOLDER
from training.base.building import TINY
from training.batching import Example
from training.runs.models import Fate, TrainingExample, TrainingRun

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(2_400)]

#: Rows of the training files, worked examples before each question, the longest rationale in tokens, and the questions
#: asked in each iteration. One or two worked examples: six or seven, as in the paper, would take half an hour to read.
ROWS = {"gsm8k": 7_473, "commonsenseqa": 9_741}
SHOTS = {"gsm8k": 1, "commonsenseqa": 2}
LONGEST = {"gsm8k": 120, "commonsenseqa": 60}
QUESTIONS = {"gsm8k": 480, "commonsenseqa": 160}
SEED = 0


def command(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """The command's JSON line."""
    capsys.readouterr()
    call_command(*map(str, arguments), "--json")
    answer: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return answer


def warm_up(dataset: str) -> Iterator[Example]:
    """CoS-E's texts of split `verifier`: plain and hinted, alone and behind worked examples as STaR asks."""
    family, rng, shots = Family.COMMONSENSEQA, random.Random(SEED), []
    for line in (FOLDER / FILES[family]).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        choices = tuple(Choice(one["label"], one["text"]) for one in row["choices"])
        shots.append(Shot(Asked(row["question"], choices, row["answer"]), row["rationales"][0]["text"]))
    rows = Rationale.objects.filter(question__dataset__name=dataset, question__split="verifier", live=True)
    for row in rows.select_related("revision").order_by("question__external_id"):
        asked = asked_of(row.revision)
        completion = completion_of(family, row.text, asked)
        for hint in (False, True):
            before = rng.sample(shots, SHOTS[dataset]) if rng.random() < 0.3 else []
            yield Example(build_prompt(family, asked, before, hint=hint), completion)


def longer_base(folder: Path, context: int = 1_024) -> None:
    """The committed base with room for more tokens: GPT-J's positions are rotary, so that no weight depends on that."""
    shutil.copytree(TINY, folder, ignore=shutil.ignore_patterns("manifest.json"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "n_positions": context}))


def make_base(folder: Path, dataset: str, *, steps: int = 150, context: int = 900) -> None:
    """A tiny GPT-J with its own tokenizer over these texts, trained for a minute to write in their format."""
    import torch

    from generation.registry.tiny import new_tiny_gptj, train_tokenizer
    from training.loop import Optimisation
    from training.schedule import Schedule
    from training.sft import sft

    torch.set_num_threads(1)
    examples = list(warm_up(dataset))
    texts = [one.prompt + one.completion for one in examples[:1500]]
    loaded = new_tiny_gptj(
        train_tokenizer(texts, 1_500), layers=2, width=64, heads=4, context=context, rotary=16, seed=SEED
    )
    how = Optimisation(
        schedule=Schedule(peak=3e-3, warmup_steps=20, shape="linear", hold=0.5, final_share=0.1),
        batch_size=12,
        seed=SEED,
        betas=(0.9, 0.95),
    )
    sft(loaded, examples, how, steps=steps)
    save_checkpoint(loaded, folder, manifest={"made_by": "tests/slow/test_real_files.py"})


@pytest.mark.parametrize("family", [Family.COMMONSENSEQA, Family.GSM8K])
def test_star_on_the_real_training_file_goes_from_import_to_evaluation(
    family: Family, shared_data: Path, tmp_path: Path, settings, capsys
) -> None:
    settings.STORAGE_DIR, settings.MODEL_ROOTS = tmp_path / "storage", [tmp_path]
    name = family.value
    file = {"gsm8k": "gsm8k/train.jsonl", "commonsenseqa": "commonsenseqa/train_rand_split.jsonl"}[name]
    imported = command(capsys, "import_questions", shared_data / file, "--format", name, "--dataset", name)
    assert (imported["created"], imported["errors"]) == (ROWS[name], 0)
    if family is Family.COMMONSENSEQA:
        cose = shared_data / "cose" / "cose_train_v1.11_processed.jsonl"
        command(capsys, "import_rationales", cose, "--format", "cose", "--dataset", name)
    assert command(capsys, "import_prompts", "--dataset", name)["created"] == 10
    shares = ["--train", 0.8, "--verifier", 0.1, "--test", 0.1, "--seed", SEED]
    splits = command(capsys, "split_dataset", name, *shares)["splits"]
    assert sum(splits.values()) == ROWS[name] + 10

    if family is Family.COMMONSENSEQA:
        make_base(tmp_path / "tiny", name)
    else:
        longer_base(tmp_path / "tiny")
    command(capsys, "register_model", "tiny", "--path", tmp_path / "tiny")
    values = {
        "dataset": name, "base": "tiny", "seed": SEED, "iterations": 2, "shots": SHOTS[name],
        "questions_per_iteration": QUESTIONS[name], "batch_questions": 80, "max_new_tokens": LONGEST[name],
        "first_steps": 30,
        "validation_split": '""', "batch_size": 12, "learning_rate": 1e-3,
    }  # fmt: skip
    overrides = [f"{key}={value}" for key, value in values.items()]
    command(capsys, "train", "star", "--recipe", "star", "--set", *overrides, "--label", "star")
    told = command(
        capsys, "evaluate", "--model", "star", "--dataset", name, "--samples", 1, "--questions", 100,
        "--shots", SHOTS[name], "--max-new-tokens", LONGEST[name],
    )  # fmt: skip
    run = TrainingRun.objects.get(label="star")
    _check_run(run, family)
    counts = list(run.iterations.order_by("number").values_list("counts", flat=True))
    with capsys.disabled():
        sys.stdout.write(f"\n{name}: greedy {told['greedy_accuracy']:.3f} of 100; {counts}\n")
    assert told["questions"] == 100 and 0 <= told["greedy_accuracy"] < 0.6


def _check_run(run: TrainingRun, family: Family) -> None:
    """Both iterations asked, kept and learned; prompts and hints are the paper's, and no hint is learned."""
    examples = TrainingExample.objects.filter(run=run).select_related("prefix", "question", "revision")
    for iteration in (1, 2):
        asked = examples.filter(iteration=iteration, origin="few_shot")
        assert asked.count() == QUESTIONS[family.value] and not set(
            asked.values_list("question__split", flat=True)
        ) - {"train"}
        fates = Counter(examples.filter(iteration=iteration).values_list("fate", flat=True))
        assert fates[Fate.KEPT] > 0, fates
    plain, hinted = (examples.filter(origin=origin).first() for origin in ("few_shot", "rationalized"))
    assert plain is not None and hinted is not None
    gold = hinted.revision.answer
    assert hinted.own_prompt != hinted.training_prompt and "(CORRECT)" not in hinted.training_prompt
    assert plain.prefix is not None and hinted.prefix is not None
    if family is Family.GSM8K:
        assert hinted.own_prompt == f"Q: {hinted.revision.text.strip()} ({gold})\nA:"
        assert plain.prefix.text.count("\n#### ") == 1
        assert f" ({plain.prefix.text.rpartition('#### ')[2].strip()})\nA:" in hinted.prefix.text
    else:
        assert plain.prefix.text.count("Answer Choices:\n(a) ") == 2 and "(CORRECT)" not in plain.prefix.text
        assert hinted.prefix.text.count(" (CORRECT)\n") == 2
        assert hinted.own_prompt.count(" (CORRECT)") == 1 and f"({gold.lower()}) " in hinted.own_prompt
    # Nothing but questions of split `prompt` is shown, and none of them is ever asked.
    shown = Question.objects.filter(dataset=run.dataset, split="prompt")
    assert (
        sum(question.current_revision.text in plain.prefix.text for question in shown) == SHOTS[family.value]
    )
