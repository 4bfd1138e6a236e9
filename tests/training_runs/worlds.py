"""Small worlds for training: sums that the committed base half knows, runs done in the test's own process."""

from __future__ import annotations

from typing import Any

from accounts.audit import COMMAND
from generation.registry.models import LanguageModel
from generation.registry.services import TINY_BASE, ensure_tiny_base
from jobs.services import run_here
from ratings.library.making import make_addition
from ratings.library.models import Question, Rationale
from training.recipes.reader import ReadRecipe, read_recipe
from training.runs.launching import launch_training
from training.runs.models import TrainingExample, TrainingRun
from training.runs.selectors import get_run

#: What makes a training take a second.
QUICK: dict[str, dict[str, Any]] = {
    "sft": {"epochs": 0.0, "steps": 6, "validation_questions": 4, "save_every": 2, "batch_size": 8},
    "star": {
        "iterations": 2,
        "questions_per_iteration": 16,
        "batch_questions": 8,
        "first_steps": 4.0,
        "steps_growth": 1.0,
        "validation_questions": 6,
        "save_every": 2,
        "batch_size": 8,
        "learning_rate": 1e-4,
    },
    "vstar": {
        "iterations": 2,
        "samples": 4,
        "questions_per_iteration": 12,
        "batch_questions": 6,
        "epochs": 0.0,
        "steps": 4,
        "learning_rate": 1e-4,
        "validation_questions": 4,
        "validation_samples": 4,
        "validation_k": [2, 4],
        "validate_every": 2,
        "save_every": 2,
        "verifier_batch_size": 4,
    },
    "dpo": {"epochs": 0.0, "steps": 6, "select_every": 3, "save_every": 2, "batch_size": 4},
}


def make_sums(name: str = "sums", *, count: int = 200, digits: tuple[int, ...] = (2, 3)) -> None:
    make_addition(name, digits=list(digits), count=count, seed=0, actor=COMMAND)


def base() -> LanguageModel:
    return ensure_tiny_base(actor=COMMAND)


def recipe(algorithm: str, **overrides: Any) -> ReadRecipe:
    """A quick one, on the sums, from the committed base."""
    usual = {"dataset": "sums", "base": TINY_BASE, **QUICK[algorithm]}
    return read_recipe(algorithm, algorithm, {**usual, **overrides})


def launched(algorithm: str = "star", label: str = "made", **overrides: Any) -> TrainingRun:
    return launch_training(recipe(algorithm, **overrides), label=label, actor=COMMAND)


def done(algorithm: str = "star", label: str = "made", **overrides: Any) -> TrainingRun:
    """A run that was launched and done here."""
    run = launched(algorithm, label, **overrides)
    run_here(run.job_id)
    return get_run(run.pk)


def examples_of(run: TrainingRun) -> list[tuple[Any, ...]]:
    """All that a run considered, but for keys and times: what must not depend on how it was done."""
    rows = TrainingExample.objects.filter(run=run).order_by(
        "iteration", "origin", "question__external_id", "sample"
    )
    return list(
        rows.values_list(
            "iteration",
            "origin",
            "question__external_id",
            "sample",
            "own_prompt",
            "training_prompt",
            "completion",
            "answer",
            "verdict",
            "fate",
            "logprob",
            "seed",
        )
    )


def outcome_of(run: TrainingRun) -> dict[str, Any]:
    """Everything that a run measured and made: equal for an interrupted run and one that was not."""
    iterations = run.iterations.order_by("number")
    return {
        "examples": examples_of(run),
        "iterations": list(iterations.values_list("number", "counts", "metrics", "steps", "samples")),
        "metrics": run.metrics,
        "models": {
            checkpoint.name: [
                file["sha256"]
                for file in (checkpoint.model.manifest["files"] if checkpoint.model else [])
                if file["name"].endswith("tensors")
            ]
            for checkpoint in run.checkpoints.filter(model__isnull=False).select_related("model")
        },
        "curves": sorted(run.job.metrics.values_list("series", "step", "value")),
    }


def add_rationale(external_id: str, text: str, *, source: str, verdict: str = "correct") -> Rationale:
    """Of another source, for a question of the sums."""
    from tests.generation_runs.worlds import add_rationale as add

    dataset = Question.objects.get(external_id=external_id).dataset.name
    return add(dataset, external_id, text, source=source, verdict=verdict)


def staged(label: str = "made") -> TrainingRun:
    """A STaR run as it stands after one iteration, made of rows alone: nothing was sampled or trained."""
    from training.runs.models import Checkpoint, Iteration, PreferencePair, PromptPrefix

    run = launched("star", label)
    questions = list(Question.objects.filter(split="train").order_by("external_id")[:3])
    prefix = PromptPrefix.objects.create(run=run, sha256="0" * 64, text="Input:\n1 + 1\nTarget:\n2\n\n")
    samples = [
        {"question": "q", "asked": "12 + 34", "text": "<b>4 6</b>", "answer": "46", "verdict": "correct"}
    ]
    Iteration.objects.create(run=run, number=0, metrics={"accuracy": 0.25}, samples=samples)
    counts = {"questions": 3, "solved": 1, "rationalized": 1, "failed": 1, "examples": 2, "too_long": 0}
    metrics = {"accuracy": 0.5, "loss": 0.1, "by_digits": {"2": 0.5}, "valid_traces": {"few_shot": 1.0}}
    Iteration.objects.create(run=run, number=1, counts=counts, metrics=metrics, steps=4, samples=samples)
    kinds = [
        ("few_shot", "correct", "kept"),
        ("few_shot", "wrong", "wrong"),
        ("rationalized", "unparsable", "unparsable"),
    ]
    rows = [
        TrainingExample.objects.create(
            run=run,
            iteration=1,
            origin=origin,
            question=question,
            revision=question.current_revision,
            prefix=prefix,
            own_prompt="Input:\n5 + 6\nTarget: 1 1\n"
            if origin == "rationalized"
            else "Input:\n5 + 6\nTarget:\n",
            training_prompt="Input:\n5 + 6\nTarget:\n",
            completion="<scratch>\n1 1",
            answer="11",
            verdict=verdict,
            fate=fate,
            tokens=7,
            scored_tokens=7,
            logprob=-1.5,
            seed=5,
        )
        for question, (origin, verdict, fate) in zip(questions, kinds, strict=True)
    ]
    PreferencePair.objects.create(
        run=run,
        number=0,
        origin="verdict",
        use="train",
        question=questions[0],
        split="train",
        prompt="Input:\n5 + 6\nTarget:\n",
        chosen="1 1",
        rejected="1 2",
        chosen_example=rows[0],
        rejected_example=rows[1],
    )
    Checkpoint.objects.create(run=run, name="iteration-1", is_result=True, model=run.base, step=4)
    return run
