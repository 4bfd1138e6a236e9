"""How likely a model finds completions that are already there: the sum of ln p of their tokens, at temperature 1.

The prompt is read and not scored, by its recorded length and never by looking for a character; what the calculator
spliced in is read and not scored either, since no model chose it. So the score of a sampled completion is the sampler's
own `logprob`, and a verifier is compared with a generator on the very same tokens.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from generation.registry.loading import LoadedModel, evaluating
from generation.registry.tokens import encode_completions, encode_prompts
from generation.sampling.calculator import spliced_mask
from generation.sampling.errors import NotFinite, refuse_misfit

#: Logits held at once, whatever the batch: 256 MiB of float32.
_MAX_LOGITS = 64 * 2**20


def completion_logprobs(
    loaded: LoadedModel,
    pairs: Sequence[tuple[str, str]],
    *,
    batch_tokens: int = 16_384,
    eos: bool = True,
    calculator: bool = True,
) -> list[float]:
    """ln p(completion | prompt) of each pair (prompt, completion), in nats, in their order.

    eos: the completion is over, and its closing token counts. Texts are tokenised by `generation.registry.tokens`; a
    model may have sampled the same text as other tokens, so use `score_tokens` where its ids are at hand. The rest as
    there.
    """
    prompts = encode_prompts(loaded.tokenizer, [prompt for prompt, _ in pairs])
    completions = encode_completions(loaded.tokenizer, [completion for _, completion in pairs], eos=eos)
    return score_tokens(
        loaded,
        list(zip(prompts, completions, strict=True)),
        batch_tokens=batch_tokens,
        calculator=calculator,
    )


def score_tokens(
    loaded: LoadedModel,
    pairs: Sequence[tuple[Sequence[int], Sequence[int]]],
    *,
    batch_tokens: int = 16_384,
    calculator: bool = True,
) -> list[float]:
    """The same for token ids: of prompts (not empty) and completions (an empty one scores 0).

    batch_tokens: tokens read at once, padding included; at least one pair is. calculator: leave out what the
    calculator wrote; False for completions that were sampled without it. Raises PromptTooLong before anything is
    computed, and NotFinite.
    """
    for prompt, completion in pairs:
        refuse_misfit(len(prompt), len(completion), loaded.context)
    scores = [0.0] * len(pairs)
    order = sorted(
        (index for index in range(len(pairs)) if pairs[index][1]), key=lambda index: _length(pairs[index])
    )
    vocabulary = loaded.model.get_input_embeddings().weight.shape[0]
    with evaluating(loaded):
        for batch in _batches(order, pairs, batch_tokens=batch_tokens, vocabulary=vocabulary):
            weights = [_weights(loaded.tokenizer, pairs[index][1], calculator=calculator) for index in batch]
            found = _score(loaded, [pairs[index] for index in batch], weights)
            for index, score in zip(batch, found.tolist(), strict=True):
                scores[index] = score
    if not all(map(math.isfinite, scores)):
        raise NotFinite
    return scores


def _score(
    loaded: LoadedModel, pairs: Sequence[tuple[Sequence[int], Sequence[int]]], weights: Sequence[list[float]]
) -> Tensor:
    """Scores of one batch, (B,) float64. Padded on the left, so that all completions end at the same place."""
    device = loaded.model.device
    longest = max(map(_length, pairs))
    scored = max(len(completion) for _, completion in pairs)
    tokens = torch.tensor(
        [[0] * (longest - _length(pair)) + [*pair[0], *pair[1]] for pair in pairs], device=device
    )
    mask = torch.tensor(
        [[0] * (longest - _length(pair)) + [1] * _length(pair) for pair in pairs], device=device
    )
    weight = torch.tensor([[0.0] * (scored - len(row)) + row for row in weights], device=device)
    logits = logits_at_the_end(loaded.model, tokens[:, :-1], mask[:, :-1], scored)
    targets = tokens[:, -scored:]
    logprobs = logits.gather(2, targets[..., None])[..., 0] - logits.logsumexp(-1)
    return torch.where(weight > 0, logprobs, 0).sum(-1, dtype=torch.float64)


def logits_at_the_end(model: Any, tokens: Tensor, mask: Tensor, count: int) -> Tensor:
    """Logits behind the last `count` tokens, float32, (B, count, V). tokens, mask: (B, T), padded on the left."""
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    known = inspect.signature(model.forward).parameters
    more: dict[str, Any] = {"position_ids": positions} if "position_ids" in known else {}
    if "logits_to_keep" in known:
        more["logits_to_keep"] = count
    answer = model(input_ids=tokens, attention_mask=mask, use_cache=False, **more)
    logits: Tensor = answer.logits[:, -count:].float()
    return logits


def _weights(tokenizer: Any, completion: Sequence[int], *, calculator: bool) -> list[float]:
    """1 for each token that the model chose, 0 for the calculator's."""
    if not calculator:
        return [1.0] * len(completion)
    return [0.0 if spliced else 1.0 for spliced in spliced_mask(tokenizer, completion)]


def _batches(
    order: Sequence[int],
    pairs: Sequence[tuple[Sequence[int], Sequence[int]]],
    *,
    batch_tokens: int,
    vocabulary: int,
) -> Iterator[list[int]]:
    """Runs of indices, shortest first, whose padded tokens and logits stay within their bounds."""
    batch: list[int] = []
    scored = 0
    for index in order:
        scored = max(scored, len(pairs[index][1]))
        rows = len(batch) + 1
        if batch and (
            rows * _length(pairs[index]) > batch_tokens or rows * scored * vocabulary > _MAX_LOGITS
        ):
            yield batch
            batch, scored = [], len(pairs[index][1])
        batch.append(index)
    if batch:
        yield batch


def _length(pair: tuple[Sequence[int], Sequence[int]]) -> int:
    return len(pair[0]) + len(pair[1])
