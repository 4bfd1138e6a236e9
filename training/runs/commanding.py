"""What the command `train` does beyond launching: it goes on where an earlier call ended, and it estimates."""

from __future__ import annotations

from typing import Any

from accounts.audit import Actor
from jobs.here import run_here
from jobs.leases import still_held, take_from_the_lost
from jobs.models import Job
from training.recipes.reader import ReadRecipe
from training.runs.checking import check_inputs, ensure_named
from training.runs.estimates import outlook
from training.runs.launching import launch_training, resume_run, unfinished_run
from training.runs.measuring import measure


def launched_or_resumed(recipe: ReadRecipe, *, label: str, actor: Actor) -> Job:
    """The job to do: of a new run, or of one of this label and exactly this recipe that did not end well.

    Raises the errors of launch_training, and StillHeld where a process is at work on it.
    """
    run = unfinished_run(recipe, label)
    if run is None:
        return launch_training(recipe, label=label, actor=actor).job
    # Whoever had it may be dead without anybody having noticed.
    job = take_from_the_lost(run.job_id) or run.job
    if (held := still_held(job, f"Run {run.pk} ({label!r})")) is not None:
        held.details["run"] = run.pk
        raise held
    if job.state == Job.State.QUEUED:
        return _at_once(job)
    return resume_run(run, actor=actor)


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
        "measured_on": found.measurement.host,
        "measured_at": None if measured_at is None else measured_at.isoformat(),
    }


def _at_once(job: Job) -> Job:
    """A job that waits after a broken attempt need not wait for us."""
    Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(not_before=None)
    job.not_before = None
    return job
