"""What a device can do at most, measured, and a GPT-J of random weights on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from benchmarks.costs import DATA_SHEETS, Size


class Machine:
    """A device, and what it can do at most: bytes a second, operations a second."""

    def __init__(self, device: Any, dtype: str) -> None:
        import torch

        self.device, self.on_gpu = device, device.type == "cuda"
        self.dtype = torch.bfloat16 if dtype == "bf16" else torch.float32
        self.name = torch.cuda.get_device_name(device) if self.on_gpu else "one CPU thread"
        self.sheet = next((found for part, found in DATA_SHEETS.items() if part in self.name), None)
        self.bandwidth = self.peak = 0.0

    def measure(self, side: int) -> None:
        """side: of the matrix that is copied and read; a quarter of it, of those that are multiplied."""
        import torch

        matrix = torch.randn(side, side, device=self.device, dtype=self.dtype)
        vector, other = matrix[0].clone(), torch.empty_like(matrix)
        moved = matrix.numel() * matrix.element_size()
        copied = 2 * moved / self.best(lambda: other.copy_(matrix), 5)
        read = moved / self.best(lambda: torch.mv(matrix, vector), 5)
        side //= 4
        one = matrix[:side, :side].contiguous()
        two = other[:side, :side].contiguous()
        self.peak = 2 * side**3 / self.best(lambda: torch.mm(one, one, out=two), 5)
        self.bandwidth = max(copied, read)
        print(
            f"{self.name}, {self.dtype}: a copy moves {copied / 1e9:,.1f} GB/s, a matrix-vector product reads"
            f" {read / 1e9:,.1f}; a matrix product does {self.peak / 1e12:,.3f} TFLOP/s{self._sheet()}",
            flush=True,
        )

    def _sheet(self) -> str:
        if self.sheet is None:
            return ""
        return f" (data sheet: {self.sheet[0] / 1e9:,.0f} GB/s, {self.sheet[1] / 1e12:,.0f} TFLOP/s in bf16)"

    def best(self, act: Callable[[], object], rounds: int) -> float:
        """Seconds of the fastest round, after one that is not timed."""
        act()
        return min(self.seconds(act) for _ in range(rounds))

    def seconds(self, act: Callable[[], object]) -> float:
        begun = self.now()
        act()
        return self.now() - begun

    def now(self) -> float:
        if not self.on_gpu:
            return time.process_time()
        import torch

        torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def share(self, reached: float, *, of: str) -> str:
        """Of what was measured, and of the data sheet."""
        measured, number = (self.bandwidth, 0) if of == "bandwidth" else (self.peak, 1)
        told = f"{reached / measured:.0%} of what was measured"
        return (
            told if self.sheet is None else f"{told}, {reached / self.sheet[number]:.0%} of the data sheet's"
        )


def untrained(size: Size, machine: Machine) -> Any:
    """A model that writes what the committed base's tokenizer knows, and never ends by itself."""
    import torch
    from transformers import GPTJConfig, GPTJForCausalLM

    from generation.registry.loading import LoadedModel, load_tokenizer
    from training.base.building import TINY

    tokenizer = load_tokenizer(TINY)
    config = GPTJConfig(
        vocab_size=size.vocabulary,
        n_positions=size.context,
        n_embd=size.width,
        n_layer=size.layers,
        n_head=size.heads,
        rotary_dim=size.rotary,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        # As a fine-tuning of GPT-J sets them, and as the sampler has them.
        attn_pdrop=0.0,
        embd_pdrop=0.0,
        resid_pdrop=0.0,
    )
    config._attn_implementation = "eager"
    torch.manual_seed(0)
    with torch.device(machine.device):
        model = GPTJForCausalLM(config).train(False)
    # Not made in bf16: the library would compute its positions in it.
    model = model.to(machine.dtype)
    with torch.no_grad():
        model.lm_head.bias[len(tokenizer) :] = -1e4
        model.lm_head.bias[tokenizer.eos_token_id] = -1e4
    return LoadedModel(model, tokenizer, size.context, str(machine.device))
