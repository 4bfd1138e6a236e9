"""Launching a run: one transaction, all or nothing. Whoever asked hands its jobs to the queue afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from django.db import transaction
from django.urls import reverse

from accounts.audit import Actor, record
from generation.prompts import stop_strings, uses_calculator
from generation.registry.models import LanguageModel
from generation.runs.models import GenerationBatch, GenerationRun, Prompt
from generation.runs.spec import MAX_LANES, CheckedSpec, GenerationSpec, check_spec
from generation.runs.vocabulary import require_layout, writer_at_hand
from jobs import clock
from jobs.models import Job
from jobs.services import create_job
from jobs.watch import live_workers
from ratings.library.importing.bulk import insert_rows
from ratings.library.records import Writer
from ratings.library.writers import Said, ensure_sources

#: Kind and queue of a run's jobs.
KIND = "generate"
_CHUNK = 1_000


def launch_generation(spec: GenerationSpec, *, actor: Actor) -> GenerationRun:
    """Stores the run with its prompts, batches and jobs; `jobs_of` are then to be enqueued.

    Raises the errors of check_spec, TokenizerLacks and ModelUnusable (bad_tokenizer); nothing is written then.
    """
    checked = check_spec(spec)
    require_layout(writer_at_hand(checked.model), checked.model, checked.dataset, field="model")
    with transaction.atomic():
        run = _store_run(checked, actor)
        insert_rows(Prompt, ("run", "number", "question", "revision", "text"), _prompt_rows(run, checked))
        GenerationBatch.objects.bulk_create(_batches(run), batch_size=_CHUNK)
        details = {**asdict(spec), "source": checked.source, "questions": run.questions}
        record(actor, "generation.launch", subject=str(run), details=details)
    return run


def jobs_of(run: GenerationRun) -> list[Job]:
    """The jobs of all lanes, the first lane's first."""
    return [run.job, *run.job.lanes.order_by("pk")]


def _store_run(checked: CheckedSpec, actor: Actor) -> GenerationRun:
    spec, model = checked.spec, checked.model
    key = ensure_sources([Said(checked.source, stated=Writer.MODEL)])[checked.source]
    title = (
        f"{spec.samples} × {len(checked.revisions)} candidates of {model.label} for {checked.dataset.name}"
    )
    jobs = _create_jobs(title, lanes=_lanes(checked), actor=actor)
    run = GenerationRun.objects.create(
        dataset=checked.dataset,
        model=model,
        source_id=key,
        job=jobs[0],
        split=spec.split or "",
        samples=spec.samples,
        temperature=spec.temperature,
        top_p=spec.top_p,
        seed=spec.seed,
        shots=spec.shots,
        prefix=checked.prefix,
        hint=spec.hint,
        max_new_tokens=checked.max_new_tokens,
        batch_size=checked.batch_size,
        stop=list(stop_strings(checked.family)),
        calculator=uses_calculator(checked.family) and model.kind != LanguageModel.Kind.ENDPOINT,
        model_digest=model.digest,
        questions=len(checked.revisions),
        created_by=actor.user,
    )
    page = reverse("generation:run", args=[run.pk])
    Job.objects.filter(pk__in=[job.pk for job in jobs]).update(page=page)
    return run


def _create_jobs(title: str, *, lanes: int, actor: Actor) -> list[Job]:
    """The first lane's job, and its children."""
    first = create_job(kind=KIND, title=title, actor=actor)
    others = [
        create_job(kind=KIND, title=f"{title}, lane {lane}", actor=actor, parent=first)
        for lane in range(2, lanes + 1)
    ]
    return [first, *others]


def _lanes(checked: CheckedSpec) -> int:
    """As many as asked for, or as there are workers to take them; never more than there are batches."""
    wanted = checked.spec.lanes or live_slots()
    candidates = len(checked.revisions) * checked.spec.samples
    return max(1, min(wanted, MAX_LANES, -(-candidates // checked.batch_size)))


def live_slots() -> int:
    """How many jobs the live workers of the queue take at a time."""
    return sum(beat.concurrency for beat in live_workers(clock.now()) if KIND in beat.queues)


def _prompt_rows(run: GenerationRun, checked: CheckedSpec) -> Iterator[tuple[object, ...]]:
    for number, revision in enumerate(checked.revisions):
        yield run.pk, number, revision.question_id, revision.pk, checked.prompt(revision)


def _batches(run: GenerationRun) -> Iterator[GenerationBatch]:
    for number, first in enumerate(range(0, run.planned, run.batch_size)):
        size = min(run.batch_size, run.planned - first)
        yield GenerationBatch(run=run, number=number, first=first, size=size)
