"""What the command `train` does beyond launching: it goes on where an earlier call ended, and it estimates."""

from __future__ import annotations

from typing import Any

from accounts.audit import Actor
from accounts.errors import Conflict
from jobs.errors import JobError, StillHeld
from jobs.here import NOT_WAITING, run_here
from jobs.leases import still_held, take_from_the_lost
from jobs.models import Job
from jobs.services import cancel_job
from training.recipes.reader import ReadRecipe
from training.runs.cautions import cautions_of
from training.runs.checking import check_inputs, ensure_named
from training.runs.errors import LabelTaken
from training.runs.estimates import outlook
from training.runs.interrupting import interrupted_run
from training.runs.launching import launch_training, reclaim_label, resume_run
from training.runs.measuring import measure
from training.runs.models import TrainingRun
from training.runs.spending import spent_on
from training.runs.standing import (
    CANNOT_RESUME,
    Differences,
    data_differences,
    differences,
    earlier_run,
    gave_up,
    holder_of,
    taken,
)


def launched_or_resumed(recipe: ReadRecipe, *, label: str, actor: Actor, anew: bool = False) -> Job:
    """The job to do: of a new run, or of the one of this label and exactly this recipe that did not finish.

    Where that one is finished, and its data are still the same (or nobody can tell), its finished job: there is nothing
    to do. A run of another recipe keeps the label unless it failed by its own recipe or data.
    One that could only end as it did answers so again, as long as its data are still the same.
    anew: a new run also where one of this label did not finish; that one can then not go on.
    Raises the errors of launch_training (LabelTaken with the run and what differs from it), and StillHeld where a
    process is at work on it.
    """
    ensure_named([recipe.values.base], actor=actor)
    holder = holder_of(label)
    if holder is None:
        try:
            return launch_training(recipe, label=label, actor=actor).job
        except LabelTaken:
            # By a model that no run made; or another process was quicker, and has a run by now.
            holder = holder_of(label)
            if holder is None:
                raise
    # Whoever had it may be dead without anybody having noticed.
    holder.job = take_from_the_lost(holder.job_id) or holder.job
    differs = differences(recipe, holder)
    if holder.job.state == Job.State.FINISHED:
        if differs:
            raise _refused(recipe, holder, differs)
        differs = data_differences(holder)
        if differs or anew:
            raise taken(holder, differs)
        return holder.job
    if anew:
        return _anew(holder, recipe, actor)
    if not differs:
        return _gone_on(holder, recipe, actor)
    if not gave_up(holder.job):
        raise _refused(recipe, holder, differs)
    earlier = earlier_run(recipe, label)
    if earlier is not None:
        return reclaim_label(earlier, actor=actor)
    return launch_training(recipe, label=label, actor=actor).job


def train_here(job: Job) -> dict[str, Any]:
    """The answer of `train`, once the work is done in this process.

    Raises as run_here does, StillHeld where another process got the job first, and Interrupted for Ctrl-C.
    """
    try:
        return run_here(job.pk, watched=True)
    except Conflict as error:
        if error.code != NOT_WAITING:
            raise
        run = TrainingRun.objects.select_related("job").get(job_id=job.pk)
        raise _held(run) or error from error
    except KeyboardInterrupt:
        raise interrupted_run(job.pk) from None


def answer_again(run: TrainingRun, stored: dict[str, Any]) -> dict[str, Any]:
    """The answer of a finished run, with warnings and seconds as its page and the API tell them today.

    Evaluations that came later may warn; earlier versions stored no warnings, and seconds with each start-up.
    """
    took = spent_on(run)
    return {
        **stored,
        "warnings": [one.as_json() for one in cautions_of(run)],
        "seconds": stored["seconds"] if took is None else took.seconds,
    }


def _refused(recipe: ReadRecipe, holder: TrainingRun, differs: Differences) -> LabelTaken:
    """Raises what is wrong with the recipe itself, under whatever label: no other label would help it."""
    check_inputs(recipe.values)
    return taken(holder, differs)


def _gone_on(run: TrainingRun, recipe: ReadRecipe, actor: Actor) -> Job:
    if (held := _held(run)) is not None:
        raise held
    if run.job.state == Job.State.QUEUED:
        return _at_once(run.job)
    if run.job.ends_the_same and not data_differences(run):
        error = run.job.error or {}
        raise JobError(error["message"], code=error["code"], details={**error["details"], "run": run.pk})
    if run.job.ends_the_same or (run.job.error or {}).get("code") == CANNOT_RESUME:
        return launch_training(recipe, label=run.label, actor=actor).job
    return resume_run(run, actor=actor)


def _anew(run: TrainingRun, recipe: ReadRecipe, actor: Actor) -> Job:
    if (held := _held(run)) is not None:
        raise held
    if run.job.state == Job.State.QUEUED:
        cancel_job(run.job_id, actor=actor)
    return launch_training(recipe, label=run.label, actor=actor).job


def _held(run: TrainingRun) -> StillHeld | None:
    held = still_held(run.job, f"Run {run.pk} ({run.label!r})")
    if held is not None:
        held.details |= {"run": run.pk, "label": run.label}
    return held


def estimate_here(recipe: ReadRecipe, *, actor: Actor) -> dict[str, Any]:
    """What the run would take, for people and programs; the base is measured in this process if nobody has yet.

    Raises the errors of check_inputs, and of measuring.
    """
    ensure_named([recipe.values.base], actor=actor)
    inputs = check_inputs(recipe.values)
    found = outlook(recipe.values, inputs)
    if found.measurement is None:
        waiting = measure(inputs.base.label, inputs.dataset.name, actor=actor)
        run_here(waiting.job_id, watched=True)
        found = outlook(recipe.values, inputs)
    assert found.measurement is not None and found.estimate is not None
    measured_at = found.measurement.job.finished_at
    return {
        "estimate": found.estimate.as_json(),
        "advice": found.advice,
        "measured_on": found.measurement.host,
        "measured_at": None if measured_at is None else measured_at.isoformat(),
    }


def _at_once(job: Job) -> Job:
    """A job that waits after a broken attempt need not wait for us."""
    Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(not_before=None)
    job.not_before = None
    return job
