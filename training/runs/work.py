"""The handler of kind `train`: one run by its algorithm, from wherever an earlier attempt left it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from jobs.errors import JobError, TransientJobError
from training.errors import LossNotFinite, NothingRight, ProcessLost
from training.estimating.overlooked import overlooked
from training.parallel.team import disband, room_for_processes, team_of
from training.recipes.reader import from_stored
from training.recipes.schema import Dpo, Recipe, Sft, Star, Vstar
from training.runs.cautions import cautions_of
from training.runs.conditions import note_means, note_warm_up, say_warm_up
from training.runs.dpo_work import run_dpo
from training.runs.first_look import check_base
from training.runs.last_good import keep_best, keep_last_good
from training.runs.models import TrainingRun
from training.runs.selectors import get_run
from training.runs.sft_work import run_sft
from training.runs.spending import spent_on
from training.runs.star_work import run_star
from training.runs.vstar_work import run_vstar

if TYPE_CHECKING:
    from jobs.context import JobContext


def run_training(context: JobContext) -> dict[str, Any]:
    """Returns CONTRACT.md's answer of `train`. Raises what the algorithms raise; Cancelled and LeaseLost pass."""
    run = TrainingRun.objects.select_related("job", "base", "dataset", "created_by").get(
        job_id=context.job_id
    )
    if not run.holds_label:
        raise JobError(
            f"The label {run.label!r} was given to a later run; clone this one instead.", code="name_taken"
        )
    context.log(
        f"{run.get_algorithm_display()} {run.label!r} from {run.base.label!r}, recipe {run.recipe_name}"
    )
    try:
        metrics = _train(context, run)
    except LossNotFinite as error:
        keep_last_good(context, run, error)
        raise
    except NothingRight as error:
        keep_best(context, run, error)
        raise
    except ProcessLost as error:
        raise TransientJobError(error.message, code=error.code, details=error.details) from error
    finally:
        disband()
    with context.writing():
        TrainingRun.objects.filter(pk=run.pk).update(metrics=metrics, device_peak_bytes=_device_peak())
    context.flush()  # the curves are looked at
    cautions = cautions_of(get_run(run.pk))
    for one in cautions:
        context.log(f"{one.title}. {one.message}")
    context.end_stages()
    took = spent_on(run)
    result = run.checkpoints.select_related("model").get(is_result=True)
    models = run.checkpoints.filter(model__isnull=False).order_by("id").values_list("name", "model__label")
    assert result.model is not None
    return {
        "run": run.pk,
        "label": run.label,
        "checkpoint": result.model.label,
        "models": dict(models),
        "metrics": metrics,
        "warnings": [one.as_json() for one in cautions],
        "seconds": 0.0 if took is None else took.seconds,
    }


def _device_peak() -> int | None:
    """The most memory of a GPU that this process has held for tensors; None where it used none."""
    import torch

    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None


def _train(context: JobContext, run: TrainingRun) -> dict[str, Any]:
    recipe = from_stored(run.algorithm, run.recipe_name, run.recipe).values
    note_means(context, recipe)
    _start_helpers(context, recipe)
    check_base(context, run, recipe)
    say_warm_up(context, run)
    metrics = _by_algorithm(context, run, recipe)
    note_warm_up(context, run, recipe)
    return metrics


def _start_helpers(context: JobContext, recipe: Recipe) -> None:
    """Before the work names a stage: starting processes is the machine's, and no part of what the run takes. What is
    seldom meant on this machine is in the log.

    Raises TrainingError (too_few_devices) and ProcessLost.
    """
    import torch

    from generation.registry.loading import pick_device

    device = torch.device(pick_device(settings.DEVICE))
    for words in overlooked(recipe, cores=room_for_processes(device.type), on_gpu=device.type == "cuda"):
        context.log(words)
    if recipe.processes > 1:
        team_of(recipe.processes, device)


def _by_algorithm(context: JobContext, run: TrainingRun, recipe: Recipe) -> dict[str, Any]:
    match recipe:
        case Sft():
            return run_sft(context, run, recipe)
        case Dpo():
            return run_dpo(context, run, recipe)
        case Star():
            return run_star(context, run, recipe)
        case Vstar():
            return run_vstar(context, run, recipe)
    raise AssertionError(f"no work for {run.algorithm}")
