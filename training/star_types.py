"""How STaR is set up, and what it reports: `training.star` runs it. No torch but through the settings' parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from generation.sampling.types import SamplingSettings
from training.loop import Optimisation
from training.packing import ONE_A_ROW, Packing
from training.records import Candidate
from training.schedule import StepLadder

Shots = Literal["always", "first_iteration", "never"]
KeptBy = Literal["answer", "trace", "verifier"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Departures:
    """What the paper does not do. All off by default; a recipe that uses one says so.

    continue_training: go on from M_(n-1) instead of restarting from the base.
    data_of_iterations: learn from this many latest iterations, 1 as in the paper, 0 for all so far.
    hinted_copies: chance that a kept solution is learned a second time with the hint in its prompt, which keeps the
        skill of rationalizing in a model too small to have it otherwise; the paper's A.6 warns of copied hints.
    replay: solved questions of the base's own training, mixed in so that a small model forgets nothing; their origin is
        REPLAYED, and (question, sample) is unique among them.
    replay_per_iteration: how many of them, drawn anew each iteration; 0 for all.
    kept_by: what a right answer needs besides to be learned from. "answer": nothing, as in the paper. "trace": every
        step is right, as far as the family can tell; a question whose right answers all come by wrong steps counts as
        failed, and is rationalized. "verifier": of each question's right samples the share that a verifier scores
        highest, by the log-likelihood of the completion as in V-STaR.
    verifier_share: that share, rounded up, so that at least one is kept.
    verifier_above: what such a log-likelihood must at least be, besides, in nats; None: anything. A question whose
        right samples all fall short counts as failed, and is rationalized.
    """

    continue_training: bool = False
    data_of_iterations: int = 1
    hinted_copies: float = 0.0
    replay: Sequence[Candidate] = ()
    replay_per_iteration: int = 0
    kept_by: KeptBy = "answer"
    verifier_share: float = 0.5
    verifier_above: float | None = None

    def __post_init__(self) -> None:
        if self.kept_by not in ("answer", "trace", "verifier"):
            raise ValueError(f"kept_by: {self.kept_by!r}; expected answer, trace or verifier")
        if not 0 < self.verifier_share <= 1:
            raise ValueError(f"verifier_share: {self.verifier_share}; expected a share above 0 and at most 1")
        if self.verifier_above is not None and not self.verifier_above < 0:
            raise ValueError(f"verifier_above: {self.verifier_above}; expected a log-likelihood below 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class StarSettings:
    """The paper's protocol (papers.md 1.2), with its values where it has any.

    how: optimiser and schedule; the paper: Adam, learning rate 1e-6 after 100 warm-up steps, no weight decay.
    ladder: steps of each iteration. sampling: greedy in the paper (temperature 0), with the family's stop texts.
    iterations: at most so many. rationalize: the hinted pass. rationalize_from: the first iteration that has it; the
    paper's GSM8K ran 36 without, then 10 with. share_rationalized: of the failed questions. hint_left_in: chance that a
    rationalized solution is stored, and learned, with the hint in its prompt (the released code's p_show_hint_save).
    questions_per_iteration: drawn anew each time, 10,000 in the paper's arithmetic; 0 for all.
    samples: of each question in each pass; more than one needs a temperature.
    shots: whether the few-shot examples precede the question always, in the first iteration, or never.
    shots_in_training: whether they also precede it in the training prompt.
    patience: stop when the best validation accuracy is this many iterations old; 0 never. What is still to begin
    (rationalization, questions that join) is waited for, and the count starts anew with it.
    min_gain: how much better an accuracy must be to count as a new best, as a share of the questions.
    packing: several examples in a row to learn from; the paper: 8 rows of 1,024 tokens.
    batch_questions: stored together, the unit of resuming. save_every: steps between saved states of a training.
    """

    how: Optimisation
    sampling: SamplingSettings
    iterations: int
    ladder: StepLadder = field(default_factory=StepLadder)
    rationalize: bool = True
    rationalize_from: int = 1
    share_rationalized: float = 1.0
    hint_left_in: float = 0.0
    questions_per_iteration: int = 0
    samples: int = 1
    shots: Shots = "always"
    shots_in_training: bool = False
    patience: int = 0
    min_gain: float = 0.0
    packing: Packing = ONE_A_ROW
    batch_questions: int = 256
    save_every: int = 100
    seed: int = 0
    departures: Departures = field(default_factory=Departures)

    def rationalizes_in(self, iteration: int) -> bool:
        return self.rationalize and iteration >= self.rationalize_from

    def __post_init__(self) -> None:
        if self.iterations < 1:
            raise ValueError(f"iterations: {self.iterations}; expected at least 1")
        if self.samples < 1:
            raise ValueError(f"samples: {self.samples}; expected at least 1")
        if self.samples > 1 and self.sampling.temperature == 0:
            raise ValueError("samples: more than one; expected 1 at temperature 0, where all are the same")
        if self.rationalize_from < 1:
            raise ValueError(f"rationalize_from: {self.rationalize_from}; expected an iteration from 1 on")
        for name in ("share_rationalized", "hint_left_in", "min_gain"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: {getattr(self, name)}; expected a share in [0, 1]")
        extra = self.departures
        if extra.kept_by == "verifier" and self.samples < 2 and extra.verifier_above is None:
            raise ValueError(f"samples: {self.samples}; expected at least 2 for a verifier to choose from")


@dataclass(frozen=True, slots=True, kw_only=True)
class StarIteration:
    """What one iteration did; JSON by `asdict`. Numbers of questions unless said otherwise.

    number: from 1; 0 is the base, which has `accuracy` and `validation` only.
    joined: may be asked from this iteration on. questions: asked. solved: by M_(n-1) without a hint. rationalized:
    solved only with it. failed: neither.
    fates: numbers by origin and fate, of candidates and of what was replayed or copied. valid_traces: by origin, share
    of the kept whose reasoning holds, among those of which it can be told; None where there are none. Of all
    candidates: kept; invalid_trace, right answers by wrong steps, kept or not; unparsable. examples: learned from, all
    in all; of these replayed and copies.
    steps: optimiser steps; steps_before: of all iterations before. loss: mean over the last tenth of the steps.
    accuracy: M_n on the validation questions, greedy; None without any. validation: by question.
    """

    number: int
    joined: int = 0
    questions: int = 0
    solved: int = 0
    rationalized: int = 0
    failed: int = 0
    fates: dict[str, dict[str, int]] = field(default_factory=dict)
    valid_traces: dict[str, float | None] = field(default_factory=dict)
    kept: int = 0
    invalid_trace: int = 0
    unparsable: int = 0
    examples: int = 0
    replayed: int = 0
    copies: int = 0
    too_long: int = 0
    steps: int = 0
    steps_before: int = 0
    loss: float | None = None
    accuracy: float | None = None
    validation: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StarResult:
    """iterations: from the base (number 0) on. best: the one with the highest validation accuracy, else the last.

    stopped: why no further iteration followed, "iterations" or "plateau"; explanation: the same in a sentence.
    """

    iterations: list[StarIteration]
    best: int
    stopped: Literal["iterations", "plateau"]
    explanation: str
