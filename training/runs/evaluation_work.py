"""The handler of kind `evaluate`: sample what is not there yet, score it, report.

Samples belong to a set that model, questions and settings decide, not to the evaluation: another one with the same
finds them, and only adds its scorers. Batches have a fixed membership and are stored whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from generation.prompts import Shot, build_prompt, stop_strings, uses_calculator
from generation.registry.models import LanguageModel
from generation.registry.opening import load_model
from generation.runs.room import settle_room
from generation.runs.samplers import sampler_of
from generation.runs.seeds import sample_seed
from generation.runs.shots import draw_shots
from generation.runs.spec import DEFAULT_NEW_TOKENS, asked_of
from generation.runs.texts import read_completion
from generation.runs.vocabulary import require_layout, unknown_in, writer_for_work
from generation.sampling.types import Completion, PromptRequest, Sampler, SamplingSettings
from problems.grading import grade
from problems.types import Family, Verdict
from ratings.studies.services import chunks
from training.evaluation.report import GENERATOR, QuestionCandidates, evaluate_candidates
from training.runs.evaluating import EvaluationSpec, Named
from training.runs.measured_models import Evaluation, Sample, SampleScore, SampleSet
from training.runs.questions import Asking, drawn, questions_at, split_questions

if TYPE_CHECKING:
    from jobs.context import JobContext

#: Candidates that are sampled, scored and stored together.
BATCH = 256
#: Batches of equal membership give equal numbers, so it is part of what a set of samples is.
_LAYOUT = 1


@dataclass(frozen=True, slots=True)
class Place:
    """One candidate before it is sampled."""

    question: Asking
    greedy: bool
    number: int
    seed: int

    @property
    def key(self) -> tuple[int, bool, int]:
        return self.question.question, self.greedy, self.number


def run_evaluation(context: JobContext) -> dict[str, Any]:
    """Returns CONTRACT.md's answer of `evaluate`, and `evaluation`. Raises what loading and sampling raise."""
    evaluation = Evaluation.objects.select_related("model", "dataset").get(job_id=context.job_id)
    spec = EvaluationSpec.from_json(evaluation.settings)
    work = _Work(context, evaluation, spec)
    work.check_vocabulary()
    work.sample()
    for verifier in evaluation.verifiers.order_by("pk"):
        work.score(verifier)
    context.stage("computing")
    result = work.report()
    with context.writing():
        Evaluation.objects.filter(pk=evaluation.pk).update(result=result)
    evaluation.refresh_from_db(fields=["conditions"])
    return {"evaluation": evaluation.pk, **result, **evaluation.conditions}


