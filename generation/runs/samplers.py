"""What a run samples from: a model in this process, or a server. torch is imported only for the first."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings

from generation.registry.models import LanguageModel
from generation.registry.services import check_endpoint
from generation.registry.settings import Protocol
from generation.runs.errors import NoKey
from generation.runs.models import GenerationRun
from generation.sampling.types import Sampler, SamplingSettings, Watch

#: How long a server is waited for: seconds for one answer (None: by its length), tries of one request, seconds before
#: the second one.
PATIENCE: dict[str, Any] = {"timeout_seconds": None, "attempts": 4, "backoff_seconds": 1.0}


def open_sampler(run: GenerationRun, *, watch: Watch | None = None) -> Sampler:
    """Its completions are as they came: generation.runs.texts takes thinking apart. Raises as sampler_of does."""
    return sampler_of(run.model, batch_size=run.batch_size, keep_tags=True, watch=watch)


def sampler_of(
    model: LanguageModel, *, batch_size: int, keep_tags: bool = False, watch: Watch | None = None
) -> Sampler:
    """keep_tags: thinking inside a text stays in it. watch: is asked and told while a server is waited for, and
    told of a batch that the memory does not hold.

    Raises UnknownEndpoint and NoKey, and what loading raises (ModelUnusable, ModelChanged, UnusableFolder).
    """
    if model.kind == LanguageModel.Kind.ENDPOINT:
        return _endpoint(model, keep_tags=keep_tags, watch=watch)
    from generation.registry.opening import load_model
    from generation.sampling.local import LocalSampler

    return LocalSampler(load_model(model), batch_size=batch_size, keep_tags=keep_tags, watch=watch)


def sampling_settings(run: GenerationRun) -> SamplingSettings:
    assert run.max_new_tokens is not None, "settled once the model is open"
    return SamplingSettings(
        temperature=run.temperature,
        top_p=run.top_p,
        max_new_tokens=run.max_new_tokens,
        stop=tuple(run.stop),
        calculator=run.calculator,
    )


def _endpoint(model: LanguageModel, *, keep_tags: bool, watch: Watch | None) -> Sampler:
    from generation.sampling.endpoint import EndpointSampler

    check_endpoint(model.location)
    url, variable = settings.ENDPOINTS[model.location]
    options = model.options
    return EndpointSampler(
        url,
        _key_in(variable),
        options.served_model or model.label,
        chat=options.protocol is Protocol.CHAT,
        keep_tags=keep_tags,
        watch=watch,
        **PATIENCE,
    )


def _key_in(variable: str) -> str:
    """The key of an endpoint; "" where it needs none. Raises NoKey, which names the variable and never its value."""
    if not variable:
        return ""
    key = os.environ.get(variable, "")
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise NoKey(
            f"The variable {variable} of the worker's environment holds no key for the model server.",
            details={"variable": variable},
        )
    return key
