"""Small real models: untrained ones whose every token is a surprise, and one that has learnt a text by heart."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
)

from generation.registry.loading import LoadedModel
from generation.registry.tiny import new_tiny_gptj, train_tokenizer
from generation.registry.tokens import encode_completion, encode_prompt

torch.set_num_threads(1)

CORPUS = [
    "Q: Tom has 12 boxes of 4 apples. How many apples are there?\nA: He has <<12*4=48>>48 apples.\n#### 48",
    "Input:\n5 6 0 + 5 8 3\nTarget:\n<scratch>\n5 6 0 + 5 8 3 , C: 0\n6 + 8 , 3 C: 0\n</scratch>\n1 1 4 3",
] * 3
VOCABULARY = 540
CONTEXT = 192


@cache
def tokenizer() -> Any:
    return train_tokenizer(CORPUS, VOCABULARY)


def lively(model: Any, *, closing: float = 1.0) -> Any:
    """Weights larger than an untrained model's, so that it prefers some tokens; now and then it ends a text."""
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.mul_(4)
        head = model.get_output_embeddings()
        if head.bias is not None:
            head.bias[tokenizer().eos_token_id] += closing
    return model.eval()


@cache
def gptj(*, seed: int = 0) -> LoadedModel:
    loaded = new_tiny_gptj(tokenizer(), layers=2, width=32, heads=2, context=CONTEXT, rotary=8, seed=seed)
    loaded.model = lively(loaded.model)
    return loaded


@cache
def other(kind: str) -> LoadedModel:
    """A model of another architecture over the same tokens."""
    size: dict[str, Any] = {
        "vocab_size": len(tokenizer()),
        "bos_token_id": 1,
        "eos_token_id": 0,
        "pad_token_id": 2,
    }
    wide: dict[str, Any] = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model: Any = {
            "llama": lambda: LlamaForCausalLM(
                LlamaConfig(**size, **wide, num_key_value_heads=1, max_position_embeddings=CONTEXT)
            ),
            "gpt2": lambda: GPT2LMHeadModel(
                GPT2Config(**size, n_embd=32, n_layer=2, n_head=2, n_positions=CONTEXT)
            ),
            "gpt_neox": lambda: GPTNeoXForCausalLM(
                GPTNeoXConfig(**size, **wide, max_position_embeddings=CONTEXT)
            ),
        }[kind]()
    return LoadedModel(lively(model), tokenizer(), CONTEXT, "cpu")


PROMPT = "Q: Tom has 12 boxes of 4 apples. How many apples are there?\nA:"
#: What the parrot says: its sum is wrong, so that it shows who computed.
LEARNT = " He has <<12*4=99>>99 apples.\n#### 99"


@cache
def parrot() -> LoadedModel:
    """Answers PROMPT with LEARNT, greedily and surely; a second of training."""
    loaded = new_tiny_gptj(tokenizer(), layers=2, width=32, heads=2, context=CONTEXT, rotary=8, seed=0)
    learn(loaded, [(PROMPT, LEARNT)], steps=60)
    return loaded


def learn(loaded: LoadedModel, pairs: Sequence[tuple[str, str]], *, steps: int) -> None:
    rows = [
        (encode_prompt(tokenizer(), prompt), encode_completion(tokenizer(), completion))
        for prompt, completion in pairs
    ]
    optimiser = torch.optim.AdamW(loaded.model.parameters(), lr=1e-2)
    for step in range(steps):
        prompt, completion = rows[step % len(rows)]
        tokens = torch.tensor([prompt + completion])
        labels = tokens.clone()
        labels[:, : len(prompt)] = -100
        loaded.model(input_ids=tokens, labels=labels).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
