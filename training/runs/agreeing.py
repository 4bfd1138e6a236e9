"""How often a verifier agrees with held-out preferences, by each way in which it can be read.

- `reward`: the log-ratio of verifier and reference, which is what DPO fits to the preferences;
- `likelihood`: the verifier's log-likelihood, the score of V-STaR, which also prefers short texts and common words;
- `reference_likelihood`: the reference's, that is, what was there before any preference was learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training.batching import Example
from training.evaluation.agreement import ScoredPair, pair_agreement
from training.loop import Watch
from training.records import Pair
from training.scoring import score_examples

if TYPE_CHECKING:
    from generation.registry.loading import LoadedModel

Scores = NDArray[np.float64]

REWARD, LIKELIHOOD, REFERENCE = "reward", "likelihood", "reference_likelihood"


class HeldOut:
    """Pairs that nothing is learned from, with the reference's scores of their texts; pairs that do not fit are out."""

    def __init__(
        self, reference: LoadedModel, pairs: Sequence[Pair], *, calculator: bool, watch: Watch
    ) -> None:
        self._calculator, self._watch = calculator, watch
        scores = self._scores(reference, pairs)
        fits = np.asarray(np.isfinite(scores).all(axis=1))
        self.pairs = [pair for pair, fit in zip(pairs, fits, strict=True) if fit]
        self._reference = scores[fits]

    def reward_agreement(self, verifier: LoadedModel) -> float:
        """Share of the pairs whose chosen side has the higher reward; for choosing between checkpoints."""
        margins = self._scores(verifier, self.pairs) - self._reference
        return float(np.mean((1 + np.sign(margins[:, 0] - margins[:, 1])) / 2))

    def report(self, verifier: LoadedModel, *, seed: int) -> dict[str, Any]:
        """By way of reading: {"agreement", "low", "high", "pairs", "questions"}, intervals over questions."""
        own = self._scores(verifier, self.pairs)
        ways = {REWARD: own - self._reference, LIKELIHOOD: own, REFERENCE: self._reference}
        return {name: self._agreement(scores, seed) for name, scores in ways.items()}

    def _agreement(self, scores: Scores, seed: int) -> dict[str, Any]:
        scored = [
            ScoredPair(pair.question, float(chosen), float(rejected), pair.weight)
            for pair, (chosen, rejected) in zip(self.pairs, scores, strict=True)
        ]
        return asdict(pair_agreement(scored, seed=seed))

    def _scores(self, model: LoadedModel, pairs: Sequence[Pair]) -> Scores:
        """(pairs, 2) in nats: of the chosen and the rejected text."""
        examples = [Example(pair.prompt, text) for pair in pairs for text in (pair.chosen, pair.rejected)]
        scores = score_examples(model, examples, calculator=self._calculator, watch=self._watch)
        return np.array(scores, dtype=np.float64).reshape(-1, 2)
