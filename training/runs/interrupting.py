"""What Ctrl-C leaves of a run or an evaluation, and that the same command goes on from there."""

from __future__ import annotations

from jobs.errors import Interrupted
from jobs.models import Job
from training.estimating.remaining import kind_of
from training.runs.measured_models import Evaluation, Sample
from training.runs.models import Algorithm, TrainingRun


def interrupted_run(job_id: int) -> Interrupted:
    """Of the run of that job, whose attempt has ended."""
    run = TrainingRun.objects.select_related("job").get(job_id=job_id)
    kind, iteration = kind_of(run.job.stage)
    done = run.iterations.filter(number__gt=0, finished_at__isnull=False).count()
    examples = run.examples.count()
    planned = run.recipe.get("iterations")
    kept = [f"{examples:,} example{'' if examples == 1 else 's'}"] if examples else []
    if planned and run.algorithm in (Algorithm.STAR, Algorithm.VSTAR):
        kept.insert(0, f"{done} of {planned} iterations")
    words = f"Kept: {' and '.join(kept)}. " if kept else ""
    if kind == "training" or kind.startswith("training "):
        every = run.recipe.get("save_every")
        words += f"The training goes on from its last saved state, at most {every} steps back. "
    return Interrupted(
        f"Interrupted: run {run.pk} ({run.label!r}) stands at {_place(run.job)}. {words}"
        "The same command goes on from there.",
        details={
            "run": run.pk,
            "label": run.label,
            **_facts(run.job),
            "iteration": iteration,
            "iterations_finished": done,
            "examples": examples,
        },
    )


def interrupted_evaluation(job_id: int) -> Interrupted:
    """Of the evaluation of that job. Its samples belong to model, questions and settings: the next one finds them."""
    one = Evaluation.objects.select_related("job", "model").get(job_id=job_id)
    samples = Sample.objects.filter(sample_set=one.sample_set_id).count() if one.sample_set_id else 0
    return Interrupted(
        f"Interrupted: evaluation {one.pk} of {one.model.label!r} stands at {_place(one.job)}."
        f" Kept: {samples:,} samples and the scores of verifiers. The same command goes on from there.",
        details={"evaluation": one.pk, "model": one.model.label, **_facts(one.job), "samples": samples},
    )


def _place(job: Job) -> str:
    """Where the work was when it last said so."""
    if not job.stage:
        return "its beginning"
    return f"{job.stage!r}" + (f", {job.done:,} of {job.total:,}" if job.total else "")


def _facts(job: Job) -> dict[str, object]:
    return {"stage": job.stage, "done": job.done, "total": job.total, "state": job.state}
