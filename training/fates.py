"""What becomes of a candidate: kept to be learned from, or why not."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from generation.registry.loading import LoadedModel
from generation.sampling.types import Completion
from problems.types import Verdict
from training.batching import Example, encode
from training.records import Candidate, Fate


def fate_of(
    loaded: LoadedModel,
    verdict: Verdict,
    prompt: str,
    completion: Completion,
    kept_texts: Sequence[str],
    limit: int,
) -> Fate:
    """kept_texts: of the same question, so far."""
    if verdict is Verdict.WRONG:
        return Fate.WRONG
    if verdict is not Verdict.CORRECT:
        return Fate.UNPARSABLE
    if completion.finish == "length":
        return Fate.UNFINISHED
    if completion.text in kept_texts:
        return Fate.DUPLICATE
    if limit and len(kept_texts) >= limit:
        return Fate.CAPPED
    if len(encode(loaded.tokenizer, Example(prompt, completion.text)).ids) > loaded.context:
        return Fate.TOO_LONG
    return Fate.KEPT


def kept(candidates: Sequence[Candidate]) -> Iterator[Candidate]:
    return (candidate for candidate in candidates if candidate.fate is Fate.KEPT)


def solved_by(candidates: Sequence[Candidate]) -> set[str]:
    """The questions that have a right candidate, whatever became of it but that its steps, or its score, did not do."""
    poor = {(c.question, c.text) for c in candidates if c.fate is Fate.OUTSCORED}
    return {
        c.question
        for c in candidates
        if c.grade.verdict is Verdict.CORRECT
        and c.fate is not Fate.INVALID
        and (c.question, c.text) not in poor
    }


def outscored(
    candidates: Sequence[Candidate],
    score: Callable[[Sequence[Candidate]], list[float]],
    *,
    share: float,
    above: float | None = None,
) -> list[Candidate]:
    """The same candidates, of each question's kept ones only the best `share` kept, rounded up.

    score: of kept candidates, higher is better; among equals the earlier stays. above: what a score must at least be,
    besides; None: anything.
    """
    right = list(kept(candidates))
    scores = {id(one): value for one, value in zip(right, score(right), strict=True)} if right else {}
    by_question: dict[str, list[Candidate]] = defaultdict(list)
    for one in right:
        by_question[one.question].append(one)
    chosen: set[int] = set()
    for found in by_question.values():
        ranked = sorted(found, key=lambda one: -scores[id(one)])
        best = ranked[: math.ceil(share * len(found) - 1e-9)]
        chosen |= {id(one) for one in best if above is None or scores[id(one)] >= above}
    return [
        candidate
        if id(candidate) not in scores
        else replace(
            candidate,
            verifier_score=scores[id(candidate)],
            fate=Fate.KEPT if id(candidate) in chosen else Fate.OUTSCORED,
        )
        for candidate in candidates
    ]
