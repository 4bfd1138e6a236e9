"""Thinking that a model writes before its answer, kept apart from it. Pure."""

from __future__ import annotations

OPEN, CLOSE = "<think>", "</think>"


def split_thinking(text: str) -> tuple[str, str]:
    """(thinking, answer) of a completion; ("", text) where it does not think.

    The opening tag may stand in the prompt, where chat templates put it. Thinking that was cut off has no answer.
    """
    before, closed, after = text.rpartition(CLOSE)
    if closed:
        in_front, opened, thinking = before.partition(OPEN)
        if not opened:
            in_front, thinking = "", before
        return thinking.strip(), (in_front + after).lstrip()
    if text.lstrip().startswith(OPEN):
        return text.lstrip()[len(OPEN) :].strip(), ""
    return "", text
