"""What a sampler is asked and what it answers, whatever runs behind it. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Finish = Literal["stop", "length"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingSettings:
    """How completions are drawn. Raises ValueError for impossible values."""

    #: Most tokens of one completion, the calculator's and the closing one among them.
    max_new_tokens: int
    #: 0 is greedy: the likeliest token each time, whatever the seed.
    temperature: float = 0.0
    #: Nucleus sampling: only the likeliest tokens that together reach this probability are drawn from; 1 is all.
    top_p: float = 1.0
    #: A completion ends before the first of these texts. It also ends at the model's end-of-text token.
    stop: tuple[str, ...] = ()
    #: Whether `<<3*4=` is answered by the calculator, as in GSM8K (`generation.sampling.calculator`).
    calculator: bool = False

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise ValueError(f"max_new_tokens: {self.max_new_tokens}; expected at least 1")
        if not 0 <= self.temperature <= 100:
            raise ValueError(f"temperature: {self.temperature}; expected a number from 0 to 100")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p: {self.top_p}; expected a number above 0 and at most 1")
        if not isinstance(self.stop, tuple) or not all(self.stop):
            raise ValueError(f"stop: {self.stop!r}; expected a tuple of texts that are not empty")


@dataclass(frozen=True, slots=True)
class PromptRequest:
    """One completion of one prompt. Equal prompts may be asked with many seeds."""

    prompt: str
    #: From 0 to 2**63 - 1. The same model, prompt, seed and settings give the same completion.
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What a model answered to one request."""

    #: Without the stop text and without the closing token; thinking that the backend keeps apart is in `reasoning`.
    text: str
    #: "stop": ended by itself or by a stop text; "length": cut off by max_new_tokens.
    finish: Finish
    #: Sum of ln p over the `scored_tokens`, under the model's own distribution at temperature 1 over all tokens,
    #: however they were drawn; None where the backend does not say.
    logprob: float | None
    #: How many tokens the sum is over: those that the model chose, the closing one and those of the stop text among
    #: them, what the calculator spliced in not.
    scored_tokens: int
    #: How many tokens were generated, the spliced ones too; 0 where the backend does not say.
    token_count: int
    #: Ids of all of these in order, as they followed the prompt; () where the backend does not tell.
    tokens: tuple[int, ...] = ()
    #: Ids of the prompt; () where the backend does not tell.
    prompt_tokens: tuple[int, ...] = ()
    #: What the model thought apart from its answer (`reasoning_content`, `<think>`).
    reasoning: str = ""


class Watch(Protocol):
    """Whoever waits for completions; a job's context is one."""

    def check(self) -> None:
        """Called several times a second. What it raises ends the work."""

    def log(self, text: str) -> None:
        """One line for people."""


class Sampler(Protocol):
    """Anything that completes prompts."""

    def sample(self, requests: Sequence[PromptRequest], settings: SamplingSettings) -> list[Completion]:
        """One completion per request, in the requests' order."""
        ...
