"""How often a verifier prefers what people preferred, on pairs that it did not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.evaluation.intervals import RESAMPLES, share_by_question


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """One preference pair with a verifier's scores of both sides. weight: how much it counts, above 0."""

    question: str
    chosen_score: float
    rejected_score: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """agreement: weighted share of pairs whose chosen side scores higher, ties half; None without pairs.

    low, high: 95 % bootstrap interval over questions; None with fewer than two questions.
    """

    agreement: float | None
    low: float | None
    high: float | None
    pairs: int
    questions: int


def pair_agreement(
    pairs: Sequence[ScoredPair], *, seed: int = 0, resamples: int = RESAMPLES
) -> PairAgreement:
    """Agreement of a verifier with preferences; pairs of one question are drawn together. Raises ValueError for NaN."""
    if not pairs:
        return PairAgreement(None, None, None, 0, 0)
    scores = np.array([(pair.chosen_score, pair.rejected_score) for pair in pairs])
    if np.isnan(scores).any():
        raise ValueError("pairs: a score is NaN; expected numbers")
    # Not by their difference: two completions that are too long have -inf both, and are a tie.
    outcomes = (scores[:, 0] > scores[:, 1]) + 0.5 * (scores[:, 0] == scores[:, 1])
    weights = np.array([pair.weight for pair in pairs], dtype=np.float64)
    names = [pair.question for pair in pairs]
    share, interval, questions = share_by_question(
        names, outcomes, weights=weights, seed=seed, resamples=resamples
    )
    low, high = interval or (None, None)
    return PairAgreement(share, low, high, len(pairs), questions)
