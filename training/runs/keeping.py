"""Where the loops of STaR and V-STaR keep what they do: rows behind the job's fence, weights beside them.

One object is both `training.collecting.Store` and `RunWatch`: what is stored decides where the curves go on.

- a batch of candidates is one transaction; it is there whole or not at all, and is then never sampled again;
- a model's files are renamed into place before its row and its facts are written, in one transaction; killed in
  between, the training ends once more, with the same weights, and replaces the files by the same;
- a training's own state lies in the job's folder until its model is stored;
- points of a curve are written before whatever makes sure that their step is not done again.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from generation.sampling.types import Completion
from problems.types import Grade, Verdict
from training.records import Candidate, Fate, Origin
from training.runs import checkpoints
from training.runs.conditions import note_halving
from training.runs.curves import curve_name
from training.runs.models import (
    Checkpoint,
    ExampleBatch,
    Iteration,
    PromptPrefix,
    RunFact,
    TrainingExample,
    TrainingRun,
)
from training.runs.models import Fate as StoredFate
from training.runs.questions import Asking
from training.runs.watching import SavedStates

if TYPE_CHECKING:
    from generation.registry.loading import LoadedModel
    from jobs.context import JobContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What the facts of a model say about its iteration.

    iteration: None for a model that belongs to the whole run. steps: of this model's training; steps_so_far: with all
    before it. points: what the curves get, at the iteration.
    """

    iteration: int | None
    steps: int = 0
    steps_so_far: int = 0
    counts: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    points: dict[str, float] = field(default_factory=dict)


VERIFIER = "verifier"
#: What becomes of candidates that only measure: nothing learns from them, whatever they are worth.
HELD_OUT = StoredFate.HELD_OUT.value

#: The name under which something was stored, and its facts -> what they say; None for facts of another kind.
Describe = Callable[[str, Mapping[str, Any]], Described | None]
#: What a model answers to the few questions that are read side by side.
Look = Callable[["LoadedModel"], list[dict[str, Any]]]


