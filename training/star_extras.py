"""What an iteration of STaR learns from beside what it kept: solutions that are replayed, and copies with the hint.

Both are departures (training.star_types.Departures). Like candidates they go to the store, under origins of their own,
so that whatever a model learned from can be found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from generation.registry.loading import LoadedModel
from training.batching import Example, encode_all
from training.collecting import Store
from training.records import Candidate, Fate, Origin, seed_of

#: Stored in one transaction.
BATCH = 500


def replayed(given: Sequence[Candidate], count: int, *, seed: int, iteration: int) -> list[Candidate]:
    """`count` of the given (0: all), drawn anew for each iteration."""
    if not count or count >= len(given):
        return list(given)
    order = sorted(range(len(given)), key=lambda i: seed_of(seed, "replay", iteration, i))
    return [given[i] for i in order[:count]]


def copied(kept: Sequence[Candidate], hinted_prompt: Callable[[str], str]) -> list[Candidate]:
    """Each once more, with the hint in its training prompt; one that has it there already is no second example.

    hinted_prompt: of a question, by its key.
    """
    numbers = Counter[str]()
    copies = []
    for one in kept:
        prompt = hinted_prompt(one.question)
        if prompt != one.training_prompt:
            sample = numbers[one.question]
            numbers[one.question] += 1
            copies.append(replace(one, origin=Origin.HINTED_COPY, sample=sample, training_prompt=prompt))
    return copies


def put_extras(
    store: Store,
    iteration: int,
    extras: Sequence[Candidate],
    loaded: LoadedModel,
    *,
    fits: int,
    calculator: bool,
) -> list[Candidate]:
    """The same with their fates, stored unless they are.

    fits: the most tokens of an example; a longer one is TOO_LONG, and the training leaves it out.
    """
    examples = [Example(one.training_prompt, one.text) for one in extras]
    too_long = set(encode_all(loaded.tokenizer, examples, context=fits, calculator=calculator)[1])
    judged = [
        replace(one, fate=Fate.TOO_LONG if place in too_long else Fate.KEPT)
        for place, one in enumerate(extras)
    ]
    for origin in (Origin.HINTED_COPY, Origin.REPLAYED):
        of_origin = [one for one in judged if one.origin is origin]
        for number, start in enumerate(range(0, len(of_origin), BATCH)):
            if store.batch(iteration, origin, number) is None:
                store.put_batch(iteration, origin, number, of_origin[start : start + BATCH])
    return judged
