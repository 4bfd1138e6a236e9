"""Questions with a worked solution: GSM8K (Cobbe et al. 2021; prompts of STaR), our word problems, open questions.

    Q: Tom has 3 boxes of 4 apples. How many apples has he?
    A: He has 3*4=<<3*4=12>>12 apples.
    #### 12

The hint is ` (12)` behind the question: the final number alone. STaR's released code gives away the whole reference
solution there; its few-shot prompts give the number, and so do we.
"""

from __future__ import annotations

from generation.prompts.types import Asked, NotAsked
from problems import gsm8k

STOP = ("\n\nQ:",)


def ask(asked: Asked, *, hint: bool) -> str:
    text = asked.text.strip()
    if not text:
        raise NotAsked("question: it is empty")
    return f"Q: {text}{f' ({_answer(asked)})' if hint else ''}\nA:"


def completion(rationale: str, asked: Asked | None) -> str:
    """A rationale that states no answer gets the question's as its last line."""
    text = rationale.strip()
    if asked is not None and asked.answer and gsm8k.parse(text) is None:
        text = f"{text}\n#### {asked.answer.strip()}"
    return f" {text}"


def completion_of_open(rationale: str, asked: Asked | None) -> str:
    """Free text states nothing that could be parsed, and gets no line that says it did."""
    return f" {rationale.strip()}"


def direct(asked: Asked) -> str:
    return f" #### {_answer(asked)}"


def _answer(asked: Asked) -> str:
    answer = (asked.answer or "").strip()
    if not answer:
        raise NotAsked(f"answer: {asked.text[:200]!r} has none, and a hint or direct answer needs it")
    return answer
