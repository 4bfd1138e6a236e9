"""From text to token ids: one way for sampling, scoring and training, so that their boundaries agree.

A prompt and its completion are tokenised apart and put one behind the other. Tokenising the joined text could merge
the prompt's last characters with the completion's first ones: then the model would be trained on a boundary that it
never meets when it samples, where the prompt's tokens are settled before the completion begins.

Text is only ever text: a question that says "<eos>" is spelt out and does not end anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

#: A `transformers` fast tokenizer. The library publishes no types.
Tokenizer = Any


def encode_prompt(tokenizer: Tokenizer, prompt: str) -> list[int]:
    """Ids of `prompt`, behind whatever the tokenizer puts before a text (BOS in Llama's; nothing in GPT-J's)."""
    return [*_leading_specials(tokenizer), *_encode(tokenizer, prompt)]


def encode_prompts(tokenizer: Tokenizer, prompts: Sequence[str]) -> list[list[int]]:
    """The same for many at once, which is several times as fast."""
    leading = _leading_specials(tokenizer)
    return [[*leading, *tokens] for tokens in _encode_all(tokenizer, prompts)]


def encode_completion(tokenizer: Tokenizer, completion: str, *, eos: bool = True) -> list[int]:
    """Ids of `completion` as it follows a prompt, closed by the end-of-text token if `eos`."""
    tokens = _encode(tokenizer, completion)
    return [*tokens, int(tokenizer.eos_token_id)] if eos else tokens


def encode_completions(
    tokenizer: Tokenizer, completions: Sequence[str], *, eos: bool = True
) -> list[list[int]]:
    """The same for many at once."""
    closing = [int(tokenizer.eos_token_id)] if eos else []
    return [[*tokens, *closing] for tokens in _encode_all(tokenizer, completions)]


def _encode(tokenizer: Tokenizer, text: str) -> list[int]:
    return _encode_all(tokenizer, [text])[0]


def _encode_all(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    if not texts:
        return []
    found: list[list[int]] = tokenizer(
        list(texts),
        add_special_tokens=False,
        split_special_tokens=True,
        padding=False,
        truncation=False,
        return_attention_mask=False,
        # A text longer than the context is refused where it is used, with an error and no warning.
        verbose=False,
    )["input_ids"]
    return found


def _leading_specials(tokenizer: Tokenizer) -> list[int]:
    """What the tokenizer puts before a text. What it puts behind one (BERT's [SEP], T5's EOS) would end the prompt."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole: list[int] = tokenizer("a", add_special_tokens=True)["input_ids"]
    for start in range(len(whole)):
        if whole[start : start + len(bare)] == bare:
            return whole[:start]
    return []
