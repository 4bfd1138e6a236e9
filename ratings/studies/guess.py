"""The leak lint's classifier: how well looks alone tell who wrote a rationale. Pure; numpy and scipy.

A multinomial logistic regression guesses each card's source from its surface (ratings.studies.looks): length,
punctuation, line breaks, digits, lists, capitals, the shape of its formatting; never a word. Its accuracy is
cross-validated in folds by question, so that no question is in both train and test. Where the sources can not be told,
it is 1/3; a study whose sources can be told from looks measures taste in looks, and raters may learn who is who.

The interval is Wilson's (1927) on the guesses, widened by the design effect of the questions (guesses about one
question are alike, and the interval never gets narrower for it), and for the folds: guesses of one fold share a model,
and models share training cards. Nadeau and Bengio (2003), "Inference for the generalization error": the variance is
(1/folds + test/train) / (1/folds) times as large, 2.25 for five folds. In 100 balanced studies each of 30, 50 and 200
triples the accuracy's standard deviation was 1.41, 1.42 and 1.40 times that of independent guesses; 1.5 is allowed for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from ratings.studies.looks import SHAPE, looks_of

SOURCES = 3
CHANCE = 1 / SOURCES
FOLDS = 5
#: See above.
SHARED_MODELS = (1 / FOLDS + 1 / (FOLDS - 1)) * FOLDS
#: With fewer triples nothing can be said.
FEWEST_TRIPLES = 15
#: More add seconds and no insight: at 600 triples the interval is about two points to each side.
MOST_TRIPLES = 600
#: Ridge penalty on standardised weights, for the sum of log losses; strong, for looks are many and triples may be few.
PENALTY = 10.0
Z_95 = 1.959964
SHOWN_LOOKS = 5
#: Of the log odds of the right source, by one look.
LEAST_ADDED = 0.02

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Guess:
    """accuracy: the cross-validated share of cards whose source was guessed rightly, with its 95 % interval.

    triples: how many were looked at. looks: what gave the sources away, the strongest first; empty unless something
    did. Names no source.
    """

    accuracy: float
    low: float
    high: float
    triples: int
    looks: tuple[str, ...]
    chance: float = CHANCE

    @property
    def is_above_chance(self) -> bool:
        """Beyond what luck does: the whole interval lies above chance."""
        return self.low > self.chance

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "looks": list(self.looks)}

    @property
    def sentence(self) -> str:
        by = f" What tells them: {', '.join(self.looks)}." if self.looks else ""
        return (
            f"Looks alone tell the source of {self.accuracy:.0%} of the cards (95% interval {self.low:.0%} to "
            f"{self.high:.0%}, chance {self.chance:.0%}; {self.triples:,} triples, cross-validated).{by}"
        )


def guess_sources(triples: Sequence[Sequence[str]], *, seed: int = 0) -> Guess | None:
    """Looks at the first MOST_TRIPLES triples, each with its texts by source; None if there are too few.

    Time and memory are bounded whatever is given: some seconds and some megabytes at most.
    """
    looked_at = [texts for texts in triples[:MOST_TRIPLES] if len(texts) == SOURCES and all(texts)]
    if len(looked_at) < FEWEST_TRIPLES:
        return None
    names, looks = looks_of(looked_at)
    sources = np.tile(np.arange(SOURCES), len(looked_at))
    questions = np.repeat(np.arange(len(looked_at)), SOURCES)
    right = _cross_validated(looks, sources, questions, seed=seed)
    low, high = _interval(right.reshape(-1, SOURCES))
    guess = Guess(float(right.mean()), low, high, len(looked_at), ())
    if not guess.is_above_chance:
        return guess
    return Guess(guess.accuracy, low, high, len(looked_at), _tell_tales(names, looks, sources))


def _cross_validated(looks: Floats, sources: Ints, questions: Ints, *, seed: int) -> Floats:
    """1.0 where a card's source was guessed by a model that saw no card of its question."""
    right = np.zeros(len(sources))
    order = np.random.default_rng(abs(seed)).permutation(questions.max() + 1)
    fold_of = np.empty_like(order)
    fold_of[order] = np.arange(len(order)) % FOLDS
    for fold in range(FOLDS):
        tested = fold_of[questions] == fold
        scale = _Scale.of(looks[~tested])
        weights = fit(scale.apply(looks[~tested]), sources[~tested])
        right[tested] = predict(weights, scale.apply(looks[tested])) == sources[tested]
    return right


