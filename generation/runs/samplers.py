"""What a run samples from: a model in this process, or a server. torch is imported only for the first."""

from __future__ import annotations

import os

from django.conf import settings

from generation.registry.models import LanguageModel
from generation.registry.services import check_endpoint
from generation.runs.models import GenerationRun
from generation.sampling.types import Sampler, SamplingSettings


def open_sampler(run: GenerationRun) -> Sampler:
    """Raises as sampler_of does."""
    return sampler_of(run.model, batch_size=run.batch_size)


def sampler_of(model: LanguageModel, *, batch_size: int) -> Sampler:
    """Raises UnknownEndpoint, and what loading raises (ModelUnusable, ModelChanged, UnusableFolder)."""
    if model.kind == LanguageModel.Kind.ENDPOINT:
        return _endpoint(model)
    from generation.registry.opening import load_model
    from generation.sampling.local import LocalSampler

    return LocalSampler(load_model(model), batch_size=batch_size)


def sampling_settings(run: GenerationRun) -> SamplingSettings:
    return SamplingSettings(
        temperature=run.temperature,
        top_p=run.top_p,
        max_new_tokens=run.max_new_tokens,
        stop=tuple(run.stop),
        calculator=run.calculator,
    )


def _endpoint(model: LanguageModel) -> Sampler:
    from generation.sampling.endpoint import EndpointSampler

    check_endpoint(model.location)
    url, variable = settings.ENDPOINTS[model.location]
    options = model.options
    return EndpointSampler(
        url,
        os.environ.get(variable, "") if variable else "",
        options.served_model or model.label,
    )
