"""Launching a run: everything is looked up and checked, then run, job and audit line are written together."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.audit import Actor, record
from accounts.errors import InvalidInput
from accounts.gates import require
from accounts.models import User
from accounts.roles import Act
from generation.registry.models import LanguageModel
from generation.registry.provenance import check_source
from generation.registry.services import check_label
from jobs.models import Job
from jobs.services import cancel_job, create_job, resume_job
from ratings.studies.blinding import require_visible_results
from ratings.studies.selectors import get_study
from training.recipes.reader import ReadRecipe
from training.recipes.schema import Dpo
from training.runs.checking import Inputs, check_inputs, ensure_named
from training.runs.conditions import known_conditions
from training.runs.errors import LabelTaken
from training.runs.estimates import estimated, warm_up_of
from training.runs.models import Algorithm, TrainingRun
from training.runs.preference_files import export_study_name
from training.runs.version import code_version

KIND = "train"
#: Room for what is put behind a run's label in the labels of its other models.
MAX_LABEL = 80


def launch_training(recipe: ReadRecipe, *, label: str, actor: Actor) -> TrainingRun:
    """A run that waits. Whoever asked sends its job off, or does it, once this is committed.

    The label of a run that failed or was cancelled may be used again, which ends the way back to that run.
    Raises the errors of check_inputs, InvalidInput and LabelTaken; nothing is written then.
    """
    _check_label(label)
    ensure_named([recipe.values.base], actor=actor)
    return _launch(recipe, check_inputs(recipe.values), label, actor)


def launch_training_for(user: User, recipe: ReadRecipe, *, label: str) -> TrainingRun:
    """What pages and API call: no file of the server by its path, and no votes of a study that still runs blind.

    Raises PermissionRefused and Blinded, and as launch_training does.
    """
    _check_label(label)
    return _launch(recipe, inputs_for(user, recipe), label, Actor.of(user))


def inputs_for(user: User, recipe: ReadRecipe) -> Inputs:
    """What a member of the staff may launch, and so may ask about. Raises as launch_training_for does."""
    require(user, Act.RUN_JOBS)
    ensure_named([recipe.values.base], actor=Actor.of(user))
    inputs = check_inputs(recipe.values, paths_allowed=False)
    exported = export_study_name(recipe.values.export) if isinstance(recipe.values, Dpo) else None
    for study in [*inputs.studies, *([get_study(exported)] if exported else [])]:
        require_visible_results(study)
    return inputs


def _launch(recipe: ReadRecipe, inputs: Inputs, label: str, actor: Actor) -> TrainingRun:
    try:
        with transaction.atomic():
            _take_label(label)
            return _store(recipe, inputs, label, actor)
    except IntegrityError as error:  # another process was quicker
        raise _taken(label, "another run") from error


def cancel_run(run: TrainingRun, *, actor: Actor) -> Job:
    """Raises Conflict where there is nothing left to cancel."""
    return cancel_job(run.job_id, actor=actor)


def resume_run(run: TrainingRun, *, actor: Actor) -> Job:
    """Puts a cancelled or failed run back into its queue. Raises LabelTaken, and Conflict."""
    with transaction.atomic():
        if not TrainingRun.objects.select_for_update(of=["self"]).get(pk=run.pk).holds_label:
            raise LabelTaken(
                f"The label {run.label!r} was given to a later run; clone this one instead.",
                details={"field": "label", "value": run.label},
            )
        return resume_job(run.job_id, actor=actor)


def reclaim_label(run: TrainingRun, *, actor: Actor) -> Job:
    """Puts a run back into its queue whose label a later one has got that came to nothing.

    Raises LabelTaken where that one may still make a model, and Conflict.
    """
    with transaction.atomic():
        _take_label(run.label)
        run.holds_label = True
        run.save(update_fields=["holds_label"])
        return resume_job(run.job_id, actor=actor)


def _check_label(label: str) -> None:
    check_label(label)
    check_source(label, field="label")
    if len(label) > MAX_LABEL:
        raise InvalidInput(
            f"label: {label!r} is too long, expected at most {MAX_LABEL} characters.",
            details={"field": "label", "value": label, "expected": f"at most {MAX_LABEL} characters"},
        )


def _take_label(label: str) -> None:
    """Raises LabelTaken unless the label is free, or held by a run that ended without a model."""
    if LanguageModel.objects.filter(label=label).exists():
        raise _taken(label, "a model")
    holder = (
        TrainingRun.objects.select_for_update(of=["self"])
        .select_related("job")
        .filter(label=label, holds_label=True)
        .first()
    )
    if holder is None:
        return
    if not holder.job.has_come_to_nothing:
        raise _taken(
            label, f"run {holder.pk}, which is {holder.job.state}", run=holder.pk, state=holder.job.state
        )
    holder.holds_label = False
    holder.save(update_fields=["holds_label"])


def _taken(label: str, whose: str, **facts: Any) -> LabelTaken:
    return LabelTaken(
        f"label: {label!r} belongs to {whose} already.",
        details={"field": "label", "value": label, **facts},
    )


def _store(recipe: ReadRecipe, inputs: Inputs, label: str, actor: Actor) -> TrainingRun:
    algorithm = Algorithm(recipe.algorithm)
    job = create_job(kind=KIND, title=f"{algorithm.label} on {inputs.dataset.name}: {label}", actor=actor)
    run = TrainingRun.objects.create(
        algorithm=algorithm,
        label=label,
        recipe_name=recipe.name[-200:],
        recipe=recipe.as_json(),
        recipe_sha256=recipe.sha256,
        base=inputs.base,
        dataset=inputs.dataset,
        seed=recipe.values.seed,
        job=job,
        estimate=estimated(recipe.values, inputs),
        conditions=known_conditions(warm_up_of(recipe.values, inputs)),
        code_version=code_version(),
        created_by=actor.user,
    )
    run.studies.set(inputs.studies)
    job.page = reverse("training:run", args=[run.pk])
    job.save(update_fields=["page"])
    details = {"run": run.pk, "algorithm": algorithm.value, "recipe": recipe.name[-200:]}
    record(actor, "training.launch", subject=label, details=details)
    return run
