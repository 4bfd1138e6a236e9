"""The handler of queue `generate`: one lane of a run, from the first batch that is free to the last that is stored.

Lanes share nothing but the database. A lane that finds no free batch waits for the others, because the batch of one
that is killed falls to whoever is there; so the run is whole when any lane ends.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from generation.registry.unusable import ModelUnusable
from generation.runs import answers, batches, selectors
from generation.runs.batches import Place
from generation.runs.models import Candidate, GenerationBatch, GenerationRun
from generation.runs.resuming import ROOM_SETTLED
from generation.runs.room import settle_room
from generation.runs.samplers import open_sampler, sampling_settings
from generation.runs.spec import DEFAULT_NEW_TOKENS
from generation.runs.texts import Reading, read_completion
from generation.runs.vocabulary import require_layout, unknown_in, writer_for_work
from generation.sampling.errors import EndpointError
from generation.sampling.types import Completion, PromptRequest, Sampler
from jobs.errors import TransientJobError
from jobs.models import Job
from problems.types import Family
from ratings.library.generated import GeneratedText, grade_generated, store_generated
from ratings.library.importing.working import Worked

if TYPE_CHECKING:
    from jobs.context import JobContext

#: How often a lane without a batch looks again.
WAIT_SECONDS = 0.5


def run_generation(context: JobContext) -> dict[str, Any]:
    """Works until every batch of the run is stored, and returns its summary, which is CONTRACT.md's of `generate`.

    Raises what loading and sampling raise; Cancelled and LeaseLost pass. What is stored stays.
    """
    run = selectors.run_of_job(context.job_id)
    sampler: Sampler | None = None
    while not batches.all_stored(run):
        batch = batches.take_batch(run, context)
        if batch is None:
            context.check()
            time.sleep(WAIT_SECONDS)
            continue
        if sampler is None:
            sampler = _open(run, context)
            context.stage("sampling", done=batches.stored_count(run), total=run.planned)
        _make(batch, run, sampler, context)
        stored = batches.stored_count(run)
        context.metric("share of right answers", stored, selectors.share_right(run))
        context.advance(stored)
    return _finish(run, context)


def _open(run: GenerationRun, context: JobContext) -> Sampler:
    """The model, and the run's number of new tokens settled, which is the same whichever lane settles it."""
    context.stage("loading the model")
    with _tried_again():
        _check_vocabulary(run, context)
        sampler = open_sampler(run, watch=context)
    _settle_room(run, sampler, context)
    return sampler


def _settle_room(run: GenerationRun, sampler: Sampler, context: JobContext) -> None:
    """Raises PromptTooLong, naming the questions, before anything is sampled."""
    rows = run.prompts.order_by("number").values_list("question__external_id", "text")
    prompts = ((question, run.prefix + text) for question, text in rows.iterator(chunk_size=1_000))
    room = settle_room(sampler, prompts, most=DEFAULT_NEW_TOKENS, wanted=run.max_new_tokens)
    if run.max_new_tokens is None:
        run.max_new_tokens = room.tokens
        run.conditions[ROOM_SETTLED] = True
        if room.tokens < DEFAULT_NEW_TOKENS:
            context.log(room.words)
        with context.writing():
            run.save(update_fields=["max_new_tokens", "conditions"])


def _check_vocabulary(run: GenerationRun, context: JobContext) -> None:
    """Raises TokenizerLacks, for models that only a worker can read; notes what single questions have beyond it."""
    writer = writer_for_work(run.model)
    require_layout(writer, run.model, run.dataset, field="model")
    prompts = run.prompts.order_by("number").values_list("text", flat=True)
    unknown = unknown_in(writer, prompts.iterator(chunk_size=1_000))
    if unknown is not None and "unknown_characters" not in run.conditions:
        context.log(unknown.words)
        run.conditions["unknown_characters"] = unknown.as_json()
        with context.writing():
            run.save(update_fields=["conditions"])


@contextmanager
def _tried_again() -> Iterator[None]:
    """What may pass by itself breaks the attempt, not the job."""
    try:
        yield
    except EndpointError as error:
        if not error.transient:
            raise
        raise TransientJobError(error.message, code=error.code, details=error.details) from error
    except ModelUnusable as error:
        if error.code != "hub_unreachable":
            raise
        raise TransientJobError(error.message, code=error.code, details=error.details) from error


