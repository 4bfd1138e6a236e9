"""The work of a DPO run: a verifier from what raters preferred, and how often it agrees with them elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from generation.prompts import uses_calculator
from generation.registry.opening import load_model
from problems.types import Family
from training.dpo import dpo
from training.loop import Saving, Selection
from training.recipes.schema import Dpo
from training.records import Pair, seed_of
from training.runs import checkpoints
from training.runs.agreeing import HeldOut
from training.runs.descending import optimisation_of
from training.runs.freezing import ContentHash, RunData, frozen
from training.runs.models import Iteration, TrainingRun
from training.runs.pairing import as_pairs, gathered_pairs, no_preferences, sides, store_pairs
from training.runs.watching import JobWatch
from training.sft import Length

if TYPE_CHECKING:
    from generation.registry.loading import LoadedModel
    from jobs.context import JobContext


def run_dpo(context: JobContext, run: TrainingRun, recipe: Dpo) -> dict[str, Any]:
    """Returns the run's metrics; `held_out` has the agreement by split.

    Raises NoPreferences, NothingToLearn, LossNotFinite, CheckpointNotWritten and what loading raises.
    """
    data = frozen(context, run, lambda: gather(run, recipe))
    uses = sides(data.pairs, split=recipe.split, held_out=recipe.held_out_splits)
    learned = as_pairs(pair for pair, use in zip(data.pairs, uses, strict=True) if use == "train")
    if not learned:
        raise no_preferences(data.pairs, split=recipe.split, raters=recipe.raters)
    store_pairs(context, run, data.pairs, uses)
    context.stage("loading the model")
    loaded = load_model(run.base)
    held_out = _held_out(context, loaded, run, recipe, data)
    how = optimisation_of(recipe, seed=seed_of(recipe.seed, "dpo"))
    steps = Length(recipe.epochs, recipe.steps).of(len(learned), how)
    _begin(context, run, learned, held_out)
    context.stage("training", total=steps)
    result = dpo(
        loaded,
        learned,
        how,
        steps=steps,
        beta=recipe.beta,
        label_smoothing=recipe.label_smoothing,
        calculator=uses_calculator(Family(run.dataset.family)),
        watch=JobWatch(context, save_every=recipe.save_every),
        saving=Saving(context.folder / "training", recipe.save_every),
        selection=_selection(recipe, held_out, loaded),
    )
    metrics: dict[str, Any] = {
        "loss": result.trained.final_loss,
        "pairs": result.pairs,
        "too_long": len(result.too_long),
        "steps": steps,
        "best_step": result.trained.best_step or steps,
        "held_out": {
            split: pairs.report(loaded, seed=recipe.seed) for split, pairs in held_out.items() if pairs.pairs
        },
    }
    checkpoints.save(context, run, loaded, "verifier", step=metrics["best_step"], metrics=metrics)
    with context.writing():
        one = Iteration.objects.get(run=run, number=1)
        one.counts["too_long"] = len(result.too_long)
        one.steps, one.metrics, one.finished_at = steps, metrics, timezone.now()
        one.save()
    checkpoints.register(context, run, {"verifier": ""})
    return metrics


def gather(run: TrainingRun, recipe: Dpo) -> RunData:
    """What the run learns from, as the database has it now."""
    pairs = gathered_pairs(run, raters=recipe.raters, ties=recipe.ties, export=recipe.export)
    hashed = ContentHash()
    hashed.add("pair", (pair.content for pair in pairs))
    return RunData(pairs=[pair.as_json() for pair in pairs], content=hashed.hexdigest())


def _held_out(
    context: JobContext, reference: LoadedModel, run: TrainingRun, recipe: Dpo, data: RunData
) -> dict[str, HeldOut]:
    """By split, in the order of the recipe. The reference is the model before its first step."""
    context.stage("scoring what is held out")
    calculator = uses_calculator(Family(run.dataset.family))
    return {
        split: HeldOut(
            reference,
            as_pairs(pair for pair in data.pairs if pair["split"] == split),
            calculator=calculator,
            watch=JobWatch(context, save_every=recipe.save_every),
        )
        for split in recipe.held_out_splits
    }


def _selection(recipe: Dpo, held_out: dict[str, HeldOut], loaded: LoadedModel) -> Selection | None:
    """The best agreement on the first held-out split that has pairs."""
    pairs = next((found for found in held_out.values() if found.pairs), None)
    if not recipe.select or pairs is None:
        return None
    score: Callable[[], float] = lambda: pairs.reward_agreement(loaded)  # noqa: E731
    return Selection(recipe.select_every, score, name="held_out_agreement")


def _begin(context: JobContext, run: TrainingRun, learned: list[Pair], held_out: dict[str, HeldOut]) -> None:
    counts = {"pairs": len(learned), "questions": len({pair.question for pair in learned})}
    counts |= {f"held out: {split}": len(found.pairs) for split, found in held_out.items()}
    with context.writing():
        Iteration.objects.get_or_create(run=run, number=1, defaults={"counts": counts})
    if not any(found.pairs for found in held_out.values()):
        context.log("No vote is about a question of held_out_splits: nothing says how good the verifier is.")
