"""Splitting a rationale into steps, the units in which a rater marks the first wrong one.

In a text of several lines a line is a step, as in GSM8K's solutions, unless it holds several sentences with
equations, each of which can be wrong on its own; a sentence without one then goes with the equation that
follows. In a line without equations, and in a text of one line, every sentence is a step.
"""

from __future__ import annotations

from problems.sentences import split_sentences
from problems.text import has_words


def split_steps(text: str) -> list[str]:
    """The steps of `text` in order, each stripped.

    Together they hold all of its characters but white space; an empty text has none.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    steps: list[str] = []
    for line in lines:
        sentences = split_sentences(line)
        steps.extend(_around_equations(sentences) if len(lines) > 1 and len(sentences) > 1 else sentences)
    return _joined_to_words(steps)


def _around_equations(sentences: list[str]) -> list[str]:
    with_equation = ["=" in sentence for sentence in sentences]
    if not any(with_equation):
        return sentences
    steps: list[str] = []
    waiting: list[str] = []
    for sentence, has_equation in zip(sentences, with_equation, strict=True):
        waiting.append(sentence)
        if has_equation:
            steps.append(" ".join(waiting))
            waiting = []
    if waiting:
        steps[-1] = " ".join([steps[-1], *waiting])
    return steps


def _joined_to_words(pieces: list[str]) -> list[str]:
    """Pieces without a letter or digit (a rule, a stray period) joined to the next step, or the last one."""
    steps: list[str] = []
    waiting: list[str] = []
    for piece in pieces:
        waiting.append(piece)
        if has_words(piece):
            steps.append(" ".join(waiting))
            waiting = []
    if waiting and steps:
        steps[-1] = " ".join([steps[-1], *waiting])
    elif waiting:
        steps.append(" ".join(waiting))
    return steps
