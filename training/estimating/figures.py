"""What a worker measures of one model on one dataset, once, and every estimate is reckoned from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How large a model is. width: of its hidden states. weight_bytes: of one parameter as it is computed with."""

    parameters: int
    layers: int
    width: int
    heads: int
    vocabulary: int
    context: int
    weight_bytes: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds of one machine for one model.

    start: what the first load of a process takes beyond `load`, imports of the model's code; what comes before it is
    the process's start-up and counts nowhere. load: the model, loaded. decode_step: one step of decoding,
    however many rows; decode_row: each row in it. read_token: a token read without being learned from (a prompt's, or
    a scored text's). train_step: one optimiser step; train_token: each token of its batches, padding included;
    pair_token: the same where pairs are learned from. save: a training's state, or a model, written. row: a candidate
    graded and stored.
    """

    start: float
    load: float
    decode_step: float
    decode_row: float
    read_token: float
    train_step: float
    train_token: float
    pair_token: float
    save: float
    row: float

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not value >= 0:
                raise ValueError(f"{name}: {value}; expected seconds, 0 or more")

    def step(self, tokens: float) -> float:
        """One optimiser step over so many tokens."""
        return self.train_step + tokens * self.train_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Means in tokens, and shares, of one dataset read by one model's tokenizer.

    question, hinted: a prompt without and with the answer. completion, longest: the model's own greedy answers, their
    mean and the longest of them. right: share of the questions that it solves; right_hinted: of the others, with the
    hint. texts: prompt, rationale and end of text together, by source ("" for all that no model wrote).
    shot: one worked example before a question. sampled: how many answers these figures come from.
    """

    question: float
    hinted: float
    completion: float
    longest: float
    right: float
    right_hinted: float
    shot: float = 0.0
    sampled: int = 0
    texts: Mapping[str, float] = field(default_factory=dict)

    @property
    def learned(self) -> float:
        """A text that the model wrote itself, as it learns from it."""
        return self.question + self.completion + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """wall, cpu: seconds of the clock, and of the processor. held_bytes: by a
    process at work, beside what training.estimating.memory counts.
    """

    shape: Shape
    wall: Pace
    cpu: Pace
    lengths: Lengths
    held_bytes: int
    device: str = "cpu"

    @property
    def busy(self) -> float:
        """Seconds of the clock for a second of the processor: well above 1 where others work on the machine too."""
        return self.wall.step(1_000) / max(self.cpu.step(1_000), 1e-9)

    @property
    def on_gpu(self) -> bool:
        return self.device.startswith("cuda")

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Figures:
        return cls(
            shape=Shape(**stored["shape"]),
            wall=Pace(**stored["wall"]),
            cpu=Pace(**stored["cpu"]),
            lengths=Lengths(**stored["lengths"]),
            held_bytes=stored["held_bytes"],
            device=stored["device"],
        )
