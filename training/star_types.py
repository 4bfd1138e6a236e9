"""How STaR is set up, and what it reports: `training.star` runs it. No torch but through the settings' parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from generation.sampling.types import SamplingSettings
from training.batching import Example
from training.loop import Optimisation
from training.schedule import StepLadder

Shots = Literal["always", "first_iteration", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Departures:
    """What the paper does not do. All off by default; a recipe that uses one says so.

    continue_training: go on from M_(n-1) instead of restarting from the base.
    data_of_iterations: learn from this many latest iterations, 1 as in the paper, 0 for all so far.
    hinted_copies: chance that a kept solution is learned a second time with the hint in its prompt, which keeps the
        skill of rationalizing in a model too small to have it otherwise; the paper's A.6 warns of copied hints.
    replay: solved examples of the base's own training, mixed in so that a small model forgets nothing.
    replay_per_iteration: how many of them, drawn anew each iteration; 0 for all.
    """

    continue_training: bool = False
    data_of_iterations: int = 1
    hinted_copies: float = 0.0
    replay: Sequence[Example] = ()
    replay_per_iteration: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StarSettings:
    """The paper's protocol (papers.md 1.2), with its values where it has any.

    how: optimiser and schedule; the paper: Adam, learning rate 1e-6 after 100 warm-up steps, no weight decay.
    ladder: steps of each iteration. sampling: greedy in the paper (temperature 0), with the family's stop texts.
    iterations: at most so many. rationalize: the hinted pass. share_rationalized: of the failed questions.
    questions_per_iteration: drawn anew each time, 10,000 in the paper's arithmetic; 0 for all.
    samples: of each question in each pass; more than one needs a temperature.
    shots: whether the few-shot examples precede the question always, in the first iteration, or never.
    shots_in_training: whether they also precede it in the training prompt.
    patience: stop when the best validation accuracy is this many iterations old; 0 never.
    batch_questions: stored together, the unit of resuming. save_every: steps between saved states of a training.
    """

    how: Optimisation
    sampling: SamplingSettings
    iterations: int
    ladder: StepLadder = field(default_factory=StepLadder)
    rationalize: bool = True
    share_rationalized: float = 1.0
    questions_per_iteration: int = 0
    samples: int = 1
    shots: Shots = "always"
    shots_in_training: bool = False
    patience: int = 0
    batch_questions: int = 256
    save_every: int = 100
    seed: int = 0
    departures: Departures = field(default_factory=Departures)

    def __post_init__(self) -> None:
        if self.iterations < 1:
            raise ValueError(f"iterations: {self.iterations}; expected at least 1")
        if self.samples < 1:
            raise ValueError(f"samples: {self.samples}; expected at least 1")
        if self.samples > 1 and self.sampling.temperature == 0:
            raise ValueError("samples: more than one; expected 1 at temperature 0, where all are the same")
        if not 0 <= self.share_rationalized <= 1:
            raise ValueError(f"share_rationalized: {self.share_rationalized}; expected a share in [0, 1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class StarIteration:
    """What one iteration did; JSON by `asdict`. Numbers of questions unless said otherwise.

    number: from 1; 0 is the base, which has `accuracy` and `validation` only.
    questions: asked. solved: by M_(n-1) without a hint. rationalized: solved only with it. failed: neither.
    fates: numbers of candidates by origin and fate. valid_traces: by origin, share of the kept whose reasoning holds;
    None where the family cannot tell or nothing was kept. examples: learned from, replay and copies included.
    steps: optimiser steps; steps_before: of all iterations before. loss: mean over the last tenth of the steps.
    accuracy: M_n on the validation questions, greedy; None without any. validation: by question.
    """

    number: int
    questions: int = 0
    solved: int = 0
    rationalized: int = 0
    failed: int = 0
    fates: dict[str, dict[str, int]] = field(default_factory=dict)
    valid_traces: dict[str, float | None] = field(default_factory=dict)
    examples: int = 0
    too_long: int = 0
    steps: int = 0
    steps_before: int = 0
    loss: float | None = None
    accuracy: float | None = None
    validation: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StarResult:
    """iterations: from the base (number 0) on. best: the one with the highest validation accuracy, else the last.

    stopped: why no further iteration followed, "iterations" or "plateau".
    """

    iterations: list[StarIteration]
    best: int
    stopped: Literal["iterations", "plateau"]