@dataclass(frozen=True, slots=True)
class _Scale:
    """Standardises by the training cards' mean and spread; what never varies becomes 0."""

    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, looks: Floats) -> _Scale:
        spread = looks.std(axis=0)
        return cls(looks.mean(axis=0), np.where(spread > 0, spread, np.inf))

    def apply(self, looks: Floats) -> Floats:
        # A look that is rare in training must not throw a card that has it off the map.
        return np.clip((looks - self.mean) / self.spread, -5, 5)


def fit(looks: Floats, sources: Ints) -> Floats:
    """Weights, shape (looks + 1, sources), intercept last: the penalised maximum of the likelihood, by L-BFGS."""
    design = np.column_stack([looks, np.ones(len(looks))])
    truth = np.eye(SOURCES)[sources]
    shape = (design.shape[1], SOURCES)

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(shape)
        scores = design @ weights
        total = scipy.special.logsumexp(scores, axis=1)
        penalised = np.vstack([weights[:-1], np.zeros((1, SOURCES))])
        value = float((total - (scores * truth).sum(axis=1)).sum() + PENALTY / 2 * (penalised**2).sum())
        slope = design.T @ (np.exp(scores - total[:, None]) - truth) + PENALTY * penalised
        return value, slope.ravel()

    found = scipy.optimize.minimize(
        loss, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 200}
    )
    weights: Floats = found.x.reshape(shape)
    return weights


def predict(weights: Floats, looks: Floats) -> Ints:
    """The likeliest source of each card."""
    likeliest: Ints = np.argmax(looks @ weights[:-1] + weights[-1], axis=1)
    return likeliest


def _interval(right: Floats) -> tuple[float, float]:
    """right: (questions, sources), 1.0 for a right guess."""
    mean = float(right.mean())
    guesses = right.size
    independent = mean * (1 - mean) / guesses
    clustered = float(right.mean(axis=1).var(ddof=1)) / len(right)
    effective = guesses / SHARED_MODELS / (max(1.0, clustered / independent) if independent else 1.0)
    centre = (mean + Z_95**2 / (2 * effective)) / (1 + Z_95**2 / effective)
    reach = Z_95 * np.sqrt(mean * (1 - mean) / effective + Z_95**2 / (4 * effective**2))
    reach = float(reach / (1 + Z_95**2 / effective))
    return max(0.0, centre - reach), min(1.0, centre + reach)


def _tell_tales(names: Sequence[str], looks: Floats, sources: Ints) -> tuple[str, ...]:
    """The looks that add most, on average, to the log odds of the right source.

    Shapes say the same as the looks that have words for it, so they are only named where those do not tell.
    """
    named = [index for index, name in enumerate(names) if not name.startswith(SHAPE)]
    return _strongest(names, looks, sources, named) or _strongest(
        names, looks, sources, list(range(len(names)))
    )


def _strongest(names: Sequence[str], looks: Floats, sources: Ints, columns: Sequence[int]) -> tuple[str, ...]:
    chosen = looks[:, columns]
    scaled = _Scale.of(chosen).apply(chosen)
    weights = fit(scaled, sources)[:-1]
    means = np.stack([scaled[sources == source].mean(axis=0) for source in range(SOURCES)], axis=1)
    adds = (weights * means).sum(axis=1) / SOURCES
    found = [index for index in np.argsort(-adds)[:SHOWN_LOOKS] if adds[index] > LEAST_ADDED]
    return tuple(names[columns[index]] for index in found)
