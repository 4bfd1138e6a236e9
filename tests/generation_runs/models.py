"""Untrained models for tests. torch is imported in the bodies, so that collecting tests stays quick."""

from __future__ import annotations

from pathlib import Path

CORPUS = [
    "Q: What is 3 plus two?\nA: 3 + 2 = 5, as one sees at once.\n#### 5\n",
    "Input:\n5 6 + 5 8\nTarget:\n<scratch>\n5 6 + 5 8 , C: 0\n</scratch>\n1 1 4\n",
    "First take two and add two. That makes four. It has to be four because four is two more than two.",
]


def write_tiny_model(folder: Path, *, seed: int, layers: int = 2, context: int = 256) -> Path:
    """An untrained GPT-J in `folder`, as `save_checkpoint` stores it."""
    import torch

    from generation.registry.checkpoints import save_checkpoint
    from generation.registry.tiny import new_tiny_gptj, train_tokenizer

    torch.set_num_threads(1)
    tokenizer = train_tokenizer(CORPUS, 600)
    loaded = new_tiny_gptj(tokenizer, layers=layers, width=32, heads=2, context=context, rotary=8, seed=seed)
    save_checkpoint(loaded, folder, manifest={"made_for": "tests"})
    return folder