class RunKeeper:
    """questions: everything that is asked, by key. retire: told of each stored model, drops what nobody needs.

    save_every: steps between two saved states of a training. rationales: of the library, behind what is replayed, by
    question and sample.
    """

    def __init__(
        self,
        context: JobContext,
        run: TrainingRun,
        questions: Mapping[str, Asking],
        *,
        describe: Describe,
        look: Look,
        retire: Callable[[str], None],
        save_every: int,
        rationales: Mapping[tuple[str, int], int] | None = None,
    ) -> None:
        self._context, self._run, self._questions = context, run, questions
        self._save_every, self._rationales = save_every, rationales or {}
        self._describe, self._look, self._retire = describe, look, retire
        self._prefixes: dict[str, PromptPrefix] = {}
        self._stage = ""
        self._steps_so_far = 0
        self._saved = SavedStates(context, every=save_every)

    # As a store

    def batch(self, round: int, origin: Origin, number: int) -> list[Candidate] | None:
        wanted = ExampleBatch.objects.filter(run=self._run, iteration=round, origin=origin.value)
        found = wanted.filter(number=number).first()
        if found is None:
            return None
        rows = found.examples.select_related("question", "prefix").order_by("pk")
        return [candidate_of(row) for row in rows]

    def put_batch(self, round: int, origin: Origin, number: int, candidates: Sequence[Candidate]) -> None:
        with self._context.writing():
            batch = ExampleBatch.objects.create(
                run=self._run, iteration=round, origin=origin.value, number=number
            )
            rows = [self._row(batch, candidate) for candidate in candidates]
            TrainingExample.objects.bulk_create(rows, batch_size=500)
            if round:
                Iteration.objects.get_or_create(run=self._run, number=round)
            self._context.progressed()

    def facts(self, name: str) -> dict[str, Any] | None:
        found = RunFact.objects.filter(run=self._run, name=name).first()
        if found is None:
            return None
        described = self._describe(name, found.facts)
        self._count(described)
        return dict(found.facts)

    def put_facts(self, name: str, facts: Mapping[str, Any]) -> None:
        described = self._describe(name, facts)
        self._draw(described)
        with self._context.writing():
            self._write_facts(name, facts, described, [])
        self._count(described)

    def model(self, name: str) -> LoadedModel | None:
        if not self._run.checkpoints.filter(name=name).exists():
            return None
        return checkpoints.load(self._run, name)

    def put_model(self, name: str, loaded: LoadedModel, facts: Mapping[str, Any]) -> None:
        described = self._describe(name, facts)
        assert described is not None, f"{name}: a model whose facts say nothing"
        samples = self._look(loaded)
        iteration, steps = described.iteration or 0, described.steps_so_far
        checkpoints.write(self._run, loaded, name, iteration=iteration, step=steps)
        self._draw(described)
        with self._context.writing():
            Checkpoint.objects.update_or_create(
                run=self._run,
                name=name,
                defaults={"iteration": iteration, "step": steps, "metrics": described.metrics},
            )
            self._write_facts(name, facts, described, samples)
            self._context.progressed()
        shutil.rmtree(self._folder(name), ignore_errors=True)
        self._retire(name)
        self._count(described)

    def training_folder(self, name: str) -> Path | None:
        return self._folder(name)

    # As a watch

    def check(self) -> None:
        self._context.check()

    def stage(self, name: str, done: int, total: int) -> None:
        if name == self._stage:
            self._context.advance(done, total)
        else:
            self._stage = name
            self._saved = SavedStates(self._context, every=self._save_every)
            self._context.stage(name, done, total)

    def step(self, step: int, loss: float, extras: Mapping[str, float]) -> None:
        # A resumed training repeats steps, with the same values: a point that is there already is left alone.
        for name, value in {"loss": loss, **extras}.items():
            self._context.metric(curve_name(name, of=self._trained()), step, value)
        done = step - self._steps_so_far
        if done % self._save_every == 0:
            self._context.flush()
        self._saved.note(done)
        self._context.advance(done)

    def halved(self, step: int, rows: int) -> None:
        note_halving(self._context, step, rows)

    def _trained(self) -> str:
        """Whose training the present stage is, where it is not a generator's."""
        return VERIFIER if self._stage.startswith(VERIFIER) else ""

    def _folder(self, name: str) -> Path:
        return self._context.folder / "training" / name

    def _write_facts(
        self, name: str, facts: Mapping[str, Any], described: Described | None, samples: list[dict[str, Any]]
    ) -> None:
        """The caller is inside the job's transaction."""
        RunFact.objects.update_or_create(run=self._run, name=name, defaults={"facts": dict(facts)})
        if described is None or described.iteration is None:
            return
        Iteration.objects.update_or_create(
            run=self._run,
            number=described.iteration,
            defaults={
                "counts": described.counts,
                "metrics": described.metrics,
                "steps": described.steps,
                "finished_at": timezone.now(),
                **({"samples": samples} if samples else {}),
            },
        )

    def _draw(self, described: Described | None) -> None:
        """Writes all points that wait, and those of an iteration that ends."""
        if described is not None:
            for name, value in described.points.items():
                self._context.metric(name, described.iteration or 0, value)
        self._context.flush()

    def _count(self, described: Described | None) -> None:
        """Where the curves of the next training begin."""
        if described is not None:
            self._steps_so_far = max(self._steps_so_far, described.steps_so_far)

    def _row(self, batch: ExampleBatch, candidate: Candidate) -> TrainingExample:
        asked, completion = self._questions[candidate.question], candidate.completion
        sampled = candidate.origin is not Origin.REPLAYED
        return TrainingExample(
            run=self._run,
            batch=batch,
            iteration=batch.iteration,
            origin=candidate.origin.value,
            question_id=asked.question,
            revision_id=asked.revision,
            sample=candidate.sample,
            prefix=self._prefix(candidate.prefix),
            own_prompt=candidate.own_prompt,
            training_prompt=candidate.training_prompt,
            completion=completion.text,
            answer=candidate.grade.answer or "",
            verdict=candidate.grade.verdict.value,
            text_agrees=candidate.grade.text_agrees,
            fate=candidate.fate.value if batch.iteration else HELD_OUT,
            trace_valid=candidate.trace_valid,
            verifier_score=candidate.verifier_score,
            finish=completion.finish if sampled else "",
            tokens=completion.token_count if sampled else None,
            scored_tokens=completion.scored_tokens if sampled else None,
            logprob=completion.logprob,
            seed=candidate.seed if sampled else None,
            rationale_id=None if sampled else self._rationales[candidate.question, candidate.sample],
        )

    def _prefix(self, text: str) -> PromptPrefix | None:
        """The row of a prefix, stored once. The caller is inside the job's transaction."""
        if not text:
            return None
        digest = hashlib.sha256(text.encode()).hexdigest()
        if digest not in self._prefixes:
            found, _ = PromptPrefix.objects.get_or_create(
                run=self._run, sha256=digest, defaults={"text": text}
            )
            self._prefixes[digest] = found
        return self._prefixes[digest]


def candidate_of(row: TrainingExample) -> Candidate:
    """The candidate as the loop had it; the ids of its tokens, which no loop asks for again, are gone."""
    completion = Completion(
        text=row.completion,
        finish="length" if row.finish == "length" else "stop",
        logprob=row.logprob,
        scored_tokens=row.scored_tokens or 0,
        token_count=row.tokens or 0,
    )
    return Candidate(
        question=row.question.external_id,
        sample=row.sample,
        origin=Origin(row.origin),
        prefix=row.prefix.text if row.prefix else "",
        own_prompt=row.own_prompt,
        training_prompt=row.training_prompt,
        completion=completion,
        seed=row.seed or 0,
        grade=Grade(Verdict(row.verdict), row.answer or None, row.text_agrees),
        fate=_fate(row),
        trace_valid=row.trace_valid,
        verifier_score=row.verifier_score,
    )


def _fate(row: TrainingExample) -> Fate:
    """Of held-out candidates, which no loop asks for, by their verdict."""
    if row.fate != HELD_OUT:
        return Fate(row.fate)
    by_verdict = {Verdict.CORRECT: Fate.KEPT, Verdict.WRONG: Fate.WRONG}
    return by_verdict.get(Verdict(row.verdict), Fate.UNPARSABLE)
