"""A model made ready to be trained, and given back as one that anybody can use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from generation.registry.loading import LoadedModel
from training.activation import fused_activation
from training.adapters import adapted
from training.attention import fused_attention
from training.errors import LossNotFinite, TrainingError
from training.loop import Optimisation
from training.precision import chosen_precision, narrow, widen


@contextmanager
def prepared(loaded: LoadedModel, how: Optimisation) -> Iterator[None]:
    """Within the block `loaded.model` has fp32 weights to train, its adapters, and checkpointing as `how` wants them.

    Behind it adapters are merged and the weights are as wide as they were. What a training learned before its loss
    was no number is handed on with the error. Raises TrainingError for what the model cannot do.
    """
    model = loaded.model
    precision = chosen_precision(how.precision, loaded.device)
    try:
        with ExitStack() as stack:
            stack.enter_context(fused_attention(model))
            stack.enter_context(fused_activation(model))
            stack.callback(narrow, model, widen(model, frozen=how.lora is None or precision == "fp32"))
            if how.checkpointing:
                stack.enter_context(_checkpointing(model))
            if how.lora is not None:
                stack.enter_context(adapted(model, how.lora, seed=how.seed))
            yield
    except LossNotFinite as error:
        error.loaded = loaded
        raise


def require_checkpointing(model: Any) -> None:
    """Raises TrainingError (no_checkpointing). The model may have no weights."""
    if not getattr(model, "supports_gradient_checkpointing", False):
        name = type(model).__name__
        raise TrainingError(
            f"gradient_checkpointing: {name} does not know how; expected false for this model.",
            code="no_checkpointing",
            details={"field": "gradient_checkpointing", "value": True, "expected": False},
        )


@contextmanager
def _checkpointing(model: Any) -> Iterator[None]:
    """Activations are computed anew in the backward pass instead of kept: a third slower, much less memory."""
    require_checkpointing(model)
    # Not the reentrant kind, which finds no gradient behind frozen embeddings: the hook that helps it there, and that
    # no other process could be sent, is not needed then.
    model.activation_checkpointing_enable({"use_reentrant": False})
    model.disable_input_require_grads()
    try:
        yield
    finally:
        model.activation_checkpointing_disable()
