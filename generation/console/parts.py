"""Parts that rooms above this one put on a model's page; they register theirs when the site starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from generation.registry.models import LanguageModel


@dataclass(frozen=True, slots=True)
class ModelPart:
    """name: unique. template: rendered with what `context` returns, `model` and `may`.

    context: None where the part has nothing to show of this model to this user.
    """

    name: str
    template: str
    context: Callable[[LanguageModel, User], Mapping[str, Any] | None]


_PARTS: dict[str, ModelPart] = {}


def register_part(part: ModelPart) -> None:
    """From AppConfig.ready(). The same name again replaces the part."""
    _PARTS[part.name] = part


def parts_of(model: LanguageModel, user: User) -> list[tuple[str, dict[str, Any]]]:
    """(template, context) of every part that has something to show, in the order of registration."""
    found = []
    for part in _PARTS.values():
        context = part.context(model, user)
        if context is not None:
            found.append((part.template, dict(context)))
    return found
