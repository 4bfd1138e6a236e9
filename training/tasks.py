"""How questions are put to a model and how its answers are judged: what depends on the family. No torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from generation.prompts.building import build_prompt
from generation.prompts.types import Shot
from problems.grading import grade
from problems.traces import trace_is_valid
from problems.types import Grade
from training.records import Question


class Task(Protocol):
    """What a loop asks about its questions."""

    def shots(self, question: Question, *, hint: bool) -> str:
        """The few-shot examples before a question, up to where the question begins; "" without."""
        ...

    def ask(self, question: Question, *, hint: bool) -> str:
        """The question itself, with the final answer given away or not."""
        ...

    def grade(self, question: Question, text: str) -> Grade:
        """The verdict on a completion, by its final answer."""
        ...

    def trace_is_valid(self, question: Question, text: str) -> bool | None:
        """Whether the reasoning holds, not only the answer; None where the family cannot tell."""
        ...


class FamilyTask:
    """Questions of the problem families, as `generation.prompts` asks and `problems` grades them.

    shots: worked examples of a question, for example ten of its number of digits; none by default.
    """

    def __init__(self, shots: Callable[[Question], Sequence[Shot]] | Sequence[Shot] = ()) -> None:
        self._shots = shots

    def shots(self, question: Question, *, hint: bool) -> str:
        shots = self._shots(question) if callable(self._shots) else self._shots
        if not shots:
            return ""
        whole = build_prompt(question.family, question.asked, shots, hint=hint)
        return whole.removesuffix(self.ask(question, hint=hint))

    def ask(self, question: Question, *, hint: bool) -> str:
        return build_prompt(question.family, question.asked, hint=hint)

    def grade(self, question: Question, text: str) -> Grade:
        asked = question.asked
        return grade(question.family, text, gold=asked.answer, choices=asked.choices)

    def trace_is_valid(self, question: Question, text: str) -> bool | None:
        return trace_is_valid(question.family, question.asked.text, text)
