"""Results for somebody who must not know which source is which."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import replace

from ratings.analysis.types import JudgedTriple


def masked_order(labels: Sequence[str], *, study: str, seed: int, secret: str) -> list[int]:
    """Source indices in an order that says nothing: drawn by the study's seed, and by a secret, so that who knows the
    seed can not undo it. The same on every call."""

    def draw(index: int) -> bytes:
        return hmac.digest(
            secret.encode(), f"starchamber.masking:{study}:{seed}:{labels[index]}".encode(), "sha256"
        )

    return sorted(range(len(labels)), key=draw)


def masked_labels(count: int) -> list[str]:
    """Source 1, Source 2, …"""
    return [f"Source {number}" for number in range(1, count + 1)]


def reordered(rating: JudgedTriple, order: Sequence[int]) -> JudgedTriple:
    """The same rating with source order[i] called i."""
    new = {old: index for index, old in enumerate(order)}
    return replace(
        rating,
        ranking=tuple(tuple(new[source] for source in group) for group in rating.ranking),
        shown=None if rating.shown is None else tuple(new[source] for source in rating.shown),
        beaten=tuple(sorted(new[source] for source in rating.beaten)),
    )
