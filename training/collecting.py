"""Sampling candidates batch by batch, each judged and handed to a store before the next is begun.

A batch is a fixed list of questions. It is stored whole or not at all, and what is stored is never sampled again:
that is how an interrupted run ends with the same numbers as one that was not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from generation.registry.loading import LoadedModel
from generation.sampling.types import PromptRequest, Sampler, SamplingSettings
from problems.types import Verdict
from training.fates import fate_of
from training.loop import Unwatched, Watch
from training.records import Candidate, Fate, Origin, Question, chance_of, seed_of
from training.tasks import Task

#: The round of a store that holds candidates of validation questions; nothing learns from them.
VALIDATION = 0


class Store(Protocol):
    """Where a run keeps what it has done. Asked for what is not there it answers None."""

    def batch(self, round: int, origin: Origin, number: int) -> list[Candidate] | None:
        """The candidates of one batch, in their order. round: the iteration from 1, or VALIDATION."""
        ...

    def put_batch(self, round: int, origin: Origin, number: int, candidates: Sequence[Candidate]) -> None:
        """Keep one batch, whole or not at all."""
        ...

    def facts(self, name: str) -> dict[str, Any] | None:
        """What was stored with a model or under a name of its own: JSON."""
        ...

    def put_facts(self, name: str, facts: Mapping[str, Any]) -> None: ...

    def model(self, name: str) -> LoadedModel | None:
        """A stored model, loaded anew at every call: whoever asks may train it."""
        ...

    def put_model(self, name: str, loaded: LoadedModel, facts: Mapping[str, Any]) -> None:
        """Keep a model with its facts, both or neither. What `training_folder` holds is no longer needed then."""
        ...

    def training_folder(self, name: str) -> Path | None:
        """Where the training of a model saves its state; None: nowhere, and it starts again after an interruption."""
        ...


class RunWatch(Watch, Protocol):
    """Who looks on at a whole run."""

    def stage(self, name: str, done: int, total: int) -> None:
        """What is being done, for example "iteration 2: generating", and how far it is."""
        ...


class UnwatchedRun(Unwatched):
    """Nobody looks on."""

    def stage(self, name: str, done: int, total: int) -> None: ...


class StepsFrom:
    """A watch for one training of several, whose steps go on counting where the one before ended."""

    def __init__(self, watch: Watch, before: int) -> None:
        self._watch, self._before = watch, before

    def check(self) -> None:
        self._watch.check()

    def step(self, step: int, loss: float, extras: Mapping[str, float]) -> None:
        self._watch.step(self._before + step, loss, extras)

    def halved(self, step: int, rows: int) -> None:
        self._watch.halved(self._before + step, rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How questions are put in one pass.

    round: enters every sample's seed. hint: give the answer away. with_shots: put the few-shot examples first.
    shots_in_training: put them before the training prompt too. limit: right candidates kept per question, 0 for all,
    those of earlier rounds counted. hint_left_in: chance that a hint stays in the prompt that is learned.
    valid_only: keep a right answer only where every step is known to be right.
    """

    round: int
    origin: Origin
    settings: SamplingSettings
    samples: int = 1
    hint: bool = False
    with_shots: bool = True
    shots_in_training: bool = False
    limit: int = 0
    hint_left_in: float = 0.0
    valid_only: bool = False
    seed: int = 0


def collect(
    questions: Sequence[Question],
    asking: Asking,
    ask: Callable[[Sequence[Question]], list[Candidate]],
    *,
    batch_size: int,
    store: Store,
    watch: RunWatch,
    stage: str,
) -> list[Candidate]:
    """The candidates of all `questions`, from the store as far as it has them, from `ask` for the others."""
    candidates: list[Candidate] = []
    for number, start in enumerate(range(0, len(questions), batch_size)):
        watch.check()
        watch.stage(stage, start, len(questions))
        batch = store.batch(asking.round, asking.origin, number)
        if batch is None:
            batch = ask(questions[start : start + batch_size])
            store.put_batch(asking.round, asking.origin, number, batch)
        candidates += batch
    watch.stage(stage, len(questions), len(questions))
    return candidates


