"""What can go wrong while completions are made or scored. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from accounts.errors import StarchamberError
from generation.sampling.types import Completion


class PromptTooLong(StarchamberError):
    """Prompt and completion do not fit into the model's context; details: prompt_tokens, max_new_tokens, context."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "prompt_too_long"


class NotFinite(StarchamberError):
    """The model computes NaN or infinity: its training has diverged, or its number format is too narrow."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "not_finite"

    def __init__(self) -> None:
        super().__init__(
            "The model's probabilities are not finite numbers; its training has probably diverged."
        )


class OutOfMemory(StarchamberError):
    """The memory does not hold the model and a single completion."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "out_of_memory"

    def __init__(self) -> None:
        super().__init__("The memory does not hold the model and one completion beside it.")


class EndpointError(StarchamberError):
    """A model server did not give a completion. Neither message nor details hold its key.

    Codes: endpoint_timeout, endpoint_unavailable (no connection, 429, 5xx), endpoint_refused (any other status, a
    redirect for one), endpoint_garbage (an answer that is no completion).
    """

    status = HTTPStatus.BAD_GATEWAY
    code = "endpoint_unavailable"

    def __init__(
        self, message: str, *, code: str, transient: bool, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message, code=code, details=details)
        #: Whether the same request may succeed later; it was already tried several times.
        self.transient = transient
        #: What the server did complete, by the request's place; whoever keeps it need not ask again.
        self.answered: dict[int, Completion] = {}


def refuse_misfit(prompt: int, new: int, context: int) -> None:
    """Raises ValueError for an empty prompt and PromptTooLong. All in tokens; new: at most, or all there are."""
    if prompt == 0:
        raise ValueError("prompt: it is empty; expected text to continue")
    if prompt + new > context:
        raise PromptTooLong(
            f"The prompt has {prompt} tokens; with up to {new} of a completion it does not fit into the model's"
            f" context of {context} tokens.",
            details={"prompt_tokens": prompt, "max_new_tokens": new, "context": context},
        )
