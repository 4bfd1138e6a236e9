"""From what a model answered to what is kept: what is stored, which text is the rationale, what is graded. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from generation.registry.settings import RationaleText
from problems.text import remove_thinking

#: What no database stores as text. A byte-level tokenizer can write NUL, a careless server half a surrogate pair.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_TAG = re.compile(r"</?(?:think|thinking|thought|reasoning)>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """text, reasoning: as kept with the candidate. rationale: what raters may see; "" where there is none.

    stated: the text that holds the answer where it is not the rationale itself; None: the rationale is read.
    """

    text: str
    reasoning: str
    rationale: str
    stated: str | None = None


def read_completion(text: str, reasoning: str, which: RationaleText) -> Reading:
    """which: the model's setting. Thinking inside the text is kept apart whatever it says."""
    text, reasoning = storable(text), storable(reasoning)
    thought, rest = split_thinking(text)
    reasoning = reasoning or thought
    if which is RationaleText.CONTENT:
        return Reading(text, reasoning, text.strip())
    if which is RationaleText.AFTER_THINKING:
        return Reading(text, reasoning, rest.strip())
    return Reading(text, reasoning, reasoning.strip(), stated=rest.strip())


def split_thinking(text: str) -> tuple[str, str]:
    """What a text thinks inside tags ("" without any), and the text without that. Tags left open last to the end."""
    rest = remove_thinking(text)
    if rest == text:
        return "", text
    thought = text[: len(text) - len(rest)] if text.endswith(rest) else text
    return _TAG.sub("", thought).strip(), rest


def storable(text: str) -> str:
    return _UNSTORABLE.sub("�", text)