def ask_model(
    loaded: LoadedModel,
    sampler: Sampler,
    task: Task,
    questions: Sequence[Question],
    asking: Asking,
    *,
    earlier: Mapping[str, Sequence[str]] | None = None,
) -> list[Candidate]:
    """Sample and judge `asking.samples` candidates of each question, in the questions' order.

    earlier: texts that are kept already, by question: the same text again is a duplicate.
    """
    earlier = earlier or {}
    prompts = [_prompts(task, question, asking) for question in questions]
    requests = [
        PromptRequest(prefix + own, _seed(asking, question, sample))
        for question, (prefix, own) in zip(questions, prompts, strict=True)
        for sample in range(asking.samples)
    ]
    completions = iter(sampler.sample(requests, asking.settings))
    candidates: list[Candidate] = []
    for question, (prefix, own) in zip(questions, prompts, strict=True):
        texts = list(earlier.get(question.key, ()))
        learned_prompts = {
            hint: _learned_prompt(task, question, asking, hint=hint) for hint in _hints(asking)
        }
        for sample in range(asking.samples):
            completion = next(completions)
            grade = task.grade(question, completion.text)
            valid = task.trace_is_valid(question, completion.text)
            learned = learned_prompts[_hint_stays(asking, question, sample)]
            fate = fate_of(loaded, grade.verdict, learned, completion, texts, asking.limit)
            if fate is Fate.KEPT and asking.valid_only and not valid:
                fate = Fate.INVALID
            if fate is Fate.KEPT:
                texts.append(completion.text)
            candidates.append(
                Candidate(
                    question=question.key,
                    sample=sample,
                    origin=asking.origin,
                    prefix=prefix,
                    own_prompt=own,
                    training_prompt=learned,
                    completion=completion,
                    seed=_seed(asking, question, sample),
                    grade=grade,
                    fate=fate,
                    trace_valid=valid,
                )
            )
    return candidates


def _prompts(task: Task, question: Question, asking: Asking) -> tuple[str, str]:
    """(few-shot examples, the question as sent)."""
    prefix = task.shots(question, hint=asking.hint) if asking.with_shots else ""
    return prefix, task.ask(question, hint=asking.hint)


def _learned_prompt(task: Task, question: Question, asking: Asking, *, hint: bool) -> str:
    shots = task.shots(question, hint=hint) if asking.shots_in_training else ""
    return shots + task.ask(question, hint=hint)


def _hints(asking: Asking) -> set[bool]:
    """Whether a prompt to learn from has a hint: never without one in the question, and seldom with one."""
    return {False, True} if asking.hint and asking.hint_left_in else {False}


def _hint_stays(asking: Asking, question: Question, sample: int) -> bool:
    drawn = chance_of(asking.seed, "hint", asking.round, question.key, sample)
    return asking.hint and drawn < asking.hint_left_in


def _seed(asking: Asking, question: Question, sample: int) -> int:
    return seed_of(asking.seed, asking.round, asking.origin, question.key, sample)


def greedy_results(
    loaded: LoadedModel,
    sampler: Callable[[LoadedModel], Sampler],
    task: Task,
    questions: Sequence[Question],
    settings: SamplingSettings,
    *,
    with_shots: bool,
    batch_size: int,
    watch: RunWatch,
    stage: str,
) -> dict[str, bool]:
    """Whether the model's likeliest completion of each question is right, by the question's key."""
    asking = Asking(
        round=VALIDATION,
        origin=Origin.FEW_SHOT,
        settings=replace(settings, temperature=0.0),
        with_shots=with_shots,
    )
    results: dict[str, bool] = {}
    for start in range(0, len(questions), batch_size):
        watch.check()
        watch.stage(stage, start, len(questions))
        batch = questions[start : start + batch_size]
        for candidate in ask_model(loaded, sampler(loaded), task, batch, asking):
            results[candidate.question] = candidate.grade.verdict is Verdict.CORRECT
    return results
