"""The leak lint, version 2: what would tell raters who wrote a card, or make the ranking meaningless. Pure.

The rules here look at one triple. What only shows over many, ratings.studies.guess finds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from problems.normalise import leftovers
from problems.text import fold
from ratings.studies.lint_marks import find_marks

#: Labels that are everyday English: they stand in honest rationales, so a match is another rule, which only warns.
EVERYDAY_WORDS = frozenset(
    {"human", "people", "person", "base", "model", "written", "writer", "student", "teacher", "expert"}
    | {"explicit", "terse", "circular", "right", "wrong"}
)

#: The rules whose findings say a source's label.
NAMING_RULES = frozenset({"source_name", "everyday_label"})

#: A text more than so many times as long as its triple's median stands out before it is read.
LENGTH_RATIO = 2.0

#: Findings by the marks of ratings.studies.lint_marks, as their sentences go on.
_MARKS = {
    "model_name": "a rationale says",
    "prompt_leftover": "a rationale still has what belongs to a prompt,",
    "thinking_tag": "a rationale has the tag",
    "odd_character": "a rationale has the character",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in one triple (0: in the study as a whole).

    blocks: the study can not be opened over it without an override.
    """

    rule: str
    triple: int
    message: str
    blocks: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ShownTriple:
    """What raters would see of one triple: the texts by source index, and the question's name for messages."""

    number: int
    question: str
    texts: Sequence[str | None]


def lint(triples: Iterable[ShownTriple], *, labels: Sequence[str]) -> Iterator[Finding]:
    """Findings, triple by triple. labels: the study's source labels, none of which may stand in a text."""
    names = [(label, _name_pattern(label)) for label in labels]
    for triple in triples:
        yield from _lint_triple(triple, names)


def _lint_triple(triple: ShownTriple, names: Sequence[tuple[str, re.Pattern[str]]]) -> Iterator[Finding]:
    where = f"question {triple.question}"
    if len(triple.texts) != len(names) or any(not text or not text.strip() for text in triple.texts):
        yield Finding("incomplete", triple.number, f"{where}: a rationale is missing or empty.", blocks=True)
    texts = [text for text in triple.texts if text]
    if len({fold(text) for text in texts}) < len(texts):
        yield Finding("identical", triple.number, f"{where}: two rationales read the same.", blocks=True)
    for label, pattern in names:
        if any(pattern.search(text) for text in texts):
            everyday = label.casefold() in EVERYDAY_WORDS
            yield Finding(
                "everyday_label" if everyday else "source_name",
                triple.number,
                f"{where}: a rationale contains {label!r}.",
                blocks=not everyday,
            )
    for text in texts:
        yield from _lint_text(text, triple.number, where)
    if outlier := length_outlier([len(text) for text in texts]):
        yield Finding("length_outlier", triple.number, f"{where}: {outlier}.", blocks=False)


def _lint_text(text: str, number: int, where: str) -> Iterator[Finding]:
    left = leftovers(text)
    for each in left:
        yield Finding("leftover", number, f"{where}: a rationale still contains {each[:60]!r}.", blocks=True)
    for rule, what in find_marks(text):
        # Thinking that the normaliser knows is a leftover already.
        if rule != "thinking_tag" or not any(each.startswith("thinking") for each in left):
            yield Finding(rule, number, f"{where}: {_MARKS[rule]} {what!r}.", blocks=False)


def length_outlier(lengths: Sequence[int]) -> str:
    """What stands out among the lengths of a triple's texts, in characters; empty: nothing."""
    if len(lengths) != 3:
        return ""
    _, median, longest = sorted(lengths)
    if longest <= LENGTH_RATIO * median:
        return ""
    return f"one rationale is {longest / median:.1f} times as long as the median of the three"


def _name_pattern(label: str) -> re.Pattern[str]:
    """The label as a word, however its parts are joined: gpt3_greedy, GPT3-greedy, gpt3 greedy."""
    parts = [re.escape(part) for part in re.split(r"[-_]+", label) if part] or [re.escape(label)]
    return re.compile(r"(?<!\w)" + r"[-_ ]?".join(parts) + r"(?!\w)", re.IGNORECASE)
