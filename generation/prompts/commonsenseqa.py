"""CommonsenseQA as in the STaR paper (Zelikman et al. 2022, appendix B): small letters in brackets.

    Q: Where would a sailor tie up a boat for the night?
    Answer Choices:
    (a) mountain
    (b) harbour
    (c) library
    A: The answer must be a place at the water with posts for ropes. Therefore, the answer is harbour (b).

The hint is ` (CORRECT)` behind the right choice, in the few-shot examples as in the question.
"""

from __future__ import annotations

from generation.prompts.types import Asked, NotAsked
from problems import commonsenseqa
from problems.types import Choice

STOP = ("\n\nQ:",)


def ask(asked: Asked, *, hint: bool) -> str:
    if not asked.choices:
        raise NotAsked(f"question: {asked.text[:200]!r} has no choices")
    right = _right_choice(asked) if hint else None
    lines = [
        f"({choice.label.lower()}) {choice.text.strip()}{' (CORRECT)' if choice is right else ''}"
        for choice in asked.choices
    ]
    return "\n".join([f"Q: {asked.text.strip()}", "Answer Choices:", *lines, "A:"])


def completion(rationale: str, asked: Asked | None) -> str:
    """A rationale that names no choice (a human's, written for a stated answer) gets the paper's last sentence."""
    text = rationale.strip()
    if asked is not None and asked.answer and commonsenseqa.parse(text, asked.choices) is None:
        right = _right_choice(asked)
        text = f"{text} Therefore, the answer is {right.text.strip()} ({right.label.lower()})."
    return f" {text}"


def direct(asked: Asked) -> str:
    right = _right_choice(asked)
    return f" The answer is {right.text.strip()} ({right.label.lower()})."


def _right_choice(asked: Asked) -> Choice:
    label = commonsenseqa.canonical_answer(asked.answer or "", asked.choices)
    for choice in asked.choices:
        if choice.label == label:
            return choice
    raise NotAsked(f"answer: {asked.answer!r} is none of the choices, and a hint or direct answer needs it")
