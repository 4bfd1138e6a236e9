"""How often a model's solution takes as many calculator steps as the human one (Zelikman et al. 2022, section 4.5).

The paper reports the rate of agreement, 53 to 57 % over its iterations on training questions, and that a model that
differs usually takes fewer steps. It is a rate, not a correlation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.evaluation.intervals import RESAMPLES, share_by_question


@dataclass(frozen=True, slots=True)
class Steps:
    """A model's solution beside a human one of the same question, in calculator steps (`problems.calculations`)."""

    question: str
    model: int
    human: int


@dataclass(frozen=True, slots=True)
class StepAgreement:
    """agreement, fewer, more: shares of the solutions with as many, fewer and more steps than the human one; sum 1.

    low, high: 95 % bootstrap interval of the agreement over questions; None with fewer than two. model_steps,
    human_steps: means. All but the counts are None without solutions.
    """

    agreement: float | None
    low: float | None
    high: float | None
    fewer: float | None
    more: float | None
    model_steps: float | None
    human_steps: float | None
    solutions: int
    questions: int


def step_agreement(steps: Sequence[Steps], *, seed: int = 0, resamples: int = RESAMPLES) -> StepAgreement:
    """The agreement over all solutions; those of one question are drawn together."""
    if not steps:
        return StepAgreement(None, None, None, None, None, None, None, 0, 0)
    model = np.array([one.model for one in steps], dtype=np.float64)
    human = np.array([one.human for one in steps], dtype=np.float64)
    same = (model == human).astype(np.float64)
    names = [one.question for one in steps]
    share, interval, questions = share_by_question(names, same, seed=seed, resamples=resamples)
    low, high = interval or (None, None)
    return StepAgreement(
        agreement=share,
        low=low,
        high=high,
        fewer=float((model < human).mean()),
        more=float((model > human).mean()),
        model_steps=float(model.mean()),
        human_steps=float(human.mean()),
        solutions=len(steps),
        questions=questions,
    )


def crossing(steps: Sequence[Steps]) -> dict[tuple[int, int], int]:
    """Number of solutions by (human steps, model steps)."""
    return dict(sorted(Counter((one.human, one.model) for one in steps).items()))
