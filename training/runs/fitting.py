"""Which questions fit into the model's context, and how many tokens an answer may have; settled once, as a run begins.

A question whose longest prompt (few-shot examples and hint included) leaves no room for an answer is left out and
counted: one long prompt must neither end a run nor cut every other answer short.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generation.registry.tokens import encode_prompts
from generation.runs.room import NAMED, Long, named
from generation.runs.spec import DEFAULT_NEW_TOKENS
from generation.sampling.errors import PromptTooLong
from ratings.studies.services import chunks
from training.runs.conditions import note

if TYPE_CHECKING:
    from generation.registry.loading import LoadedModel
    from jobs.context import JobContext
    from training.runs.keeping import RunKeeper

#: The run's fact that says so.
ROOM = "room"
#: Tokens that an answer needs at least, where the recipe does not say.
LEAST = 32
_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Fit:
    """room: the most tokens of an answer. left_out: keys of questions whose prompts leave less."""

    room: int
    left_out: frozenset[str]


def fit(
    context: JobContext,
    keeper: RunKeeper,
    prompts: Mapping[str, Sequence[str]],
    *,
    base: Callable[[], LoadedModel],
    new_tokens: int,
) -> Fit:
    """As an earlier attempt wrote it down, or measured with the base's tokenizer.

    prompts: by question, all that it may be asked with. new_tokens: the recipe's; 0: what there is room for.
    Raises PromptTooLong where not one question fits.
    """
    facts = keeper.facts(ROOM)
    if facts is None:
        facts = _measure(context, prompts, base(), new_tokens)
        keeper.put_facts(ROOM, facts)
    return Fit(int(facts["tokens"]), frozenset(facts.get("left_out", ())))


def _measure(
    context: JobContext, prompts: Mapping[str, Sequence[str]], loaded: LoadedModel, new_tokens: int
) -> dict[str, Any]:
    lengths = _lengths(prompts, loaded)
    need = new_tokens or LEAST
    long = {key: length for key, length in lengths.items() if length + need > loaded.context}
    fitting = [length for key, length in lengths.items() if key not in long]
    longest = sorted((Long(*one) for one in long.items()), key=lambda one: one.place)[:NAMED]
    told = {
        "questions": len(long),
        "of": len(lengths),
        "longest": max(lengths.values(), default=0),
        "context": loaded.context,
        "room": need,
        "named": [{"question": one.question, "tokens": one.tokens} for one in longest],
    }
    if not fitting:
        shortest = min(lengths, key=lambda key: (lengths[key], key), default="")
        raise PromptTooLong(
            f"None of {len(lengths):,} questions fits: the shortest prompt has {min(lengths.values(), default=0):,} "
            f"tokens (question {shortest!r}), and the model's context of {loaded.context:,} must hold {need:,} of an "
            "answer too. Fewer few-shot examples (shots) or a model with a longer context help.",
            details=told,
        )
    if long:
        note(context, too_long=told)
        context.log(
            f"{len(long):,} of {len(lengths):,} questions are left out: with up to {told['longest']:,} tokens their "
            f"prompts leave no room for {need:,} more in the model's context of {loaded.context:,}. They are "
            f"{named(longest, count=len(long))}."
        )
    room = new_tokens or min(DEFAULT_NEW_TOKENS, loaded.context - max(fitting))
    return {"tokens": room, "left_out": sorted(long)}


def _lengths(prompts: Mapping[str, Sequence[str]], loaded: LoadedModel) -> dict[str, int]:
    """Tokens of each question's longest prompt."""
    longest: dict[str, int] = {}
    pairs = [(key, prompt) for key, own in prompts.items() for prompt in own]
    for part in chunks(pairs, _CHUNK):
        encoded = encode_prompts(loaded.tokenizer, [prompt for _, prompt in part])
        for (key, _), tokens in zip(part, encoded, strict=True):
            longest[key] = max(longest.get(key, 0), len(tokens))
    return longest
