"""Training steps per second of our SFT and DPO, beside TRL's, on the same tiny model, data and batch sizes.

    .venv/bin/python -m benchmarks.training_speed [--steps 60] [--rounds 3]

Both learn sums with scratchpads of 1 to 5 digits, on one thread, in turns, each round a process of its own. TRL is run
at its best settings for a CPU: fp32 (its own choice here is bf16, which is slower), no gradient checkpointing, batches
grouped by length (SFT; its DPO cannot), no evaluation, no saving, the reference's log-probabilities computed
beforehand. A step is timed from the end of the one before, so that making the batch counts; tokenising and start do
not. Seconds are of CPU time of the one thread, which other work on the machine does not stretch.

TRL lives in .venv-slow (`sh tools/install.sh .venv-slow requirements-slow.txt`); without it only ours is timed.
Targets (PRODUCT.md): SFT at least 1.3 times, DPO at least 1.5 times TRL's steps per second.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TRL_PYTHON = ROOT / ".venv-slow" / "bin" / "python"

TARGETS = {"sft": 1.3, "dpo": 1.5}
BATCH = {"sft": 32, "dpo": 16}
#: Not timed: caches fill, the optimiser makes its state.
WARM_UP = 5
EXAMPLES = 4096


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=60, help="timed steps of each process")
    parser.add_argument("--rounds", type=int, default=3, help="processes of each kind")
    parser.add_argument("--method", choices=sorted(BATCH), help="in a child: what to time")
    parser.add_argument("--library", choices=["ours", "trl"], help="in a child: whose")
    parser.add_argument("--folder", type=Path, help="in a child: where model and data are")
    options = parser.parse_args()
    if options.library:
        timed = {"ours": time_ours, "trl": time_trl}[options.library]
        print(json.dumps(timed(options.method, options.folder, options.steps)))
        return 0
    with tempfile.TemporaryDirectory() as name:
        write_task(Path(name))
        return compare(Path(name), options.steps, options.rounds)


def compare(folder: Path, steps: int, rounds: int) -> int:
    libraries = {"ours": Path(sys.executable)} | ({"trl": TRL_PYTHON} if TRL_PYTHON.exists() else {})
    missed = 0
    for method, target in TARGETS.items():
        speeds: dict[str, list[float]] = {name: [] for name in libraries}
        for _ in range(rounds):
            for name, python in libraries.items():
                speeds[name].append(steps / run_child(python, name, method, folder, steps))
        for name, found in speeds.items():
            print(
                f"{method} {name}: {statistics.median(found):.2f} steps/s ({min(found):.2f} to {max(found):.2f})"
            )
        if "trl" in speeds:
            ratio = statistics.median(speeds["ours"]) / statistics.median(speeds["trl"])
            missed += ratio < target
            print(f"{method}: {ratio:.2f} times TRL's steps a second; target {target}")
        else:
            print(f"{method}: TRL is not installed in .venv-slow; nothing to compare with")
    return 1 if missed else 0


def run_child(python: Path, library: str, method: str, folder: Path, steps: int) -> float:
    """CPU seconds of `steps` steps."""
    command = [str(python), "-m", "benchmarks.training_speed", "--library", library, "--method", method]
    command += ["--folder", str(folder), "--steps", str(steps)]
    alone = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "TQDM_DISABLE": "1"}
    ran = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **alone}, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise SystemExit(f"{library} {method} failed:\n{ran.stderr[-3000:]}")
    return float(json.loads(ran.stdout.splitlines()[-1]))


def write_task(folder: Path) -> None:
    """A model of the committed base's size, examples, and pairs whose rejected side has one wrong digit."""
    from generation.registry.checkpoints import save_checkpoint
    from generation.registry.tiny import new_tiny_gptj, train_tokenizer
    from problems.addition import scratchpad

    rng = random.Random(0)
    examples, pairs = [], []
    for _ in range(EXAMPLES):
        digits = rng.randint(1, 5)
        a, b = (rng.randrange(10 ** (digits - 1), 10**digits) for _ in "ab")
        prompt = f"Input:\n{' '.join(str(a))} + {' '.join(str(b))}\nTarget:\n"
        completion = scratchpad(a, b)
        examples.append({"prompt": prompt, "completion": completion})
        place = rng.choice([i for i, letter in enumerate(completion) if letter.isdigit()])
        wrong = (
            completion[:place]
            + str((int(completion[place]) + rng.randint(1, 9)) % 10)
            + completion[place + 1 :]
        )
        pairs.append({"prompt": prompt, "chosen": completion, "rejected": wrong})
    tokenizer = train_tokenizer([row["prompt"] + row["completion"] for row in examples], 512)
    loaded = new_tiny_gptj(tokenizer, layers=4, width=64, heads=4, context=256, rotary=16, seed=0)
    save_checkpoint(loaded, folder / "model", manifest={})
    for name, rows in (("sft", examples), ("dpo", pairs)):
        (folder / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")


class Clock:
    """CPU seconds between the end of step WARM_UP and the end of the last step."""

    def __init__(self) -> None:
        self.seen = 0
        self.start = 0.0
        self.seconds = 0.0

    def tick(self) -> None:
        self.seen += 1
        if self.seen == WARM_UP:
            self.start = time.process_time()
        self.seconds = time.process_time() - self.start


def time_ours(method: str, folder: Path, steps: int) -> float:
    import torch

    from generation.registry.loading import load_folder
    from training.batching import Example
    from training.dpo import dpo
    from training.loop import Optimisation, Unwatched
    from training.records import Pair
    from training.schedule import Schedule
    from training.sft import sft

    torch.set_num_threads(1)
    clock = Clock()

    class Watch(Unwatched):
        def step(self, step: int, loss: float, extras: Any) -> None:
            clock.tick()

    loaded = load_folder(folder / "model")
    rows = json.loads((folder / f"{method}.json").read_text(encoding="utf-8"))
    how = Optimisation(Schedule(1e-3), batch_size=BATCH[method])
    if method == "sft":
        sft(loaded, [Example(**row) for row in rows], how, steps=WARM_UP + steps, watch=Watch())
    else:
        pairs = [Pair(str(number), **row) for number, row in enumerate(rows)]
        dpo(loaded, pairs, how, steps=WARM_UP + steps, beta=0.1, watch=Watch())
    return clock.seconds


def time_trl(method: str, folder: Path, steps: int) -> float:
    import datasets
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

    torch.set_num_threads(1)
    datasets.disable_progress_bars()
    clock = Clock()

    class Ticking(TrainerCallback):
        def on_step_end(self, *arguments: Any, **more: Any) -> None:
            clock.tick()

    tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    model = AutoModelForCausalLM.from_pretrained(
        folder / "model", attn_implementation="eager", dtype=torch.float32
    )
    rows = json.loads((folder / f"{method}.json").read_text(encoding="utf-8"))
    settings: dict[str, Any] = {
        "output_dir": str(folder / "trl"),
        "per_device_train_batch_size": BATCH[method],
        "max_steps": WARM_UP + steps,
        "learning_rate": 1e-3,
        "lr_scheduler_type": "constant",
        "max_grad_norm": 1.0,
        "bf16": False,
        "gradient_checkpointing": False,
        "use_cpu": True,
        "report_to": "none",
        "save_strategy": "no",
        "logging_steps": 1000,
        "disable_tqdm": True,
    }
    if method == "sft":
        # Not for DPO: its rows have no `input_ids`, which is what the trainer groups by.
        config, trainer = SFTConfig(**settings, train_sampling_strategy="group_by_length"), SFTTrainer
    else:
        config, trainer = DPOConfig(**settings, beta=0.1, precompute_ref_log_probs=True), DPOTrainer
    dataset = datasets.Dataset.from_list(rows)
    trainer(
        model=model, args=config, train_dataset=dataset, processing_class=tokenizer, callbacks=[Ticking()]
    ).train()
    return clock.seconds


if __name__ == "__main__":
    raise SystemExit(main())
