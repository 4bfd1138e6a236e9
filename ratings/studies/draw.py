"""The draw: which questions become triples, with which rationale of each source. Pure.

As in the STaR paper's study, a question qualifies only if every source reached the right answer, unless told otherwise.
Every choice hangs on a keyed hash of the study's seed and of contents, never on a source's label or a row's id:
renaming sources draws the same triples, and importing the same files elsewhere does too.
"""

from __future__ import annotations

import hashlib
import heapq
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from problems.types import Verdict

#: Questions whose few-shot prompts contain them are never rated.
PROMPT_SPLIT = "prompt"

PROMPT = "prompt_split"
MISSING = "missing_rationale"
NOT_RIGHT = "no_right_answer"
TEXT_DISAGREES = "text_disagrees"
IDENTICAL = "identical_texts"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rationale that could stand for one source.

    folded: hash of its shown text, case and white space folded. copies: how often the source produced this very text.
    """

    rationale: int
    source: int
    text_digest: str
    folded: str
    verdict: str
    text_agrees: bool | None
    copies: int = 1


@dataclass(frozen=True, slots=True)
class QuestionCandidates:
    """A question with its candidates of all the study's sources."""

    question: int
    key: str
    split: str
    candidates: Sequence[Candidate]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A question's triple: one candidate per source, in the order of the study's sources."""

    question: int
    key: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Draw:
    """The drawn triples, in drawn order, and what became of the other questions."""

    triples: list[Drawn]
    eligible: int
    considered: int
    excluded: dict[str, int]


def draw_triples(
    questions: Iterable[QuestionCandidates],
    *,
    sources: int,
    wanted: int,
    seed: int,
    any_answer: bool = False,
    strict_text: bool = False,
) -> Draw:
    """Draws at most `wanted` questions without replacement. Memory: the drawn ones, not the dataset.

    Questions whose three texts are the same to the eye are drawn only when the others do not suffice; the lint then
    blocks the study until somebody decides.
    """
    excluded: Counter[str] = Counter()
    considered = 0
    eligible = 0
    # Largest key on top, so that the heap keeps the `wanted` smallest (identical texts last, then by hash).
    kept: list[tuple[tuple[int, int], int, Drawn]] = []
    for place, question in enumerate(questions):
        considered += 1
        chosen = choose(question, sources=sources, seed=seed, any_answer=any_answer, strict_text=strict_text)
        if isinstance(chosen, str):
            excluded[chosen] += 1
            continue
        identical = _has_identical(chosen.candidates)
        eligible += not identical
        rank = (-int(identical), -keyed_hash(seed, "question", question.key))
        heapq.heappush(kept, (rank, -place, chosen))
        if len(kept) > wanted:
            heapq.heappop(kept)
    triples = [entry[2] for entry in sorted(kept, key=lambda entry: (-entry[0][0], -entry[0][1], -entry[1]))]
    drawn_identical = sum(_has_identical(triple.candidates) for triple in triples)
    # Those that were needed could be drawn, for they were.
    eligible += drawn_identical
    left_out_identical = considered - sum(excluded.values()) - eligible
    if left_out_identical:
        excluded[IDENTICAL] += left_out_identical
    return Draw(
        triples=triples, eligible=eligible, considered=considered, excluded=dict(sorted(excluded.items()))
    )


def choose(
    question: QuestionCandidates, *, sources: int, seed: int, any_answer: bool, strict_text: bool
) -> Drawn | str:
    """One candidate per source, uniform over its samples by the seed, different to the eye if possible; or why not."""
    if question.split == PROMPT_SPLIT:
        return PROMPT
    chosen: list[Candidate] = []
    for source in range(sources):
        of_source = [candidate for candidate in question.candidates if candidate.source == source]
        if not of_source:
            return MISSING
        right = (
            of_source
            if any_answer
            else [c for c in of_source if c.verdict in (Verdict.CORRECT, Verdict.GIVEN)]
        )
        if not right:
            return NOT_RIGHT
        agreeing = (
            [candidate for candidate in right if candidate.text_agrees is not False] if strict_text else right
        )
        if not agreeing:
            return TEXT_DISAGREES
        ranked = sorted(agreeing, key=lambda c: (_lot(c, question.key, seed), c.text_digest))
        taken = {other.folded for other in chosen}
        chosen.append(next((candidate for candidate in ranked if candidate.folded not in taken), ranked[0]))
    return Drawn(question=question.question, key=question.key, candidates=tuple(chosen))


def _lot(candidate: Candidate, question: str, seed: int) -> float:
    """The smallest lot wins. Exponential with rate `copies`, so that a text produced n times wins n times as often."""
    share = keyed_hash(seed, question, candidate.text_digest) / 2**63
    return -math.log1p(-share) / candidate.copies


def _has_identical(candidates: Sequence[Candidate]) -> bool:
    return len({candidate.folded for candidate in candidates}) < len(candidates)


def keyed_hash(seed: int, *parts: str) -> int:
    """A 63-bit number that depends on the seed and the parts alone."""
    message = "\x1f".join([str(seed), *parts]).encode()
    return int.from_bytes(hashlib.blake2b(message, digest_size=8).digest()) >> 1


def base_order(digests: Sequence[str], *, seed: int) -> tuple[int, ...]:
    """Source indices sorted by a keyed hash of their texts: an arrangement that no label has a part in."""
    return tuple(
        sorted(range(len(digests)), key=lambda index: (keyed_hash(seed, digests[index]), digests[index]))
    )
