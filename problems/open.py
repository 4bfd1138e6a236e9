"""Open questions: free text. Nothing is parsed or graded; people or a verifier are the only filter."""

from __future__ import annotations


def canonical_answer(gold: str) -> str | None:
    """A reference answer, if a question has one, with its white space collapsed; None if there is none."""
    return " ".join(gold.split()) or None
