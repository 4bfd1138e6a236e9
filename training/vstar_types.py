"""How V-STaR is set up, and what it reports: `training.vstar` runs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from generation.sampling.types import SamplingSettings
from training.loop import Optimisation
from training.packing import ONE_A_ROW, Packing
from training.records import Question
from training.sft import Length

InitialVerifier = Literal["sft", "generator"]


@dataclass(frozen=True, slots=True)
class Solution:
    """A right solution that is given: one entry of D_SFT."""

    question: Question
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VstarSettings:
    """The paper's protocol, with its values where it reports any (papers.md 3.2).

    how, length: of each supervised fine-tuning; the paper: 2 epochs on GSM8K. packing: several of its examples in a
        row; pairs have rows of their own.
    sampling: needs a temperature, which the paper does not report. iterations: T, 3. samples: k of each question in
    each iteration, 16. questions_per_iteration: drawn anew each time, 0 for all.
    correct_per_question: right solutions of a question in D_GEN, 0 for all.
    train_final_generator: whether the generator is trained once more on what the last iteration found, as the
        paper's table of methods says ("D_SFT and correct so far"); its algorithm ends with the sampling.
    verifier_how, verifier_length, beta, label_smoothing: of DPO; the paper reports none. On a small model beta 2.
    pairs_per_question, max_pairs: of right and wrong solutions; 0 for no limit on all.
    verifier_from: initial weights and reference of the verifier: G_SFT in the paper. "generator", the final one, is
        a departure: it is what our own first measurements used.
    human_weight: what people's preferences count in the verifier's loss beside right-against-wrong pairs; 0 leaves
        them out, as the paper does.
    validation_samples, validation_k, validate_every: the verifier is kept as it was after the step, of every
        `validate_every`, with the best mean best-of-k over `validation_k` on the validation questions.
    batch_questions: stored together, the unit of resuming. save_every: steps between saved states of a training.
    """

    how: Optimisation
    length: Length
    sampling: SamplingSettings
    verifier_how: Optimisation
    verifier_length: Length
    beta: float
    label_smoothing: float = 0.0
    iterations: int = 3
    samples: int = 16
    questions_per_iteration: int = 0
    correct_per_question: int = 0
    train_final_generator: bool = True
    pairs_per_question: int = 5
    max_pairs: int = 0
    verifier_from: InitialVerifier = "sft"
    human_weight: float = 0.0
    validation_samples: int = 16
    validation_k: tuple[int, ...] = (4, 8, 16)
    validate_every: int = 50
    packing: Packing = ONE_A_ROW
    batch_questions: int = 64
    save_every: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        if self.iterations < 1:
            raise ValueError(f"iterations: {self.iterations}; expected at least 1")
        if self.samples < 2:
            raise ValueError(f"samples: {self.samples}; expected at least 2, or nothing is right and wrong")
        if self.sampling.temperature == 0:
            raise ValueError("temperature: 0; expected more, since greedy samples are all the same")
        if self.human_weight < 0:
            raise ValueError(f"human_weight: {self.human_weight}; expected 0 or more")
        if not self.validation_k or max(self.validation_k) > self.validation_samples:
            raise ValueError(f"validation_k: {self.validation_k}; expected up to {self.validation_samples}")


@dataclass(frozen=True, slots=True, kw_only=True)
class VstarIteration:
    """What one iteration did; JSON by `asdict`.

    number: from 1; 0 is G_SFT, which sampled nothing. questions: asked. fates: numbers of candidates by fate.
    sampled_accuracy: share of the candidates that are right, the sampling generator's pass@1.
    solved: questions with a right candidate in this iteration; solved_so_far: in any.
    examples: size of D_GEN that the generator was then trained on (0: it was not). steps, steps_before, loss: of that
    training. accuracy: of the trained generator on the validation questions, greedy; None without any. validation: the
    same by question.
    """

    number: int
    questions: int = 0
    fates: dict[str, int] = field(default_factory=dict)
    sampled_accuracy: float | None = None
    solved: int = 0
    solved_so_far: int = 0
    examples: int = 0
    too_long: int = 0
    steps: int = 0
    steps_before: int = 0
    loss: float | None = None
    accuracy: float | None = None
    validation: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierReport:
    """How the verifier was trained; JSON by `asdict`.

    pairs: right against wrong; human_pairs: of people's preferences; questions: that have pairs of either kind.
    scores: mean best-of-k on the validation questions by step (a string, as JSON has it); best_step: the one kept.
    validation: the report of `training.evaluation.report` on the validation candidates, with the generator's own
    log-probability and this verifier as scorers; None without validation questions.
    """

    pairs: int
    human_pairs: int
    questions: int
    too_long: int
    steps: int
    steps_before: int
    loss: float
    scores: dict[str, float]
    best_step: int | None
    validation: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class VstarResult:
    """iterations: from G_SFT (number 0) on. generator: the number of the final one. verifier: its report."""

    iterations: list[VstarIteration]
    generator: int
    verifier: VerifierReport
