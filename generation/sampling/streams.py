"""Which rows are completed together: those that begin alike, a batch at a time, the rest waiting for a place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generation.sampling.decoders import shared_length

#: Batches in one stream at most: what all of its rows write is held until its end.
_BATCHES = 16
#: Tokens of the shared beginning that it may cost to let the next row in.
_LOSS = 8


@dataclass(frozen=True, slots=True)
class Stream:
    """Rows [first, last) of an order, whose prompts share their first `prefix` tokens."""

    first: int
    last: int
    prefix: int


def streams(prompts: Sequence[tuple[int, ...]], size: int, *, first: int, refilled: bool) -> Iterator[Stream]:
    """The rows from `first` on, cut where they stop beginning alike; into batches of `size` unless refilled.

    prompts: the tokens of each row, sorted so that alike ones stand together. size: rows at a time.
    """
    while first < len(prompts):
        last = min(first + size, len(prompts))
        prefix = shared_length(prompts[first:last])
        if refilled:
            last, prefix = _lengthened(prompts, first, last, prefix, most=first + _BATCHES * size)
        yield Stream(first, last, prefix)
        first = last


def _lengthened(
    prompts: Sequence[tuple[int, ...]], first: int, last: int, prefix: int, *, most: int
) -> tuple[int, int]:
    """Let rows into a stream for as long as they cost little of what its first batch shares."""
    least, sample = prefix - _LOSS, prompts[first]
    while last < min(most, len(prompts)):
        shared = shared_length([sample[: prefix + 1], prompts[last]])
        if shared < least:
            break
        last, prefix = last + 1, shared
    return last, prefix