def _make(batch: GenerationBatch, run: GenerationRun, sampler: Sampler, context: JobContext) -> None:
    """Samples, grades and stores one batch."""
    places = batches.places_of(run, batch)
    requests = [PromptRequest(run.prefix + place.prompt.text, place.seed) for place in places]
    began = time.monotonic()
    with _tried_again():
        completions = _sampled(batch, run, sampler, requests, context)
    seconds = time.monotonic() - began
    assert len(completions) == len(places), "one completion per request"
    context.check()
    made = _read(run, places, completions)
    with context.writing():
        if not batches.mark_stored(batch, context, seconds=seconds):
            context.log(f"Batch {batch.number} was taken over by another lane.")
            return
        _store(run, places, completions, made)
        # Attempts that break are counted in a row: one that came further begins a new row.
        Job.objects.filter(pk=context.job_id, failures__gt=0).update(failures=0)
    answers.forget(run, batch)
    tokens = sum(completion.token_count for completion in completions)
    context.log(f"Batch {batch.number}: {len(places)} candidates, {tokens} tokens in {seconds:.1f} s.")


def _sampled(
    batch: GenerationBatch,
    run: GenerationRun,
    sampler: Sampler,
    requests: Sequence[PromptRequest],
    context: JobContext,
) -> list[Completion]:
    """Asks for what no earlier attempt at this batch has got, and keeps what there is where something fails."""
    found = answers.recall(run, batch)
    missing = [place for place in range(len(requests)) if place not in found]
    try:
        sampled = sampler.sample([requests[place] for place in missing], sampling_settings(run))
    except EndpointError as error:
        found |= {missing[place]: completion for place, completion in error.answered.items()}
        if found:
            answers.keep(run, batch, found)
            context.log(f"Batch {batch.number}: {len(found)} of {len(requests)} answers are there and kept.")
        raise
    found |= dict(zip(missing, sampled, strict=True))
    return [found[place] for place in range(len(requests))]


def _read(
    run: GenerationRun, places: Sequence[Place], completions: Sequence[Completion]
) -> list[tuple[Reading, Worked]]:
    """What each completion says, and its grade against the revision that was asked. Equal texts are graded once."""
    family, which = Family(run.dataset.family), run.model.options.rationale_text
    known: dict[tuple[int, str, str | None], Worked] = {}
    made = []
    for place, completion in zip(places, completions, strict=True):
        reading = read_completion(completion.text, completion.reasoning, which)
        key = place.prompt.revision_id, reading.rationale, reading.stated
        if key not in known:
            known[key] = grade_generated(
                family, place.prompt.revision, reading.rationale, reading.stated or ""
            )
        made.append((reading, known[key]))
    return made


def _store(
    run: GenerationRun,
    places: Sequence[Place],
    completions: Sequence[Completion],
    made: Sequence[tuple[Reading, Worked]],
) -> None:
    """Candidates with their rationales. The caller is inside context.writing()."""
    shown = [number for number, (reading, _) in enumerate(made) if reading.rationale]
    texts = [_generated(places[number], *made[number]) for number in shown]
    rationales = store_generated(Family(run.dataset.family), run.source, texts)
    rationale_of = dict(zip(shown, rationales, strict=True))
    now = timezone.now()
    batches.add_candidates(
        [
            Candidate(
                run=run,
                prompt=place.prompt,
                sample=place.sample,
                seed=place.seed,
                text=reading.text,
                reasoning=reading.reasoning,
                answer=worked.answer,
                verdict=worked.verdict,
                text_agrees=worked.text_agrees,
                logprob=completion.logprob,
                scored_tokens=completion.scored_tokens,
                tokens=completion.token_count,
                prompt_tokens=len(completion.prompt_tokens),
                finish=completion.finish,
                rationale_id=rationale_of.get(number),
                created_at=now,
            )
            for number, (place, completion, (reading, worked)) in enumerate(
                zip(places, completions, made, strict=True)
            )
        ]
    )


def _generated(place: Place, reading: Reading, worked: Worked) -> GeneratedText:
    return GeneratedText(
        question=place.prompt.question_id,
        revision=place.prompt.revision_id,
        text=reading.rationale,
        stated=reading.stated or "",
        worked=worked,
    )


def _finish(run: GenerationRun, context: JobContext) -> dict[str, Any]:
    with context.writing():
        GenerationRun.objects.filter(pk=run.pk, finished_at=None).update(finished_at=timezone.now())
    run.refresh_from_db(fields=["finished_at"])
    return selectors.summary_of(run)
