"""What a prompt is made from. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from problems.types import Choice


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as a model is asked it."""

    text: str
    choices: tuple[Choice, ...] = ()
    #: The gold answer: digits, a number, a choice's label. Used for hints and in few-shot examples, nowhere else.
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Shot:
    """A worked example: a question with its rationale, the final answer in it or, failing that, in the question's."""

    asked: Asked
    rationale: str


class NotAsked(ValueError):
    """A question that its family can not ask: its text, choices or answer are not what the layout needs."""
