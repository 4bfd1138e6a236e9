"""A task that a tiny model learns within seconds: write the digits of a number backwards.

prompt `407>`, hinted `407!704>`, completion `7 0 4 =704`
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from generation.prompts.types import Asked
from generation.registry.loading import LoadedModel
from generation.sampling.types import Completion, PromptRequest, SamplingSettings
from problems.types import Family, Grade, Verdict
from tests.training.tiny import weights
from training.batching import Example
from training.records import Question


class Reversal:
    """`training.tasks.Task` for numbers to be reversed. shots: text that precedes the question, "" for none."""

    def __init__(self, shots: str = "") -> None:
        self._shots = shots

    def shots(self, question: Question, *, hint: bool) -> str:
        return self._shots and f"{self._shots}{'!hinted' if hint else ''} "

    def ask(self, question: Question, *, hint: bool) -> str:
        return f"{question.asked.text}!{question.asked.answer}>" if hint else f"{question.asked.text}>"

    def grade(self, question: Question, text: str) -> Grade:
        _, found, answer = text.partition("=")
        if not found:
            return Grade(Verdict.UNPARSABLE, None, None)
        right = answer == question.asked.answer
        return Grade(Verdict.CORRECT if right else Verdict.WRONG, answer, None)

    def trace_is_valid(self, question: Question, text: str) -> bool | None:
        return text == solution(question.asked.text)


def solution(number: str) -> str:
    return f"{' '.join(reversed(number))} ={number[::-1]}"


def question(number: str) -> Question:
    return Question(number, Family.ADDITION, Asked(number, answer=number[::-1]))


def questions(numbers: Sequence[int]) -> list[Question]:
    return [question(str(number)) for number in numbers]


def examples(numbers: Sequence[int], *, hinted: bool = False) -> list[Example]:
    task = Reversal()
    return [Example(task.ask(q, hint=hinted), solution(q.asked.text)) for q in questions(numbers)]


class Scripted:
    """A sampler that answers by a function of prompt and seed, and remembers what it was asked.

    models: the weights that it was to be sampled from, as they were then.
    """

    def __init__(self, answer: Callable[[str, int], str | Completion]) -> None:
        self.answer = answer
        self.asked: list[PromptRequest] = []
        self.settings: list[SamplingSettings] = []
        self.models: list[dict[str, Tensor]] = []

    def __call__(self, loaded: LoadedModel) -> Scripted:
        self.models.append(weights(loaded.model))
        return self

    def sample(self, requests: Sequence[PromptRequest], settings: SamplingSettings) -> list[Completion]:
        self.asked += requests
        self.settings.append(settings)
        answers = [self.answer(request.prompt, request.seed) for request in requests]
        return [answer if isinstance(answer, Completion) else said(answer) for answer in answers]

    @property
    def prompts(self) -> list[str]:
        return [request.prompt for request in self.asked]


def said(text: str, *, finish: str = "stop") -> Completion:
    return Completion(
        text=text,
        finish="length" if finish == "length" else "stop",
        logprob=-1.0,
        scored_tokens=len(text) + 1,
        token_count=len(text) + 1,
    )
