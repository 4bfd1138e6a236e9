"""Tokens per second of our sampler beside a plain batched `transformers` generate call: same model, prompts and tokens.

    .venv/bin/python -m benchmarks.generation_speed [--model training/base/tiny] [--batch 256] [--rounds 5]

Greedy, fp32, one thread, in turns in one process. A token counts once it belongs to a completion: what `generate` goes
on computing for rows that have ended does not. Seconds are of CPU time, which other work on the machine does not
stretch, of each one's best round. That both write the same tokens is checked.

- addition, word problems: each prompt once, without examples
- few-shot: word problems behind two worked examples, as an untrained base is asked
- samples: 32 questions, each prompt eight times, as for best-of-k

Targets (PRODUCT.md): at least 2 times at batch 256, at least 4 times with a few-shot prompt.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGETS = {"addition": 2.0, "word problems": 2.0, "few-shot": 4.0, "samples": 2.0}
NEW_TOKENS = 160


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=ROOT / "training" / "base" / "tiny")
    parser.add_argument("--batch", type=int, default=256, help="rows at a time, and prompts of each kind")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each; the best one counts")
    parser.add_argument("--only", choices=sorted(TARGETS), help="one kind of prompts")
    options = parser.parse_args()

    import torch

    from generation.registry.loading import load_folder

    torch.set_num_threads(1)
    loaded = load_folder(options.model)
    missed = 0
    for kind, prompts in prompts_by_kind(options.batch).items():
        if options.only in (None, kind):
            missed += not compare(kind, loaded, prompts, batch=options.batch, rounds=options.rounds)
    return 1 if missed else 0


def prompts_by_kind(count: int) -> dict[str, list[str]]:
    from generation.prompts import Asked, Shot, build_prompt
    from problems.drawing import draw_sums, draw_word_problems
    from problems.types import Family

    sums = [Asked(one.question, answer=one.answer) for one in draw_sums(count, digits=range(1, 6), seed=1)]
    drawn = list(draw_word_problems(count + 2, seed=1))
    words = [Asked(one.question, answer=one.answer) for one in drawn]
    shots = [Shot(asked, one.rationale) for asked, one in zip(words[:2], drawn[:2], strict=True)]
    asked = words[2:]
    return {
        "addition": [build_prompt(Family.ADDITION, one) for one in sums],
        "word problems": [build_prompt(Family.WORD_PROBLEM, one) for one in asked],
        "few-shot": [build_prompt(Family.WORD_PROBLEM, one, shots) for one in asked],
        "samples": [
            prompt
            for one in asked[: max(1, count // 8)]
            for prompt in [build_prompt(Family.WORD_PROBLEM, one)] * 8
        ][:count],
    }


def compare(kind: str, loaded: Any, prompts: list[str], *, batch: int, rounds: int) -> bool:
    from generation.sampling.local import LocalSampler
    from generation.sampling.types import PromptRequest, SamplingSettings

    requests = [PromptRequest(prompt, seed=number) for number, prompt in enumerate(prompts)]
    sampler, settings = LocalSampler(loaded, batch_size=batch), SamplingSettings(max_new_tokens=NEW_TOKENS)

    def ours() -> list[tuple[int, ...]]:
        return [completion.tokens for completion in sampler.sample(requests, settings)]

    def theirs() -> list[tuple[int, ...]]:
        return generate(loaded, prompts, batch=batch)

    best: dict[str, float] = {}
    written: dict[str, list[tuple[int, ...]]] = {}
    for _ in range(rounds):
        for name, act in (("transformers", theirs), ("ours", ours)):
            seconds, written[name] = timed(act)
            best[name] = min(seconds, best.get(name, seconds))
    tokens = sum(map(len, written["ours"]))
    same = sum(a == b for a, b in zip(written["ours"], written["transformers"], strict=True))
    ratio = best["transformers"] / best["ours"]
    print(
        f"{kind}: {tokens} tokens, ours {tokens / best['ours']:,.0f} a second, transformers"
        f" {tokens / best['transformers']:,.0f}, {ratio:.2f} times (target {TARGETS[kind]:g});"
        f" {same} of {len(prompts)} completions the same",
        flush=True,
    )
    # A tie between two tokens falls by the last bit of a sum, and sums in another order differ there.
    return ratio >= TARGETS[kind] and same >= 0.99 * len(prompts)


def timed(act: Callable[[], list[tuple[int, ...]]]) -> tuple[float, list[tuple[int, ...]]]:
    begun = time.process_time()
    written = act()
    return time.process_time() - begun, written


def generate(loaded: Any, prompts: list[str], *, batch: int) -> list[tuple[int, ...]]:
    """A plain call: prompts padded on the left, everything else as the library has it."""
    import torch

    tokenizer, model = loaded.tokenizer, loaded.model
    found = []
    for start in range(0, len(prompts), batch):
        rows = tokenizer(prompts[start : start + batch], return_tensors="pt", padding=True)
        with torch.inference_mode():
            out = model.generate(
                **rows, max_new_tokens=NEW_TOKENS, do_sample=False, pad_token_id=tokenizer.pad_token_id
            )
        for row in out[:, rows["input_ids"].shape[1] :].tolist():
            ended = row.index(tokenizer.eos_token_id) + 1 if tokenizer.eos_token_id in row else len(row)
            found.append(tuple(row[:ended]))
    return found


if __name__ == "__main__":
    sys.exit(main())
