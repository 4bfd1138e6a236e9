"""Preference pairs from what a generator got right and wrong (papers.md 3.2). No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import lcm

import numpy as np

from training.records import Pair, seed_of


def preference_pairs(
    prompts: Mapping[str, str],
    right: Mapping[str, Sequence[str]],
    wrong: Mapping[str, Sequence[str]],
    *,
    per_question: int,
    limit: int = 0,
    seed: int = 0,
) -> list[Pair]:
    """Right against wrong solutions of each question: of the whole product at most `per_question`, drawn by the seed.

    prompts: by question, what both sides answer. right, wrong: solutions by question; equal texts count once.
    per_question: many pairs of one question make a verifier learn the question by heart (the spike: 4 to 6).
    limit: of all pairs, 0 for none; those that stay are drawn by the seed. Returned in the order of `prompts`.
    """
    if per_question < 1:
        raise ValueError(f"per_question: {per_question}; expected at least 1")
    pairs = [
        Pair(question, prompt, chosen, rejected)
        for question, prompt in prompts.items()
        for chosen, rejected in _drawn(
            list(dict.fromkeys(right.get(question, ()))),
            list(dict.fromkeys(wrong.get(question, ()))),
            per_question,
            seed_of(seed, "pairs", question),
        )
    ]
    if not limit or len(pairs) <= limit:
        return pairs
    chosen = np.random.default_rng(seed_of(seed, "limit")).choice(len(pairs), size=limit, replace=False)
    return [pairs[i] for i in sorted(chosen)]


def _drawn(right: list[str], wrong: list[str], count: int, seed: int) -> list[tuple[str, str]]:
    """At most `count` cells of the product; no text comes twice before every other of its side came once."""
    if not right or not wrong:
        return []
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(len(right)), rng.permutation(len(wrong))
    # Both sides turn around at their own pace; where the paces meet again, one is shifted by one.
    round_trip = lcm(len(right), len(wrong))
    return [
        (right[rows[n % len(right)]], wrong[columns[(n + n // round_trip) % len(wrong)]])
        for n in range(min(count, len(right) * len(wrong)))
    ]
