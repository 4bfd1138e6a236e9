"""Drawing questions: as many as asked for, none twice, each split with its share."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from problems.addition import Sum, scratchpad
from problems.splits import SHARES, quotas, split_of
from problems.word_problems import WordProblem, make_problem

#: Up to here all pairs of numbers of a length are shuffled; longer ones are drawn until a new one comes.
_SHUFFLED = 10_000
#: So many known questions in a row mean that there are no others.
_PATIENCE = 10_000


class TooFewQuestions(ValueError):
    """There are fewer different questions than were asked for."""

    def __init__(self, found: int, asked: int) -> None:
        super().__init__(f"there are only {found} different questions; {asked} were asked for")
        self.found = found
        self.asked = asked


@dataclass(frozen=True, slots=True)
class Drawn:
    """A question with its gold answer, gold rationale and split."""

    question: str
    answer: str
    rationale: str
    split: str


def draw_sums(
    count: int,
    *,
    digits: Sequence[int],
    seed: int,
    reversed: bool = False,
    shares: Mapping[str, float] = SHARES,
) -> Iterator[Drawn]:
    """Sums of two numbers with the same number of digits, each length of `digits` equally often while it lasts.

    There are only 100 sums of one digit, and 8100 of two. The same seed draws the same sums for both orders of the
    answer's digits, each into the same split. Raises TooFewQuestions.
    """
    rng = random.Random(seed)
    sums = _sums(rng, digits, reversed=reversed)
    candidates = (
        Drawn(one.text, one.answer, _scratchpad(one), split_of(one.as_written.text, shares)) for one in sums
    )
    return _fill(candidates, count, shares)


def draw_word_problems(count: int, *, seed: int, shares: Mapping[str, float] = SHARES) -> Iterator[Drawn]:
    """Word problems of all templates with their explicit rationales. Raises TooFewQuestions."""
    candidates = (
        Drawn(one.question, str(one.answer), one.explicit, split_of(one.question, shares))
        for one in _word_problems(random.Random(seed))
    )
    return _fill(candidates, count, shares)


def _fill(candidates: Iterator[Drawn], count: int, shares: Mapping[str, float]) -> Iterator[Drawn]:
    """The first candidates that fit into what their splits still lack; the left-over ones once there are no more."""
    missing = quotas(count, shares)
    spare: list[Drawn] = []
    found = 0
    for one in candidates:
        if found == count:
            return
        if missing[one.split]:
            missing[one.split] -= 1
            found += 1
            yield one
        elif len(spare) < count:
            spare.append(one)
    yield from spare[: count - found]
    if found + len(spare) < count:
        raise TooFewQuestions(found + len(spare), count)


def _scratchpad(one: Sum) -> str:
    return scratchpad(one.a, one.b, reversed=one.reversed)


def _sums(rng: random.Random, digits: Sequence[int], *, reversed: bool) -> Iterator[Sum]:
    pools = {length: _pairs(rng, length) for length in digits}
    while pools:
        length = rng.choice(list(pools))
        pair = next(pools[length], None)
        if pair is None:
            del pools[length]
        else:
            first, second = pair
            yield Sum(str(first), str(second), reversed)


def _pairs(rng: random.Random, length: int) -> Iterator[tuple[int, int]]:
    """All pairs of numbers of `length` digits in random order, each once."""
    smallest = 0 if length == 1 else 10 ** (length - 1)
    numbers = 10**length - smallest
    size = numbers**2
    indices = rng.sample(range(size), size) if size <= _SHUFFLED else _new_ones(rng, size)
    for index in indices:
        first, second = divmod(index, numbers)
        yield smallest + first, smallest + second


def _new_ones(rng: random.Random, size: int) -> Iterator[int]:
    seen: set[int] = set()
    while len(seen) < size:
        index = rng.randrange(size)
        if index not in seen:
            seen.add(index)
            yield index


def _word_problems(rng: random.Random) -> Iterator[WordProblem]:
    seen: set[bytes] = set()
    known_in_a_row = 0
    while known_in_a_row < _PATIENCE:
        problem = make_problem(rng)
        digest = hashlib.sha256(problem.question.encode()).digest()
        known_in_a_row = known_in_a_row + 1 if digest in seen else 0
        if not known_in_a_row:
            seen.add(digest)
            yield problem
