"""One app label for all rooms; each room keeps its own models."""

from generation.registry.models import LanguageModel
from generation.runs.models import Candidate, GenerationBatch, GenerationRun, Prompt

__all__ = ["Candidate", "GenerationBatch", "GenerationRun", "LanguageModel", "Prompt"]