class _Work:
    """One evaluation and its set of samples."""

    def __init__(self, context: JobContext, evaluation: Evaluation, spec: EvaluationSpec) -> None:
        self._context, self._evaluation, self._spec = context, evaluation, spec
        self._family = Family(evaluation.dataset.family)
        self._set = self._sample_set()
        self._questions = questions_at(revision for _, revision in self._set.questions)
        self._prompts = self._built_prompts()
        self._max_new_tokens = spec.max_new_tokens

    def check_vocabulary(self) -> None:
        """Raises TokenizerLacks, for models that only a worker can read; notes what single questions have beyond it."""
        evaluation, found = self._evaluation, {}
        named = Named(evaluation.model, evaluation.dataset, list(evaluation.verifiers.order_by("pk")))
        for field, model in named.readers:
            writer = writer_for_work(model)
            require_layout(writer, model, evaluation.dataset, field=field)
            unknown = unknown_in(writer, self._prompts.values())
            if unknown is not None:
                self._context.log(f"{model.label}: {unknown.words}")
                found[model.label] = unknown.as_json()
        if found:
            with self._context.writing():
                Evaluation.objects.filter(pk=evaluation.pk).update(conditions={"unknown_characters": found})

    def sample(self) -> None:
        """Fills the set. Loads the model only if something is missing."""
        places = self._places()
        stored = set(self._set.candidates.values_list("question_id", "greedy", "number"))
        done, sampler = 0, None
        self._context.stage("sampling", done=0, total=len(places))
        for batch in chunks(places, BATCH):
            if any(place.key not in stored for place in batch):
                sampler = sampler or self._open()
                self._sample_batch(sampler, batch)
            done += len(batch)
            self._context.advance(done)

    def _open(self) -> Sampler:
        """The model, and how long its samples may be."""
        sampler = sampler_of(self._evaluation.model, batch_size=BATCH, watch=self._context)
        named = ((one.id, self._prompts[one.question]) for one in self._questions)
        room = settle_room(sampler, named, most=DEFAULT_NEW_TOKENS, wanted=self._max_new_tokens)
        if self._max_new_tokens is None and room.tokens < DEFAULT_NEW_TOKENS:
            self._context.log(room.words)
        self._max_new_tokens = room.tokens
        return sampler

    def score(self, verifier: LanguageModel) -> None:
        """Adds the verifier's log-likelihood of every sample that has none."""
        from training.batching import Example
        from training.scoring import score_examples

        samples = self._set.candidates.filter(greedy=False).order_by("question_id", "number")
        rows = list(samples.values_list("pk", "question_id", "text"))
        known = set(
            SampleScore.objects.filter(sample__sample_set=self._set, scorer=verifier).values_list(
                "sample", flat=True
            )
        )
        done, loaded = 0, None
        self._context.stage(f"scoring with {verifier.label}", done=0, total=len(rows))
        for batch in chunks(rows, BATCH):
            if any(pk not in known for pk, _, _ in batch):
                loaded = loaded or load_model(verifier)
                asked = [Example(self._prompts[question], text) for _, question, text in batch]
                values = score_examples(loaded, asked, calculator=uses_calculator(self._family))
                with self._context.writing():
                    SampleScore.objects.bulk_create(
                        (
                            SampleScore(
                                sample_id=pk, scorer=verifier, value=value if math.isfinite(value) else None
                            )
                            for (pk, _, _), value in zip(batch, values, strict=True)
                        ),
                        ignore_conflicts=True,
                    )
            done += len(batch)
            self._context.advance(done)

    def report(self) -> dict[str, Any]:
        candidates = self._candidates()
        return evaluate_candidates(candidates, ks=self._spec.ks, seed=self._spec.seed)

    def _sample_set(self) -> SampleSet:
        """The set of this model, these questions and settings: found, or begun now."""
        if self._evaluation.sample_set is not None:
            return self._evaluation.sample_set
        spec, evaluation = self._spec, self._evaluation
        everything = split_questions(evaluation.dataset, spec.split)
        questions = drawn(everything, spec.questions, seed=spec.seed, purpose="evaluate")
        with self._context.writing():
            found, _ = SampleSet.objects.get_or_create(
                digest=_digest(evaluation.model, self._family, questions, spec),
                defaults={
                    "model": evaluation.model,
                    "dataset": evaluation.dataset,
                    "split": spec.split,
                    "settings": spec.sampling,
                    "questions": [[one.question, one.revision] for one in questions],
                    "created_at": timezone.now(),
                },
            )
            evaluation.sample_set = found
            evaluation.save(update_fields=["sample_set"])
        return found

    def _built_prompts(self) -> dict[int, str]:
        """By question."""
        drawn_shots = draw_shots(self._evaluation.dataset, self._spec.shots, seed=self._spec.seed)
        shots = [Shot(asked_of(shot.revision), shot.text) for shot in drawn_shots]
        return {one.question: build_prompt(self._family, one.asked, shots) for one in self._questions}

    def _places(self) -> list[Place]:
        """Every candidate in the order in which they are sampled: the greedy answers, then the samples."""
        greedy = [Place(question, True, 0, 0) for question in self._questions]
        numbers = range(self._spec.samples)
        return greedy + [
            Place(question, False, number, sample_seed(self._spec.seed, question.id, number))
            for question in self._questions
            for number in numbers
        ]

    def _sample_batch(self, sampler: Sampler, batch: Sequence[Place]) -> None:
        rows = []
        for greedy in (True, False):
            places = [place for place in batch if place.greedy is greedy]
            requests = [PromptRequest(self._prompts[place.question.question], place.seed) for place in places]
            completions = sampler.sample(requests, self._settings(greedy)) if requests else []
            rows += [self._row(*pair) for pair in zip(places, completions, strict=True)]
        with self._context.writing():
            # Another evaluation may fill the same set at the same time, with the same rows.
            Sample.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)

    def _settings(self, greedy: bool) -> SamplingSettings:
        assert self._max_new_tokens is not None, "settled once the model is open"
        return SamplingSettings(
            temperature=0.0 if greedy else self._spec.temperature,
            top_p=1.0 if greedy else self._spec.top_p,
            max_new_tokens=self._max_new_tokens,
            stop=stop_strings(self._family),
            calculator=uses_calculator(self._family),
        )

    def _row(self, place: Place, completion: Completion) -> Sample:
        which = self._evaluation.model.options.rationale_text
        reading = read_completion(completion.text, completion.reasoning, which)
        found = grade(
            self._family,
            reading.rationale,
            gold=place.question.gold,
            choices=place.question.asked.choices,
            stated_answer=reading.stated,
        )
        return Sample(
            sample_set=self._set,
            question_id=place.question.question,
            revision_id=place.question.revision,
            greedy=place.greedy,
            number=place.number,
            text=reading.text,
            answer=found.answer or "",
            verdict=found.verdict.value,
            logprob=completion.logprob,
            tokens=completion.token_count,
            finish=completion.finish,
            seed=place.seed,
        )

    def _candidates(self) -> list[QuestionCandidates]:
        greedy = dict(self._set.candidates.filter(greedy=True).values_list("question_id", "verdict"))
        samples: dict[int, list[Sample]] = defaultdict(list)
        for sample in self._set.candidates.filter(greedy=False).order_by("question_id", "number"):
            samples[sample.question_id].append(sample)
        scores = self._scores()
        return [
            QuestionCandidates(
                correct=[sample.verdict == Verdict.CORRECT for sample in samples[one.question]],
                answers=[sample.answer or None for sample in samples[one.question]],
                scores=_scores_of(samples[one.question], scores),
                greedy_correct=greedy[one.question] == Verdict.CORRECT,
            )
            for one in self._questions
        ]

    def _scores(self) -> dict[str, dict[int, float]]:
        """By verifier's label, in the order of the spec, and sample."""
        found: dict[str, dict[int, float]] = {label: {} for label in self._spec.verifiers}
        rows = SampleScore.objects.filter(sample__sample_set=self._set, scorer__label__in=found)
        for label, sample, value in rows.values_list("scorer__label", "sample_id", "value"):
            found[label][sample] = -math.inf if value is None else value
        return found


def _scores_of(samples: Sequence[Sample], scores: dict[str, dict[int, float]]) -> dict[str, list[float]]:
    own = [sample.logprob for sample in samples if sample.logprob is not None]
    found = {GENERATOR: own} if len(own) == len(samples) else {}
    return found | {label: [values[sample.pk] for sample in samples] for label, values in scores.items()}


def _digest(model: LanguageModel, family: Family, questions: Sequence[Asking], spec: EvaluationSpec) -> str:
    weights = model.digest or f"{model.kind}:{model.location}:{model.pk}"
    content = [_LAYOUT, BATCH, weights, family.value, spec.sampling]
    listed = [[one.question, one.revision, one.digest] for one in questions]
    return hashlib.sha256(json.dumps([content, listed], sort_keys=True).encode()).hexdigest()
