"""How often a verifier prefers what people preferred, on pairs that it did not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.evaluation.intervals import CONFIDENCE, RESAMPLES, draws


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
    names, codes = np.unique([pair.question for pair in pairs], return_inverse=True)
    # Sums by question: what agreed, and all; a resample's agreement is the ratio of its sums.
    agreed = np.bincount(codes, weights=weights * outcomes)
    total = np.bincount(codes, weights=weights)
    share = float(agreed.sum() / total.sum())
    if len(names) < 2:
        return PairAgreement(share, None, None, len(pairs), len(names))
    ratios = np.concatenate(
        [(drawn @ agreed) / (drawn @ total) for drawn in draws(len(names), seed=seed, resamples=resamples)]
    )
    low, high = np.quantile(ratios, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return PairAgreement(share, float(low), float(high), len(pairs), len(names))
