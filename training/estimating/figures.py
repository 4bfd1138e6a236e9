"""What a worker measures of one model on one dataset, once, and every estimate is reckoned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
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
    shot: one worked example before a question. sampled: how many answers these figures come from. completions: tokens
    of those answers, the shortest, the longest, and so many in between at equal distances in their order. cut: share of
    them that had not ended where the measuring stopped them.
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
    completions: Sequence[float] = ()
    cut: float = 0.0

    def cut_at(self, most: int) -> Lengths:
        """The same where an answer may have at most so many tokens (0: as many as when it was measured).

        What is cut off is not right. What had not ended when it was measured is thought to go on to the new limit.
        """
        if not most or not self.longest or (most >= self.longest and not self.cut):
            return self
        if most >= self.longest:
            longer = self.completion + self.cut * (most - self.longest)
            return replace(self, completion=longer, longest=float(most))
        lengths = self.completions or (self.completion,)
        ended = sum(one <= most for one in lengths) / len(lengths)
        return replace(
            self,
            completion=sum(min(one, most) for one in lengths) / len(lengths),
            longest=float(most),
            right=self.right * ended,
            right_hinted=self.right_hinted * ended,
        )

    @property
    def learned(self) -> float:
        """A text that the model wrote itself, as it learns from it."""
        return self.question + self.completion + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """wall, cpu: seconds of the clock, and of the processor. held_bytes: by a
    process at work, beside what training.estimating.memory counts. cores: of the machine, or its GPUs where it computes
    on these; 0 where an earlier version did not ask.
    """

    shape: Shape
    wall: Pace
    cpu: Pace
    lengths: Lengths
    held_bytes: int
    device: str = "cpu"
    cores: int = 0

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
            cores=stored.get("cores", 0),
        )
