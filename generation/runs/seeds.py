"""Seeds of single samples. Pure.

A sample's seed is the first eight bytes, big-endian, of BLAKE2b (digest size 8) over

    RUN_SEED 0x1f QUESTION_ID 0x1f SAMPLE

in UTF-8, the numbers in decimal, shifted right by one so that it fits a signed 64-bit column. It depends on nothing
else: not on the batch, the lane, the database's own ids or how often a run was interrupted.
"""

from __future__ import annotations

import hashlib

_SEPARATOR = "\x1f"


def sample_seed(run_seed: int, question: str, sample: int) -> int:
    """question: its external id. sample: from 0. Returns 0 to 2**63 - 1."""
    return _hash63(str(run_seed), question, str(sample))


def shot_rank(run_seed: int, *parts: str) -> int:
    """By which few-shot examples are drawn: the smallest ranks first."""
    return _hash63(str(run_seed), "shot", *parts)


def _hash63(*parts: str) -> int:
    message = _SEPARATOR.join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(message, digest_size=8).digest()) >> 1
