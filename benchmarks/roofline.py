"""How near decoding comes to the memory's bandwidth, and a training step to the peak of the arithmetic.

    .venv/bin/python -m benchmarks.roofline [--shape small] [--device cpu] [--dtype fp32] [--rows 1 16]

A GPT-J of the given shape with random weights, made on the device. Bandwidth and peak are measured on that device in
the same run (a copy and a matrix-vector product; a large matrix product), and where the device's data sheet is known
its figures stand beside them.

- decode: greedy, through the sampler that the product uses, beside a plain `transformers` generate call. The time of S
  steps is that of S + 1 tokens less that of one. Bytes: `benchmarks.costs.step_bytes`. On a GPU the three ways of
  GPU_DECODING in turn. Tokens are compared with transformers' as they came, and once more step by step behind the same
  tokens: in bf16 two good programs differ where two tokens are as good as equal, and then go separate ways.
- train: the product's trainer on rows that are full; operations: `benchmarks.costs.training_flops`. With fp32 AdamW a
  weight takes 16 bytes: GPT-J 6B would take 97 GB, so that on a card of 80 it learns by LoRA (rank 16, weights frozen
  in bf16), and the shape 1.3b is trained whole.

Seconds are of CPU time, one thread, on a CPU, and of the clock on a GPU; the best of the rounds. Recording steps as
CUDA graphs counts. Targets on a GPU: above 60% of the bandwidth, above 50% of the peak; they decide the exit
status.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.costs import SIZES, Size, step_bytes
from benchmarks.machine import Machine, untrained
from benchmarks.roofline_training import train

TARGET = 0.6


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", choices=SIZES, default="small")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    parser.add_argument("--dtype", choices=["fp32", "bf16"], help="fp32 on a CPU, bf16 on a GPU")
    parser.add_argument("--part", choices=["decode", "train", "both"], default="both")
    parser.add_argument("--rows", type=int, nargs="+", help="decoded at a time; 1 and 16, on a GPU 64 too")
    parser.add_argument("--tokens", type=int, help="written by each row; 256 on a GPU, 64 on a CPU")
    parser.add_argument("--ways", nargs="+", choices=["eager", "graphs", "compiled"], help="of GPU_DECODING")
    parser.add_argument("--train", choices=["full", "lora"], help="lora for 6b, else full")
    parser.add_argument("--train-rows", type=int, default=4)
    parser.add_argument("--length", type=int, help="tokens of a training row; at most 1024 and the context")
    parser.add_argument("--steps", type=int, default=5, help="training steps that are timed")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--side", type=int, help="of the square matrix by which the device is measured")
    options = parser.parse_args(arguments)

    import torch

    torch.set_num_threads(1)
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        parser.error("device: there is no CUDA device on this machine; expected cpu")
    options.dtype = options.dtype or ("bf16" if device.type == "cuda" else "fp32")
    options.rows = options.rows or ([1, 16, 64] if device.type == "cuda" else [1, 16])
    options.tokens = options.tokens or (256 if device.type == "cuda" else 64)
    options.ways = options.ways or (["eager", "graphs", "compiled"] if device.type == "cuda" else ["eager"])
    machine = Machine(device, options.dtype)
    machine.measure(options.side or (32_768 if machine.on_gpu else 8_192))
    size = SIZES[options.shape]
    missed = 0
    if options.part != "train":
        missed += decode(size, machine, options)
    if options.part != "decode":
        missed += train(size, machine, options)
    return 1 if missed and device.type == "cuda" else 0


@dataclass(frozen=True, slots=True)
class Wrote:
    """seconds: of all steps but the first. tokens: of each row, prompts: in tokens."""

    seconds: float
    tokens: list[tuple[int, ...]]
    prompts: list[tuple[int, ...]]


def decode(size: Size, machine: Machine, options: Any) -> int:
    """How many of the batch sizes miss the target by the best way. Prints a line for each."""
    from generation.sampling.decoders import shared_length

    loaded = untrained(size, machine)
    assert sum(weight.numel() for weight in loaded.model.parameters()) == size.parameters
    missed = 0
    for rows in options.rows:
        texts = prompts(rows)
        theirs = generated(loaded, machine, texts, options)
        best = 0.0
        for way in options.ways:
            loaded.decoding = way
            ours = sampled(loaded, machine, texts, options)
            prefix = shared_length(ours.prompts)
            held = [len(prompt) - prefix for prompt in ours.prompts]
            moved = sum(
                step_bytes(
                    size, [one + step for one in held], prefix=prefix, value_bytes=machine.dtype.itemsize
                )
                for step in range(options.tokens)
            )
            best = max(best, moved / ours.seconds / machine.bandwidth)
            same = sum(a == b for a, b in zip(ours.tokens, theirs.tokens, strict=True))
            print(
                f"decode {options.shape} ({size.parameters / 1e6:,.1f} M), {rows} rows, {way}:"
                f" {rows * options.tokens / ours.seconds:,.0f} tokens/s, {theirs.seconds / ours.seconds:.2f} times"
                f" transformers' {rows * options.tokens / theirs.seconds:,.0f};"
                f" {moved / options.tokens / 1e6:,.1f} MB a step, {moved / ours.seconds / 1e9:,.1f} GB/s,"
                f" {machine.share(moved / ours.seconds, of='bandwidth')};"
                f" {same} of {rows} rows the same; {agreement(loaded, ours.prompts, theirs.tokens)}",
                flush=True,
            )
        missed += best <= TARGET
    return missed


def prompts(count: int) -> list[str]:
    from benchmarks.generation_speed import prompts_by_kind

    return prompts_by_kind(count)["word problems"]


def sampled(loaded: Any, machine: Machine, texts: list[str], options: Any) -> Wrote:
    from generation.sampling.local import LocalSampler
    from generation.sampling.types import PromptRequest, SamplingSettings

    requests = [PromptRequest(text, seed=number) for number, text in enumerate(texts)]
    sampler = LocalSampler(loaded, batch_size=len(texts))

    def sample(tokens: int) -> list[Any]:
        return sampler.sample(requests, SamplingSettings(max_new_tokens=tokens))

    found = sample(options.tokens + 1)
    return Wrote(
        _steps(machine, sample, options), [one.tokens for one in found], [one.prompt_tokens for one in found]
    )


def generated(loaded: Any, machine: Machine, texts: list[str], options: Any) -> Wrote:
    """A plain call: prompts padded on the left, everything else as the library has it."""
    import torch

    tokenizer, model = loaded.tokenizer, loaded.model
    asked = tokenizer(texts, return_tensors="pt", padding=True).to(machine.device)
    pad = tokenizer.pad_token_id

    def generate(tokens: int) -> Any:
        with torch.inference_mode():
            return model.generate(**asked, max_new_tokens=tokens, do_sample=False, pad_token_id=pad)

    found = generate(options.tokens + 1)[:, asked["input_ids"].shape[1] :].tolist()
    return Wrote(_steps(machine, generate, options), [tuple(row) for row in found], [])


def _steps(machine: Machine, act: Callable[[int], object], options: Any) -> float:
    """Seconds of decoding steps alone: those of the prompts, read for a single token, are taken away."""
    long = machine.best(lambda: act(options.tokens + 1), options.rounds)
    return max(long - machine.best(lambda: act(1), options.rounds), 1e-9)


def agreement(loaded: Any, asked: list[tuple[int, ...]], written: list[tuple[int, ...]]) -> str:
    """Both programs behind the same tokens, step by step: how often they choose alike, and how far apart they are."""
    import torch

    from generation.registry.loading import evaluating
    from generation.sampling.decoders import CacheDecoder, share
    from generation.sampling.local import LocalSampler

    order = sorted(range(len(asked)), key=lambda index: asked[index])
    batch, steps = share([asked[index] for index in order]), len(written[0])
    forced = torch.tensor([written[index] for index in order], device=loaded.model.device)
    ours, theirs = LocalSampler(loaded)._decoder(), CacheDecoder(loaded.model)
    alike, margin, error = 0, 0.0, 0.0
    with evaluating(loaded):
        found, expected = (decoder.start(batch, steps) for decoder in (ours, theirs))
        for step in range(steps):
            chosen, theirs_chose = found.argmax(-1), expected.argmax(-1)
            alike += int((chosen == theirs_chose).sum())
            lost = expected.gather(1, theirs_chose[:, None]) - expected.gather(1, chosen[:, None])
            margin = max(margin, float(lost.max()))
            # Not of tokens that may not be chosen: their -10,000 is rounded to thousandths.
            error = max(error, float((found - expected)[expected > -1e3].abs().max()))
            if step < steps - 1:
                found, expected = (decoder.step(forced[:, step]) for decoder in (ours, theirs))
    of = len(asked) * steps
    told = f"behind the same tokens {alike} of {of} choices the same, logits within {error:.2g}"
    return told if alike == of else f"{told}, the others' margin at most {margin:.2g}"


if __name__ == "__main__":
    sys.exit(main())
