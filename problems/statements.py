"""Finding the places where a rationale states its final answer.

The kinds are those of the papers' own files and of today's chat models: GSM8K's `#### 18`, the `A: 18` of
its example solutions, `Answer: (c)`, `So the answer is filtering straw (C).`, `\\boxed{18}`. What a place
says is read by the family, since "A" is an answer to one and an article to the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from problems.retries import behind_retries
from problems.text import remove_calculator_marks, remove_thinking

MAX_CONTENT = 300


class Kind(StrEnum):
    """How an answer is stated."""

    HASHES = "hashes"  # #### 18
    SHORT = "short"  # A: 18
    LABELLED = "labelled"  # Answer: 18, Final answer: 18
    PHRASE = "phrase"  # the answer is 18
    BOXED = "boxed"  # \boxed{18}


@dataclass(frozen=True, slots=True)
class Statement:
    """One place: its kind, what stands there up to the end of the line, and whether it is the last line."""

    kind: Kind
    start: int
    content: str
    on_last_line: bool


_HASHES = re.compile(r"#{4,}")
_LINE = re.compile(
    r"^[ \t>*_#]*(?:(?P<short>(?-i:A)[ \t*_]*[:：])"
    r"|(?:(?:the|my|our)[ \t]+)?(?:(?:final|correct)[ \t]+)?(?:answer|ans)[ \t*_]*[:=：])[ \t*_]*",
    re.MULTILINE | re.IGNORECASE,
)
_PHRASE = re.compile(
    r"\b(?:answer|option|choice)(?:[ \t]+to[ \t][^.\n]{1,80}?)?[ \t*_]*[ \t]"
    r"(?:is|would[ \t]be|will[ \t]be|must[ \t]be|should[ \t]be|has[ \t]to[ \t]be)\b[ \t]*:?[ \t*_]*",
    re.IGNORECASE,
)
_SHORT = re.compile(r"A[ \t*_]{0,9}[:：]")
_BRACE = re.compile(r"[{}]")
_BOXED = re.compile(r"\\boxed\s?\{")


def answer_part(text: str) -> str:
    """The part of `text` in which answers are looked for: no thinking, nothing taken back, no calculator marks."""
    return remove_calculator_marks(behind_retries(remove_thinking(text)))


def find_statements(text: str) -> list[Statement]:
    """All places in `text` (see `answer_part`) that state an answer, in their order."""
    last_line = text.rfind("\n", 0, len(text.rstrip()))
    found: list[Statement] = []

    def add(kind: Kind, start: int, content: str) -> None:
        found.append(Statement(kind, start, content, start > last_line))

    if "####" in text:
        for match in _HASHES.finditer(text):
            add(Kind.HASHES, match.start(), _rest_of_line(text, match.end()))
    lowered = (
        text.lower()
    )  # its length may differ from text's: only for asking whether a word is there at all
    if "ans" in lowered or _SHORT.search(text):
        for match in _LINE.finditer(text):
            kind = Kind.SHORT if match["short"] else Kind.LABELLED
            add(kind, match.start(), _rest_of_line(text, match.end(), or_next=True))
    if any(word in lowered for word in ("answer", "option", "choice")):
        for match in _PHRASE.finditer(text):
            add(Kind.PHRASE, match.start(), _rest_of_line(text, match.end(), or_next=True))
    if "\\boxed" in text:
        for match in _BOXED.finditer(text):
            add(Kind.BOXED, match.start(), _braced(text, match.end()))
    found.sort(key=lambda statement: statement.start)
    return found


def last_line_of(text: str) -> str:
    """The last line of `text` that is not blank, stripped and cut to a sensible length."""
    return text.rstrip().rpartition("\n")[2].strip()[-MAX_CONTENT:]


def _rest_of_line(text: str, start: int, *, or_next: bool = False) -> str:
    end = text.find("\n", start, start + MAX_CONTENT)
    content = text[start : end if end >= 0 else start + MAX_CONTENT].strip()
    if not content and or_next and end >= 0:
        return _rest_of_line(text, end + 1)
    return content


def _braced(text: str, start: int) -> str:
    depth = 1
    for brace in _BRACE.finditer(text, start, start + MAX_CONTENT):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return text[start : brace.start()]
    return ""
