"""How long an answer may be behind the prompts of a run: settled, and what does not fit named, before it is sampled.

A question that turned out not to fit when its batch came up would end a run hours later, and without its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from generation.sampling.errors import PromptTooLong
from generation.sampling.types import Sampler
from ratings.studies.services import chunks

#: Questions that are named; more say no more.
NAMED = 10
_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Long:
    """A question's prompt. tokens: its length."""

    question: str
    tokens: int

    @property
    def place(self) -> tuple[int, str]:
        """The longest first."""
        return -self.tokens, self.question


@dataclass(frozen=True, slots=True)
class Room:
    """tokens: the most that an answer may have. longest, context: None where nobody here can count tokens."""

    tokens: int
    longest: Long | None = None
    context: int | None = None

    @property
    def words(self) -> str:
        """Why an answer is shorter than usual; "" where nothing is known."""
        if self.longest is None:
            return ""
        return (
            f"An answer may have at most {self.tokens:,} tokens: the prompt of question {self.longest.question!r} has"
            f" {self.longest.tokens:,} of the model's context of {self.context:,}."
        )


def settle_room(
    sampler: Sampler, prompts: Iterable[tuple[str, str]], *, most: int, wanted: int | None = None
) -> Room:
    """`wanted` tokens, or as many as fit behind the longest prompt, at most `most`.

    prompts: (question, prompt as it is sent). Raises PromptTooLong, which names the questions, the longest first.
    """
    from generation.registry.tokens import encode_prompts
    from generation.sampling.local import LocalSampler

    if not isinstance(sampler, LocalSampler):
        return Room(wanted or most)
    loaded = sampler.loaded
    longest: Long | None = None
    misfits: list[Long] = []
    count = total = 0
    for chunk in chunks(prompts, _CHUNK):
        encoded = encode_prompts(loaded.tokenizer, [prompt for _, prompt in chunk])
        lengths = [Long(key, len(tokens)) for (key, _), tokens in zip(chunk, encoded, strict=True)]
        longest = min([*lengths, *([longest] if longest else [])], key=lambda one: one.place)
        found = [one for one in lengths if one.tokens + (wanted or 1) > loaded.context]
        misfits = sorted([*misfits, *found], key=lambda one: one.place)[:NAMED]
        count, total = count + len(found), total + len(lengths)
    if misfits:
        raise too_long(misfits, count=count, of=total, new=wanted or 1, context=loaded.context)
    left = loaded.context - (longest.tokens if longest else 0)
    return Room(wanted or min(most, left), longest, loaded.context)


def too_long(misfits: Sequence[Long], *, count: int, of: int, new: int, context: int) -> PromptTooLong:
    """misfits: the longest of `count` prompts of `of` that leave no room for `new` tokens."""
    what = f"{count:,} of {of:,} prompts leave" if count > 1 else f"1 of {of:,} prompts leaves"
    return PromptTooLong(
        f"{what} no room for {new:,} {'token' if new == 1 else 'tokens'} of an answer in the model's context of"
        f" {context:,}: {named(misfits, count=count)}. Fewer worked examples (shots), shorter answers (max_new_tokens)"
        " or a model with a longer context help. Nothing was sampled.",
        details={
            "prompt_tokens": misfits[0].tokens,
            "max_new_tokens": new,
            "context": context,
            "prompts": count,
            "of": of,
            "questions": [{"question": one.question, "tokens": one.tokens} for one in misfits],
        },
    )


def named(longs: Sequence[Long], *, count: int) -> str:
    """`'q1' (498 tokens), 'q2' (470 tokens) and 3 more`, of `count` of which these are the longest."""
    told = ", ".join(f"{one.question!r} ({one.tokens:,} tokens)" for one in longs)
    return told if count <= len(longs) else f"{told} and {count - len(longs):,} more"
