"""Identity by content: ids of questions that came without one, and what makes a re-import "unchanged". Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from problems.types import Choice

DERIVED_ID_LENGTH = 16


def derived_id(question_text: str) -> str:
    """The first 16 hex digits of the SHA-256 of the text with its white space collapsed."""
    return hashlib.sha256(" ".join(question_text.split()).encode()).hexdigest()[:DERIVED_ID_LENGTH]


def content_digest(text: str, choices: Sequence[Choice], answer: str) -> str:
    """SHA-256 hex of what a revision of a question says."""
    content = [text, [[choice.label, choice.text] for choice in choices], answer]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def text_digest(text: str) -> str:
    """SHA-256 hex of a rationale as it came."""
    return hashlib.sha256(text.encode()).hexdigest()
