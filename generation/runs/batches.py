"""A run's batches: taken by a lane under its fence, stored whole or not at all, taken over when the lane is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.utils import timezone

from generation.runs.models import Candidate, GenerationBatch, GenerationRun, Prompt
from generation.runs.seeds import sample_seed
from jobs.context import JobContext
from jobs.models import Job


@dataclass(frozen=True, slots=True)
class Place:
    """One candidate that a batch consists of, before it is sampled."""

    prompt: Prompt
    sample: int
    seed: int


def take_batch(run: GenerationRun, context: JobContext) -> GenerationBatch | None:
    """The first batch that nobody works on, which is this lane's from now on; None if there is none (yet)."""
    with context.writing():
        rows = _free(run, context)
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True, of=("self",))
        batch = rows.order_by("number").first()
        if batch is None:
            return None
        batch.job_id, batch.fence = context.job_id, context.fence
        batch.save(update_fields=["job", "fence"])
    return batch


def places_of(run: GenerationRun, batch: GenerationBatch) -> list[Place]:
    """What the batch consists of, in its order, with the prompts' questions and revisions at hand."""
    numbers = range(batch.first, batch.first + batch.size)
    first, last = numbers[0] // run.samples, numbers[-1] // run.samples
    rows = run.prompts.filter(number__gte=first, number__lte=last).select_related("question", "revision")
    prompts = {prompt.number: prompt for prompt in rows}
    places = []
    for number in numbers:
        prompt, sample = prompts[number // run.samples], number % run.samples
        seed = sample_seed(run.seed, prompt.question.external_id, sample)
        places.append(Place(prompt, sample, seed))
    return places


def mark_stored(batch: GenerationBatch, context: JobContext, *, seconds: float) -> bool:
    """Whether the batch is still this lane's, and so is stored by it. The caller is inside context.writing()."""
    mine = GenerationBatch.objects.filter(
        pk=batch.pk, stored_at=None, job_id=context.job_id, fence=context.fence
    )
    return bool(mine.update(stored_at=timezone.now(), seconds=seconds))


def add_candidates(candidates: Sequence[Candidate]) -> None:
    Candidate.objects.bulk_create(candidates, batch_size=500)


def stored_count(run: GenerationRun) -> int:
    """How many candidates of the run are stored, by all lanes."""
    found = run.batches.filter(stored_at__isnull=False).aggregate(sum=Sum("size"))["sum"]
    return int(found or 0)


def all_stored(run: GenerationRun) -> bool:
    return not run.batches.filter(stored_at=None).exists()


def _free(run: GenerationRun, context: JobContext) -> QuerySet[GenerationBatch]:
    """Batches that are not stored and that no other running job holds under its present fence.

    One of our own is free: a lane has one batch at a time, so that it is left over from an attempt that broke.
    """
    running = Job.objects.filter(pk=OuterRef("job_id"), fence=OuterRef("fence"), state=Job.State.RUNNING)
    return run.batches.filter(~Exists(running.exclude(pk=context.job_id)), stored_at=None)
