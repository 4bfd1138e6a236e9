"""What a template is, and what is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Theme(StrEnum):
    """What a story is about."""

    KEEPING = "keeping"
    SHOPPING = "shopping"
    READING = "reading"
    AGES = "ages"
    TRAVEL = "travel"
    GARDEN = "garden"
    SCHOOL = "school"
    SAVING = "saving"


@dataclass(frozen=True, slots=True)
class Rule:
    """One step of a template: `name` = `left` `operator` `right`.

    left, right: a slot of the story, or the name of an earlier step.
    text: the sentence of an explicit rationale, with `{it}` where the computation or its result stands.
    """

    name: str
    left: str
    operator: str
    right: str
    text: str


@dataclass(frozen=True, slots=True)
class Template:
    """A story told in always the same sentences.

    story: sentences with slots: `{a}`, `{b}`, `{c}` are people, `{things}`, `{thing}`, `{boxes}`, `{others}`,
    `{other}` are objects, all others numbers.
    claim: what the answer says, with `{it}` for the number: "{a} has {it} {things} now".
    ranges: the smallest and the largest number of each slot.
    """

    name: str
    theme: Theme
    story: tuple[str, ...]
    question: str
    rules: tuple[Rule, ...]
    claim: str
    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One computation, with its sentence; `text` has `{it}` where the computation or its result stands."""

    text: str
    left: int
    operator: str
    right: int
    result: int


@dataclass(frozen=True, slots=True)
class WordProblem:
    """A question with its answer and its rationales.

    gold_steps: the computations in order; the last one's result is the answer.
    distractors: the numbers of the question that do not matter.
    explicit, terse, circular: rationales that argue for the right answer, each ending in `#### answer`.
    """

    template: Template
    question: str
    answer: int
    gold_steps: tuple[Step, ...]
    claim: str
    distractors: tuple[int, ...]
    explicit: str
    terse: str
    circular: str
