"""What the loops of this package read and write: questions, candidates with their fates, preference pairs. No torch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from generation.prompts.types import Asked
from generation.sampling.types import Completion
from problems.types import Family, Grade


class Origin(StrEnum):
    """How a candidate came to be."""

    #: The model was asked plainly (behind few-shot examples, where there are any).
    FEW_SHOT = "few_shot"
    #: The model was asked with the answer as a hint, which its training prompt does not have.
    RATIONALIZED = "rationalized"
    #: Given: a solution that supervised fine-tuning started from.
    SFT = "sft"
    #: A mistake and its correction: the model learns what stands behind the mistake.
    RETRY = "retry"
    #: Given: a solution of other questions, mixed into an iteration.
    REPLAYED = "replayed"
    #: A kept solution once more, with the hint in its training prompt.
    HINTED_COPY = "hinted_copy"


class Fate(StrEnum):
    """What became of a candidate, and if it was not learned from, why not."""

    KEPT = "kept"
    WRONG = "wrong"
    UNPARSABLE = "unparsable"
    #: The same text as another one of its question.
    DUPLICATE = "duplicate"
    #: Its question had as many right ones as it may have.
    CAPPED = "capped"
    #: Cut off before it ended: learning from it would teach to stop in mid-sentence.
    UNFINISHED = "unfinished"
    #: Longer than the model's context.
    TOO_LONG = "too_long"
    #: The answer is right, a step is not (or none can be checked), and only valid reasoning was wanted.
    INVALID = "invalid"
    #: Right, but a verifier finds others of its question better, or it not good enough.
    OUTSCORED = "outscored"


@dataclass(frozen=True, slots=True)
class Question:
    """A question to learn from. key: unique among all questions of a run. asked.answer: its gold answer."""

    key: str
    family: Family
    asked: Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One completion of one question, kept whatever it is worth.

    prefix: the few-shot examples that the prompt began with, "" without. own_prompt: the question as it was sent
    behind them, with its hint if there was one. training_prompt: what a model sees when it learns; without the hint
    unless a recipe asks for it, or it is a hinted copy. trace_valid: whether the reasoning itself holds, where the
    family can tell; None where it cannot. verifier_score: log-likelihood under the verifier that was asked, in nats;
    None where none was.
    """

    question: str
    sample: int
    origin: Origin
    prefix: str
    own_prompt: str
    training_prompt: str
    completion: Completion
    seed: int
    grade: Grade
    fate: Fate
    trace_valid: bool | None = None
    verifier_score: float | None = None

    @property
    def prompt(self) -> str:
        """The prompt exactly as it was sent."""
        return self.prefix + self.own_prompt

    @property
    def text(self) -> str:
        return self.completion.text


@dataclass(frozen=True, slots=True)
class Pair:
    """Two completions of one prompt, one preferred. question: its key. weight: how much it counts, above 0.

    source: "verdict" for right against wrong, "raters" for what people preferred.
    """

    question: str
    prompt: str
    chosen: str
    rejected: str
    weight: float = 1.0
    source: str = "verdict"


def seed_of(seed: int, *names: object) -> int:
    """A seed of its own for whatever `names` name, from 0 to 2**63 - 1: the same in every process and order."""
    text = "\x1f".join(map(str, [seed, *names]))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1


def chance_of(seed: int, *names: object) -> float:
    """A number in [0, 1) of its own for whatever `names` name."""
    return seed_of(seed, *names) / 2**63
