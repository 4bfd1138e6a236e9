"""Which numbers may be a seed: the same ones wherever somebody chooses one."""

from __future__ import annotations

#: Up to here every reader of JSON, JavaScript's among them, keeps whole numbers apart, and every database stores them.
LARGEST_SEED = 2**53
SEEDS = f"a whole number from 0 to {LARGEST_SEED}"


def is_seed(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_SEED
