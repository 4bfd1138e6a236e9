"""Held-out questions asked greedily on the way: how many are right, and what the answers look like.

Open questions have no right answer: theirs can be read, and nothing is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from generation.prompts import stop_strings, uses_calculator
from generation.runs.room import settle_room
from generation.runs.spec import DEFAULT_NEW_TOKENS
from generation.runs.texts import storable
from generation.sampling.local import LocalSampler
from generation.sampling.types import PromptRequest, SamplingSettings
from problems.types import Family, Verdict
from ratings.studies.services import chunks
from training.records import Question
from training.runs.groups import accuracy_by_group, group_metrics, groups_of
from training.runs.questions import Asking
from training.tasks import Task

if TYPE_CHECKING:
    from generation.registry.loading import LoadedModel
    from jobs.context import JobContext

#: Questions whose answers are kept, to be read side by side across iterations.
SHOWN = 6
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Examined:
    """accuracy: share that is right; None of open questions. groups: the same by group (training.runs.groups), under
    the group's name. samples: as Iteration has them. results: right or not, by question that can be either."""

    accuracy: float | None
    groups: dict[str, dict[str, float]] = field(default_factory=dict)
    samples: list[dict[str, Any]] = field(default_factory=list)
    results: dict[str, bool] = field(default_factory=dict)

    @property
    def metrics(self) -> dict[str, Any]:
        return {"accuracy": self.accuracy, **self.groups}


def examine(
    context: JobContext, loaded: LoadedModel, task: Task, questions: Sequence[tuple[Question, Asking]]
) -> Examined:
    """Asks every question once, greedily, behind the task's few-shot examples."""
    prompts = [task.shots(one, hint=False) + task.ask(one, hint=False) for one, _ in questions]
    family = questions[0][0].family
    sampler = LocalSampler(loaded, batch_size=_BATCH)
    named = zip((one.key for one, _ in questions), prompts, strict=True)
    settings = SamplingSettings(
        max_new_tokens=settle_room(sampler, named, most=DEFAULT_NEW_TOKENS).tokens,
        stop=stop_strings(family),
        calculator=uses_calculator(family),
    )
    texts: list[str] = []
    context.stage("asking held-out questions", total=len(prompts))
    for batch in chunks(prompts, _BATCH):
        requests = [PromptRequest(prompt, 0) for prompt in batch]
        texts += [storable(completion.text) for completion in sampler.sample(requests, settings)]
        context.advance(len(texts))
    return _judged(task, questions, texts)


def _judged(task: Task, questions: Sequence[tuple[Question, Asking]], texts: Sequence[str]) -> Examined:
    results: dict[str, bool] = {}
    samples: list[dict[str, Any]] = []
    for (question, asking), text in zip(questions, texts, strict=True):
        found = task.grade(question, text)
        if question.family is not Family.OPEN:
            results[question.key] = found.verdict is Verdict.CORRECT
        if len(samples) < SHOWN:
            answer = {"text": text, "answer": found.answer, "verdict": found.verdict.value}
            samples.append({"question": question.key, "asked": asking.asked.text, **answer})
    family = questions[0][0].family
    groups = groups_of(family, [asking for _, asking in questions])
    by_group = group_metrics(family, accuracy_by_group(results, groups))
    accuracy = sum(results.values()) / len(results) if results else None
    return Examined(accuracy, by_group, samples, results)
