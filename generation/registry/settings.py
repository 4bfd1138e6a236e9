"""What is set for a model beside where it is. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, TypeVar

from accounts.errors import InvalidInput

E = TypeVar("E", bound=StrEnum)

MAX_SERVED_NAME = 200


class RationaleText(StrEnum):
    """Which of a model's texts is the rationale. The others are kept beside it all the same."""

    #: The text as it came, thinking tags included.
    CONTENT = "content"
    #: What the server sent apart as `reasoning_content`; the answer is then read from the content.
    REASONING_CONTENT = "reasoning_content"
    #: What stands behind `</think>`; the text as it came where there are no tags.
    AFTER_THINKING = "after_thinking"


class Protocol(StrEnum):
    """How an endpoint is asked."""

    #: `/chat/completions`, the prompt as one user message.
    CHAT = "chat"
    #: `/completions`, the prompt as it is: what base models need, and the only one with log-probabilities throughout.
    COMPLETIONS = "completions"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    rationale_text: RationaleText = RationaleText.AFTER_THINKING
    #: Endpoints only.
    protocol: Protocol = Protocol.CHAT
    #: Endpoints only: the model's name on its server; "" stands for the label.
    served_model: str = ""

    def as_json(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> ModelSettings:
        """Raises InvalidInput that names the setting, its value and what was expected."""
        known = [field.name for field in fields(cls)]
        for key in stored:
            if key not in known:
                raise _refused(key, stored[key], "no such setting, but one of " + ", ".join(known))
        served = stored.get("served_model", "")
        if not isinstance(served, str) or len(served) > MAX_SERVED_NAME or not served.isprintable():
            raise _refused("served_model", served, f"at most {MAX_SERVED_NAME} printable characters")
        return cls(
            rationale_text=_member(RationaleText, "rationale_text", stored, RationaleText.AFTER_THINKING),
            protocol=_member(Protocol, "protocol", stored, Protocol.CHAT),
            served_model=served,
        )


def _member(kind: type[E], key: str, stored: Mapping[str, Any], default: E) -> E:
    value = stored.get(key, default)
    if value not in list(kind):
        raise _refused(key, value, "one of " + ", ".join(kind))
    return kind(value)


def _refused(field: str, value: object, expected: str) -> InvalidInput:
    shown = str(value)[:200]
    return InvalidInput(
        f"{field}: {shown!r} is not usable, expected {expected}.",
        details={"field": field, "value": shown, "expected": expected},
    )
