"""One app label for all rooms; each room keeps its own models."""

from generation.registry.models import LanguageModel

__all__ = ["LanguageModel"]
