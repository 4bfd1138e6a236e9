"""The training half of `benchmarks.roofline`: operations a second of the product's trainer."""

from __future__ import annotations

from typing import Any

from benchmarks.costs import Size, training_flops
from benchmarks.machine import Machine, untrained

TARGET = 0.5
#: Of LoRA's adapters.
RANK = 16
#: Steps that are not timed: caches fill, the optimiser makes its state.
WARM_UP = 2


def train(size: Size, machine: Machine, options: Any) -> bool:
    """Whether the step misses the target. Prints a line."""
    kind = options.train or ("lora" if options.shape == "6b" else "full")
    rank = RANK if kind == "lora" else 0
    length = options.length or min(1024, size.context)
    need = training_memory(size, rows=options.train_rows, length=length, rank=rank)
    if machine.on_gpu:
        import torch

        room = torch.cuda.mem_get_info(machine.device)[1]
        torch.cuda.reset_peak_memory_stats(machine.device)
        if need > room:
            raise SystemExit(
                f"train: {options.shape} {kind} needs about {need / 1e9:,.0f} GB, the device has {room / 1e9:,.0f};"
                " expected --train lora, fewer --train-rows or a smaller --shape"
            )
    seconds = machine_steps(size, machine, options, length, rank)
    flops = training_flops(size, rows=options.train_rows, length=length, rank=rank)
    reached = flops / seconds
    print(
        f"train {options.shape} ({size.parameters / 1e6:,.1f} M), {kind}, {options.train_rows} rows of {length}:"
        f" {seconds:.3f} s a step, {options.train_rows * length / seconds:,.0f} tokens/s,"
        f" {flops / 1e12:,.3f} TFLOP a step, {reached / 1e12:,.3f} TFLOP/s, {machine.share(reached, of='peak')};"
        f" about {need / 1e9:,.1f} GB by arithmetic{_peak_memory(machine)}",
        flush=True,
    )
    return reached / machine.peak <= TARGET


def training_memory(size: Size, *, rows: int, length: int, rank: int) -> int:
    """Bytes by the product's own estimate: fp32 weights, gradients and moments, or frozen bf16 ones and adapters."""
    from training.estimating.figures import Shape
    from training.estimating.memory import training_bytes

    shape = Shape(
        parameters=size.parameters,
        layers=size.layers,
        width=size.width,
        heads=size.heads,
        vocabulary=size.vocabulary,
        context=size.context,
    )
    weights = size.parameters * (2 if rank else 4)
    return weights + training_bytes(shape, tokens=rows * length, length=length, adapted=bool(rank))


def machine_steps(size: Size, machine: Machine, options: Any, length: int, rank: int) -> float:
    """Seconds of one step: the mean of those that are timed."""
    import torch

    from training.adapters import Lora
    from training.batching import Batch
    from training.loop import Optimisation, Unwatched
    from training.loop import train as descend
    from training.losses import Loss, completion_loss
    from training.preparing import prepared
    from training.schedule import Schedule

    loaded = untrained(size, machine)
    torch.manual_seed(0)
    ids = torch.randint(len(loaded.tokenizer), (options.train_rows, length), device=machine.device)
    learned = torch.ones_like(ids, dtype=torch.bool)
    learned[:, 0] = False

    class Same:
        fingerprint = "random"

        def at(self, index: int) -> Batch:
            return Batch(ids, learned, float(learned.sum()))

    class Clock(Unwatched):
        begun: float = 0.0
        ended: float = 0.0

        def step(self, step: int, loss: float, extras: Any) -> None:
            if step == WARM_UP:
                self.begun = machine.now()
            elif step == WARM_UP + options.steps:
                self.ended = machine.now()

    def loss_of(model: Any, batch: Batch) -> Loss:
        return completion_loss(model, batch.ids_BT, batch.learned_BT)

    lora = Lora(rank=rank, alpha=2 * rank) if rank else None
    how = Optimisation(Schedule(1e-5), batch_size=options.train_rows, lora=lora, precision=options.dtype)
    clock = Clock()
    with prepared(loaded, how):
        descend(loaded.model, Same(), loss_of, how, steps=WARM_UP + options.steps, watch=clock)
    seconds: float = (clock.ended - clock.begun) / options.steps
    return seconds


def _peak_memory(machine: Machine) -> str:
    if not machine.on_gpu:
        return ""
    import torch

    return f", {torch.cuda.max_memory_allocated(machine.device) / 1e9:,.1f} GB at most"
