"""Completions of a model on this machine, many rows at a time.

Prompts are sorted by length and cut into batches; what the prompts of a batch share is read once (a few-shot prefix,
one question sampled many times); rows that have ended leave the batch, and for large models those that wait take
their places. None of it shows in the results: they come in the caller's order, and each row draws from its own seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from generation.registry.loading import LoadedModel, evaluating
from generation.registry.tokens import encode_prompts
from generation.sampling.decoders import CacheDecoder, Decoder
from generation.sampling.errors import NotFinite, OutOfMemory, PromptTooLong, refuse_misfit
from generation.sampling.gptj import GptjDecoder, is_refilled, is_supported
from generation.sampling.graphs import CudaGraphs
from generation.sampling.memory import give_back, ran_out
from generation.sampling.rows import Ends, Row, Work, complete
from generation.sampling.standing import StandingDecoder
from generation.sampling.streams import streams
from generation.sampling.thinking import split_thinking
from generation.sampling.types import Completion, PromptRequest, SamplingSettings, Watch

__all__ = ["LocalSampler", "NotFinite", "OutOfMemory", "PromptTooLong", "closing_tokens"]


class LocalSampler:
    """`types.Sampler` for a loaded model. Not for several threads at once.

    loaded: may be trained on between two calls, not during one. batch_size: most rows at a time; it bounds the memory
    and changes no result. keep_tags: thinking stays in the text, as it was written, for callers that take it apart
    themselves. watch: is told of a batch that was halved.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        batch_size: int = 256,
        *,
        keep_tags: bool = False,
        watch: Watch | None = None,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size: {batch_size}; expected at least 1")
        self.loaded = loaded
        self.batch_size = batch_size
        self._keep_tags, self._watch = keep_tags, watch
        self._closing = closing_tokens(loaded)

    def sample(self, requests: Sequence[PromptRequest], settings: SamplingSettings) -> list[Completion]:
        """One completion per request, in their order.

        A batch that does not fit into the memory is halved, and so are those after it. Raises PromptTooLong before
        anything is computed, NotFinite, and OutOfMemory where a single row does not fit.
        """
        tokens = self._encode(requests, settings)
        order = sorted(range(len(requests)), key=lambda index: (len(tokens[index]), tokens[index], index))
        ends = Ends(self.loaded.tokenizer, self._closing, settings)
        ordered = [tokens[index] for index in order]
        rows: list[Row] = []
        size, refilled = self.batch_size, is_supported(self.loaded.model) and is_refilled(self.loaded.model)
        with evaluating(self.loaded):
            while len(rows) < len(requests):
                stream = next(streams(ordered, size, first=len(rows), refilled=refilled))
                part = slice(stream.first, stream.last)
                seeds = [requests[index].seed for index in order[part]]
                done = self._complete(Work(ordered[part], seeds, stream.prefix, size), settings, ends)
                if done is None:
                    size = self.batch_size = self._halved(min(size, len(seeds)))
                else:
                    rows += done
        found = dict(zip(order, rows, strict=True))
        return [
            _completion(found[index], tokens[index], keep_tags=self._keep_tags)
            for index in range(len(requests))
        ]

    def _complete(self, work: Work, settings: SamplingSettings, ends: Ends) -> list[Row] | None:
        """The rows of a stream; None if the memory does not hold so many at once."""
        try:
            return complete(self._decoder(), work, settings, ends)
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
            if min(work.at_once, len(work.seeds)) == 1:
                raise OutOfMemory from error
        # Behind the handler: the exception kept the batch's tensors alive.
        give_back()
        return None

    def _halved(self, tried: int) -> int:
        rows = tried // 2
        if self._watch is not None:
            self._watch.log(
                f"The memory does not hold {tried:,} completions at once: {rows:,} at once from here on."
            )
        return rows

    def _decoder(self) -> Decoder:
        model, decoding = self.loaded.model, self.loaded.decoding
        if not is_supported(model):
            return CacheDecoder(model)
        # The processor computes what it launches: it has nothing to wait for.
        if decoding == "eager" or model.device.type != "cuda":
            return GptjDecoder(model)
        return StandingDecoder(model, CudaGraphs(model.device), compiled=decoding == "compiled")

    def _encode(self, requests: Sequence[PromptRequest], settings: SamplingSettings) -> list[tuple[int, ...]]:
        prompts = list(dict.fromkeys(request.prompt for request in requests))
        encoded = dict(zip(prompts, map(tuple, encode_prompts(self.loaded.tokenizer, prompts)), strict=True))
        for tokens in encoded.values():
            refuse_misfit(len(tokens), settings.max_new_tokens, self.loaded.context)
        return [encoded[request.prompt] for request in requests]


def closing_tokens(loaded: LoadedModel) -> frozenset[int]:
    """The tokens that end a text: the tokenizer's, and those that the model's own settings add (chat models do)."""
    found = {loaded.tokenizer.eos_token_id}
    for config in (loaded.model.config, loaded.model.generation_config):
        more = getattr(config, "eos_token_id", None)
        found |= set(more) if isinstance(more, list | tuple) else {more}
    vocabulary = loaded.model.get_input_embeddings().weight.shape[0]
    return frozenset(token for token in found if isinstance(token, int) and 0 <= token < vocabulary)


def _completion(row: Row, prompt: tuple[int, ...], *, keep_tags: bool) -> Completion:
    if not math.isfinite(row.logprob):
        raise NotFinite
    reasoning, text = ("", row.text) if keep_tags else split_thinking(row.text)
    return Completion(
        text=text,
        reasoning=reasoning,
        finish=row.finish,
        logprob=row.logprob,
        scored_tokens=row.scored,
        token_count=len(row.tokens),
        tokens=tuple(row.tokens),
        prompt_tokens=prompt,
    )
