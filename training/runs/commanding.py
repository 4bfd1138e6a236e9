"""What the command `train` does beyond launching: it goes on where an earlier call of it was interrupted."""

from __future__ import annotations

from accounts.audit import Actor
from jobs.leases import still_held, take_from_the_lost
from jobs.models import Job
from training.recipes.reader import ReadRecipe
from training.runs.launching import launch_training, resume_run, unfinished_run


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


def _at_once(job: Job) -> Job:
    """A job that waits after a broken attempt need not wait for us."""
    Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(not_before=None)
    job.not_before = None
    return job
