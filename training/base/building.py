"""From the recipe to a base in a folder: corpus, tokenizer, training, measurement, checkpoint."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from generation.registry.checkpoints import save_checkpoint
from generation.registry.loading import LoadedModel, load_folder
from generation.registry.tiny import new_tiny_gptj, train_tokenizer
from training.base.corpus import make_corpus
from training.base.measuring import measure
from training.base.recipe import Recipe
from training.batching import Example
from training.loop import Saving, Watch
from training.sft import sft

#: The committed bases: of the demo and most recipes, and of the paper's figure on addition.
TINY = Path(__file__).with_name("tiny")
ADDITION = Path(__file__).with_name("addition")

#: Questions of each kind that the manifest's shares are of; the seed draws none of the corpus.
MEASURED_QUESTIONS, MEASURED_SEED = 200, 20_000
SAVE_EVERY = 500


def train_base(
    recipe: Recipe,
    folder: Path,
    *,
    watch: Watch | None = None,
    questions: int | None = None,
    threads: int = 1,
) -> dict[str, Any]:
    """Trains a base, from scratch or from another one, and stores it in `folder`, weights in half precision.

    questions: of each kind that it is measured on, MEASURED_QUESTIONS unless given. threads: to compute on, set for the
    whole process; a base is the same to the byte on as many only, and two on busy cores take many times as long.
    Returns its manifest. Goes on where it was interrupted: the state of the training is kept beside `folder` until it
    is done. What is measured is what is stored, after rounding. Raises what trainer and checkpoint raise.
    """
    started = time.monotonic()
    torch.set_num_threads(threads)
    corpus = make_corpus(recipe)
    loaded = _begin(recipe, corpus)
    state = folder.parent / f".{folder.name}.training"
    saving = Saving(state, every=SAVE_EVERY)
    result = sft(loaded, corpus, recipe.optimisation, steps=recipe.steps, watch=watch, saving=saving)
    round_to_half(loaded)
    manifest = save_checkpoint(
        loaded,
        folder,
        manifest={
            "made_by": "manage.py train_base",
            "recipe": dict(recipe.table),
            "recipe_sha256": hashlib.sha256(recipe.text.encode()).hexdigest(),
            "examples": result.examples,
            "loss": round(result.trained.final_loss, 5),
            "measured": measure(
                loaded,
                count=MEASURED_QUESTIONS if questions is None else questions,
                seed=MEASURED_SEED,
                word_problems=recipe.word_problems is not None,
                answer_order=recipe.addition.answer_order,
            ),
            "parameters": sum(parameter.numel() for parameter in loaded.model.parameters()),
            "seconds": round(time.monotonic() - started),
            "torch": torch.__version__.partition("+")[0],
        },
    )
    shutil.rmtree(state, ignore_errors=True)
    return manifest


def _begin(recipe: Recipe, corpus: Sequence[Example]) -> LoadedModel:
    """The base to go on from, or an untrained one with a tokenizer learnt from the corpus."""
    size = recipe.model
    if size is None:
        return load_folder(TINY.with_name(recipe.start))
    tokenizer = train_tokenizer((one.prompt + one.completion for one in corpus), size.vocabulary)
    return new_tiny_gptj(
        tokenizer,
        layers=size.layers,
        width=size.width,
        heads=size.heads,
        context=size.context,
        rotary=size.rotary,
        seed=recipe.seed,
    )


def round_to_half(loaded: LoadedModel) -> None:
    """Every weight becomes the nearest half-precision number, and computing goes on in single precision."""
    with torch.no_grad():
        for parameter in loaded.model.parameters():
            parameter.copy_(parameter.half().float())
