"""Tokens per second with and without rows that take the places of those that ended: one model, the same tokens.

    .venv/bin/python -m benchmarks.generation_refill [--width 512] [--layers 8] [--rows 512] [--batch 64]

An untrained GPT-J draws completions that end by chance, on average after as many tokens as its vocabulary has, so that
they are as uneven as completions can be. Without refill a batch ends with its longest row. CPU seconds, one thread, the
two ways in turns.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from typing import Any


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()

    import torch

    from generation.sampling import gptj

    torch.set_num_threads(1)
    loaded = untrained(options.width, options.layers)
    parameters = sum(weight.numel() for weight in loaded.model.parameters())
    ways = {"batches": parameters + 1, "refilled": 0}
    best: dict[str, float] = {}
    written: dict[str, list[tuple[int, ...]]] = {}
    for _ in range(options.rounds):
        for name, least in ways.items():
            gptj._REFILL_FROM = least
            begun = time.process_time()
            written[name] = draw(loaded, options.rows, options.batch)
            seconds = time.process_time() - begun
            best[name] = min(seconds, best.get(name, seconds))
    tokens = sum(map(len, written["refilled"]))
    same = sum(a == b for a, b in zip(written["refilled"], written["batches"], strict=True))
    print(
        f"{parameters / 1e6:.1f} M parameters, {options.rows} rows, {options.batch} at a time, {tokens} tokens:"
        f" refilled {tokens / best['refilled']:,.0f} a second, batches {tokens / best['batches']:,.0f},"
        f" {best['batches'] / best['refilled']:.2f} times; {same} of {options.rows} completions the same"
    )
    return 0


def untrained(width: int, layers: int) -> Any:
    import torch
    from transformers import GPTJConfig, GPTJForCausalLM

    from generation.registry.loading import load_folder
    from training.base.building import TINY

    loaded = load_folder(TINY)
    torch.manual_seed(0)
    config = GPTJConfig(
        vocab_size=len(loaded.tokenizer),
        n_positions=512,
        n_embd=width,
        n_layer=layers,
        n_head=8,
        rotary_dim=min(32, width // 8),
        bos_token_id=loaded.tokenizer.bos_token_id,
        activation_function="gelu_pytorch_tanh",
        eos_token_id=loaded.tokenizer.eos_token_id,
    )
    loaded.model = GPTJForCausalLM(config).train(False)
    # Once in fifty tokens or so, as a rationale ends.
    with torch.no_grad():
        loaded.model.lm_head.bias[loaded.tokenizer.eos_token_id] = math.log(len(loaded.tokenizer) / 50)
    return loaded


def draw(loaded: Any, rows: int, batch: int) -> list[tuple[int, ...]]:
    from generation.sampling.local import LocalSampler
    from generation.sampling.types import PromptRequest, SamplingSettings

    requests = [PromptRequest("Q: 12 + 30\n", seed=number) for number in range(rows)]
    settings = SamplingSettings(max_new_tokens=400, temperature=1.0)
    return [one.tokens for one in LocalSampler(loaded, batch_size=batch).sample(requests, settings)]


if __name__ == "__main__":
    sys.exit(main())
