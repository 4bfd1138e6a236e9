"""The parts that a run is made of, and what each of them costs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from training.estimating.figures import Pace

#: Rows that a sampler has in hand at a time (generation.sampling.local.LocalSampler).
SAMPLER_ROWS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One stage of one iteration. units: what its progress counts. iteration: 0 before the first."""

    stage: str
    iteration: int = 0
    units: int = 0

    @property
    def steps(self) -> int:
        """Of the optimiser."""
        return 0

    @property
    def sampled_tokens(self) -> float:
        return 0.0

    @property
    def trained_tokens(self) -> float:
        return 0.0

    def seconds(self, pace: Pace, *, cores: int = 1) -> float:
        """cores: for as many processes as share the part; 1 for the processor's seconds, which are those of all."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting(Part):
    """loads: models loaded. saves: models written."""

    loads: int = 1
    saves: int = 0
    begins: bool = False

    def seconds(self, pace: Pace, *, cores: int = 1) -> float:
        return self.begins * pace.start + self.loads * pace.load + self.saves * pace.save


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling(Part):
    """rows: completions, `together` of them handed over at a time. prompt: tokens read for each, those that all rows
    share apart. new, longest: tokens of a completion, their mean and the most. stored: whether each becomes a row."""

    rows: int
    together: int
    prompt: float
    new: float
    longest: float
    stored: bool = True

    @property
    def sampled_tokens(self) -> float:
        return self.rows * self.new

    @property
    def decode_steps(self) -> float:
        """Each batch goes on until its longest row has ended."""
        whole, rest = divmod(self.rows, max(1, self.together))
        batches = whole * -(-self.together // SAMPLER_ROWS) + -(-rest // SAMPLER_ROWS)
        return batches * self.longest

    def seconds(self, pace: Pace, *, cores: int = 1) -> float:
        decoding = self.decode_steps * pace.decode_step + self.sampled_tokens * pace.decode_row
        return decoding + self.rows * (self.prompt * pace.read_token + self.stored * pace.row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Training(Part):
    """count: optimiser steps. texts: learned from in all of them, one way or the other side of a pair being a text.

    length: tokens of a text. every: steps between two saved states. selections: how often held-out texts are scored on
    the way, `selecting` tokens each time. accumulate: batches of a step.
    checkpointing: whether activations are computed a second time instead of being kept. adapted: whether only
    adapters beside the weights are learned (LoRA). processes: that share each step.
    """

    count: int
    texts: float
    length: float
    every: int
    accumulate: int = 1
    checkpointing: bool = False
    adapted: bool = False
    pairs: bool = False
    selections: int = 0
    selecting: float = 0.0
    processes: int = 1

    @property
    def steps(self) -> int:
        return self.count

    @property
    def trained_tokens(self) -> float:
        return self.texts * self.length

    @property
    def at_once(self) -> float:
        """Tokens of one process's share of a batch; accumulated batches go through the backward pass one by one."""
        return self.trained_tokens / max(1, self.count * self.accumulate * self.processes)

    def seconds(self, pace: Pace, *, cores: int = 1) -> float:
        token = pace.pair_token if self.pairs else pace.train_token
        # Of forward (1), backward to the activations (1) and to the weights (1): once more forward, or no weights.
        token *= (3 + self.checkpointing - self.adapted) / 3
        saves = self.count // self.every + (self.count % self.every > 0)
        # Each process pays for a step, and each token is one process's.
        learned = self.count * self.processes * pace.train_step + self.trained_tokens * token
        learned /= min(self.processes, cores)
        return learned + saves * pace.save + self.selections * self.selecting * pace.read_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring(Part):
    """texts: each read once, `length` tokens."""

    texts: int
    length: float

    def seconds(self, pace: Pace, *, cores: int = 1) -> float:
        return self.texts * self.length * pace.read_token


def texts_of(steps: int, *, examples: int, batch: int, accumulate: int) -> int:
    """How many examples so many steps show: an epoch's last batch may be smaller, as training.batching has it."""
    examples, batches = max(1, examples), steps * accumulate
    epochs, rest = divmod(batches, -(-examples // batch))
    # The batches of an epoch come in any order: the small one is among the rest by chance, and is counted as whole.
    return epochs * examples + min(rest * batch, examples)


def selections_of(steps: int, every: int) -> int:
    """How often a selection is asked: every so many steps, and after the last."""
    return math.ceil(steps / every)
