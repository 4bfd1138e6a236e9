"""To which split a made question belongs: its text decides, the same in every data set and for every seed.

A question that one data set tests on is thereby trained on in no other, nor in the committed base's corpus. A sum whose
digits are asked for in reversed order lies where the same sum as written lies.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Mapping

#: Shares of the splits of made questions. `prompt` holds the few-shot examples.
SHARES: Mapping[str, float] = {
    "test": 0.1,
    "validation": 0.05,
    "verifier": 0.1,
    "prompt": 0.05,
    "train": 0.7,
}


def split_of(question: str, shares: Mapping[str, float] = SHARES) -> str:
    """The split whose part of [0, 1), in the order of `shares`, holds the SHA-256 of the text as a fraction.

    shares: from 0 to 1, with the sum 1 (`check_shares`).
    """
    place = int.from_bytes(hashlib.sha256(question.encode()).digest()[:8]) / 2**64
    ends = itertools.accumulate(shares.values())
    return next((split for split, end in zip(shares, ends, strict=True) if place < end), _last(shares))


def quotas(count: int, shares: Mapping[str, float] = SHARES) -> dict[str, int]:
    """How many of `count` questions each split gets: its share to the nearest question, `count` in all."""
    ends = [round(count * min(1.0, end)) for end in itertools.accumulate(shares.values())]
    return {split: end - start for split, start, end in zip(shares, [0, *ends], ends, strict=False)}


def check_shares(shares: Mapping[str, float]) -> None:
    """Raises ValueError unless all are from 0 to 1 and their sum is 1."""
    for split, share in shares.items():
        if not (math.isfinite(share) and 0 <= share <= 1):
            raise ValueError(f"{split}: {share} is no share; expected one from 0 to 1")
    total = math.fsum(shares.values())
    if not math.isclose(total, 1, abs_tol=1e-6):
        raise ValueError(f"the shares sum to {total:g}; expected 1")


def _last(shares: Mapping[str, float]) -> str:
    """The last split with a share: rounding may leave a gap below 1."""
    return [split for split, share in shares.items() if share][-1]
