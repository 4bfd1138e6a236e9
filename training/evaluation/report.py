"""How good a generator is, and what choosing among its samples adds: CONTRACT.md's `evaluate` object.

    {"questions": 250, "samples": 32, "greedy_accuracy": 0.54, "pass_at": {"1": 0.43, …}, "majority_at": {…},
     "best_of": {"generator_logprob": {"1": 0.43, …}, "verifier": {…}},
     "differences": {"verifier": {"majority": {"1": 0.0, …}, "generator_logprob": {…}}},
     "intervals": the same paths, [low, high]}

`differences` are best-of-k by a scorer minus majority@k, and minus best-of-k by the generator's own log-probability,
on the same samples. What is undefined is None: a k above the number of samples, scores that a backend does not give,
no greedy answer, an interval over one question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from training.evaluation.estimators import FloatArray, best_of_k, majority_from_counts, pass_at_k
from training.evaluation.intervals import RESAMPLES, mean_intervals

GENERATOR = "generator_logprob"
MAJORITY = "majority"

#: Where a figure stands in the report, for example ("best_of", "verifier", "16").
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuestionCandidates:
    """One question's N samples.

    correct, answers: of length N; an answer is None where none could be read. scores: by scorer, higher is better;
    a scorer that has none for this question is left out. greedy_correct: None when it was not asked greedily.
    """

    correct: Sequence[bool]
    answers: Sequence[str | None]
    scores: Mapping[str, Sequence[float]] = field(default_factory=dict)
    greedy_correct: bool | None = None


def evaluate_candidates(
    questions: Sequence[QuestionCandidates],
    *,
    ks: Sequence[int],
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[str, Any]:
    """The report on `questions`, all with the same number of samples, for the numbers of draws `ks`.

    Raises ValueError without questions, with numbers of samples that differ, and for a k below 1.
    """
    samples = _check(questions, ks)
    columns = _columns(questions, samples, ks)
    # Estimators reach one value by different sums; what is left of that must not look like a difference.
    table: FloatArray = np.column_stack(list(columns.values())).round(12)
    means = table.mean(axis=0)
    shares = mean_intervals(table, seed=seed, resamples=resamples)
    differences = mean_intervals(table, seed=seed, resamples=resamples, probabilities=False)
    intervals = [
        difference if path[0] == "differences" else share
        for path, share, difference in zip(columns, shares, differences, strict=True)
    ]
    report: dict[str, Any] = {"questions": len(questions), "samples": samples}
    bounds: dict[str, Any] = {}
    for path, mean, interval in zip(columns, means, intervals, strict=True):
        _put(report, path, None if np.isnan(mean) else float(mean))
        _put(bounds, path, None if interval is None else list(interval))
    return {**report, "intervals": bounds}


def _check(questions: Sequence[QuestionCandidates], ks: Sequence[int]) -> int:
    sizes = {len(question.correct) for question in questions}
    if len(sizes) != 1:
        raise ValueError(f"questions: numbers of samples {sorted(sizes)}; expected one number for all")
    for question in questions:
        lengths = {len(question.answers), *map(len, question.scores.values())}
        if lengths != sizes:
            raise ValueError(f"questions: {lengths} answers or scores for {sizes} samples")
    if not ks or min(ks) < 1:
        raise ValueError(f"ks: {list(ks)}; expected numbers from 1")
    return sizes.pop()


def _columns(
    questions: Sequence[QuestionCandidates], samples: int, ks: Sequence[int]
) -> dict[Path, FloatArray]:
    """Each figure's value by question, shape (Q,); NaN where it is undefined for any of them."""
    undefined = np.full(len(questions), np.nan)
    columns: dict[Path, FloatArray] = {("greedy_accuracy",): _greedy(questions)}
    for name, estimate in _estimates(questions):
        for k in ks:
            columns[*name, str(k)] = estimate(k) if k <= samples else undefined
    for scorer in _scorers(questions):
        for baseline, path in ((MAJORITY, ("majority_at",)), (GENERATOR, ("best_of", GENERATOR))):
            if scorer != baseline:
                for k in ks:
                    difference = columns["best_of", scorer, str(k)] - columns[*path, str(k)]
                    columns["differences", scorer, baseline, str(k)] = difference
    return columns


def _estimates(questions: Sequence[QuestionCandidates]) -> Iterator[tuple[Path, Any]]:
    """(path without k, function of k giving the values by question)."""
    correct = np.array([question.correct for question in questions], dtype=np.float64)
    votes = [_votes(question) for question in questions]
    counts = correct.sum(axis=1).astype(np.int64)
    yield ("pass_at",), lambda k: pass_at_k(counts, correct.shape[1], k)
    yield ("majority_at",), lambda k: np.array([_majority(*vote, k) for vote in votes])
    for scorer in _scorers(questions):
        scored = [question.scores.get(scorer) for question in questions]
        if any(scores is None for scores in scored):
            yield ("best_of", scorer), lambda k: np.full(len(questions), np.nan)
        else:
            values = np.array(scored, dtype=np.float64)
            yield ("best_of", scorer), lambda k, values=values: best_of_k(correct, values, k)


def _scorers(questions: Sequence[QuestionCandidates]) -> list[str]:
    """The generator's own first, whether it has scores or not, then the others in the order they came."""
    return list(dict.fromkeys([GENERATOR, *(name for question in questions for name in question.scores)]))


def _greedy(questions: Sequence[QuestionCandidates]) -> FloatArray:
    return np.array(
        [np.nan if q.greedy_correct is None else float(q.greedy_correct) for q in questions], dtype=np.float64
    )


def _votes(question: QuestionCandidates) -> tuple[int, tuple[int, ...], int]:
    """How many samples are right, how many give each other answer (most first), and how many there are.

    The verdict decides what is right; samples that are right are one answer, whatever they call it.
    """
    wrong: dict[str, int] = {}
    for correct, answer in zip(question.correct, question.answers, strict=True):
        if not correct and answer is not None:
            wrong[answer] = wrong.get(answer, 0) + 1
    others = tuple(sorted(wrong.values(), reverse=True))
    return sum(map(bool, question.correct)), others, len(question.correct)


@lru_cache(maxsize=100_000)
def _majority(own: int, others: tuple[int, ...], samples: int, k: int) -> float:
    return majority_from_counts(own, others, samples, k)


def _put(tree: dict[str, Any], path: Path, value: Any) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = value
