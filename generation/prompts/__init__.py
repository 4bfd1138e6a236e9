"""What a model is asked, to the letter."""

from generation.prompts.building import (
    build_prompt,
    completion_of,
    direct_completion,
    stop_strings,
    uses_calculator,
)
from generation.prompts.types import Asked, NotAsked, Shot

__all__ = [
    "Asked",
    "NotAsked",
    "Shot",
    "build_prompt",
    "completion_of",
    "direct_completion",
    "stop_strings",
    "uses_calculator",
]
