"""The leak lint, version 1: what would tell raters who wrote a card, or make the ranking meaningless. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from problems.normalise import leftovers
from problems.text import fold

#: Labels that are everyday English: they stand in honest rationales, so a match is another rule, which only warns.
EVERYDAY_WORDS = frozenset(
    {"human", "people", "person", "base", "model", "written", "writer", "student", "teacher", "expert"}
    | {"explicit", "terse", "circular", "right", "wrong"}
)

#: The rules whose findings say a source's label.
NAMING_RULES = frozenset({"source_name", "everyday_label"})

#: Names of models and makers that a rationale has no reason to contain. A match only warns: some are surnames.
MODEL_NAMES = re.compile(
    r"\b(gpt-?[0-9a-z.]*|chatgpt|openai|llama|mistral|claude|gemini|anthropic|deepseek|qwen|language model|as an ai)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in one triple. `blocks`: the study can not be opened over it without an override."""

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
        for left in leftovers(text):
            yield Finding(
                "leftover", triple.number, f"{where}: a rationale still contains {left[:60]!r}.", blocks=True
            )
        if match := MODEL_NAMES.search(text):
            yield Finding(
                "model_name", triple.number, f"{where}: a rationale says {match[0]!r}.", blocks=False
            )


def _name_pattern(label: str) -> re.Pattern[str]:
    """The label as a word, however its parts are joined: gpt3_greedy, GPT3-greedy, gpt3 greedy."""
    parts = [re.escape(part) for part in re.split(r"[-_]+", label) if part] or [re.escape(label)]
    return re.compile(r"(?<!\w)" + r"[-_ ]?".join(parts) + r"(?!\w)", re.IGNORECASE)
