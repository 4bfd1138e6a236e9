"""How the tests ask a model server."""

from __future__ import annotations

from typing import Any

from generation.sampling.endpoint import EndpointSampler
from generation.sampling.types import SamplingSettings

KEY = "sk-a-very-secret-key"
GREEDY = SamplingSettings(max_new_tokens=24)


def sampler(url: str, **given: Any) -> EndpointSampler:
    return EndpointSampler(url, KEY, "tiny", **{"backoff_seconds": 0.01, "timeout_seconds": 30, **given})
