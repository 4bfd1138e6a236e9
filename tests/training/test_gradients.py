"""A batch that the memory does not hold is computed in parts, with the same result."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.training.test_loop import HOW, Killed, KilledAfter
from tests.training.tiny import EIGHT, batches_of, same, tiny_model, weights
from training.batching import Batch
from training.dpo import PairBatch
from training.errors import BatchDoesNotFit
from training.loop import Optimisation, Saving, Unwatched, train
from training.losses import Loss, completion_loss
from training.schedule import Schedule

EIGHT_AT_ONCE = Optimisation(Schedule(1e-2), batch_size=8)


class Memory:
    """A loss that needs a place for each row, and a memory of so many places; told in torch's own words."""

    def __init__(self, places: int, error: Exception | None = None) -> None:
        self.places, self.error = places, error or torch.OutOfMemoryError("CUDA out of memory.")
        self.asked: list[int] = []

    def __call__(self, model: torch.nn.Module, batch: Batch) -> Loss:
        self.asked.append(len(batch))
        if len(batch) > self.places:
            raise self.error
        return completion_loss(model, batch.ids_BT, batch.learned_BT)


class Halvings(Unwatched):
    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def halved(self, step: int, rows: int) -> None:
        self.seen.append((step, rows))


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        MemoryError(),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory: you tried…"
        ),
    ],
)
def test_a_batch_that_does_not_fit_is_halved_until_it_does_and_gives_the_same(error):
    memory, watch, whole, parts = Memory(3, error), Halvings(), tiny_model(), tiny_model()
    expected = train(whole, batches_of(EIGHT, batch_size=8), Memory(8), EIGHT_AT_ONCE, steps=3)
    found = train(parts, batches_of(EIGHT, batch_size=8), memory, EIGHT_AT_ONCE, steps=3, watch=watch)
    # Eight at once, four, two; and two at once from there on.
    assert memory.asked == [8, 4, *[2] * 12]
    assert watch.seen == [(1, 2)]
    assert found.losses == pytest.approx(expected.losses, rel=1e-5)
    for mine, theirs in zip(weights(parts).values(), weights(whole).values(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-5)


def test_where_a_single_row_does_not_fit_the_step_is_named():
    with pytest.raises(BatchDoesNotFit, match="Step 1: the memory does not hold") as caught:
        train(tiny_model(), batches_of(EIGHT, batch_size=8), Memory(0), EIGHT_AT_ONCE, steps=3)
    assert caught.value.code == "out_of_memory"


def test_other_errors_pass():
    with pytest.raises(RuntimeError, match="shape"):
        train(tiny_model(), batches_of(EIGHT), Memory(0, RuntimeError("shape")), HOW, steps=1)


def test_a_resumed_training_goes_on_in_the_same_parts(tmp_path: Path):
    straight, resumed, saving = tiny_model(dropout=0.1), tiny_model(dropout=0.1), Saving(tmp_path, every=3)
    train(straight, batches_of(EIGHT), Memory(2), HOW, steps=8)
    with pytest.raises(Killed):
        train(
            tiny_model(dropout=0.1),
            batches_of(EIGHT),
            Memory(2),
            HOW,
            steps=8,
            saving=saving,
            watch=KilledAfter(5),
        )
    memory = Memory(2)
    assert train(resumed, batches_of(EIGHT), memory, HOW, steps=8, saving=saving).rows == 2
    assert set(memory.asked) == {2}
    assert same(weights(straight), weights(resumed))


def test_a_part_of_pairs_has_both_sides_of_each():
    rows = torch.arange(8).reshape(8, 1)
    batch = PairBatch(rows, rows > 3, torch.arange(8.0), torch.tensor([1.0, 2.0, 3.0, 4.0]), 10.0)
    part = batch.part(1, 3)
    assert part.ids_BT[:, 0].tolist() == [1, 2, 5, 6]
    assert part.reference_B.tolist() == [1, 2, 5, 6]
    assert (len(part), part.units) == (2, 5.0)


#: Room for some rows of the batch and not for all: 90 MB beyond what the process has when it begins.
_REAL = """
import resource, torch
from tests.training.test_gradients import Halvings
from tests.training.tiny import EIGHT, batches_of, tiny_model
from training.batching import Example
from training.loop import Optimisation, train
from training.losses import completion_loss
from training.schedule import Schedule

long = [Example(one.prompt, one.completion * 20) for one in EIGHT] * 8
model, watch = tiny_model(width=64, layers=3), Halvings()
loss_of = lambda model, batch: completion_loss(model, batch.ids_BT, batch.learned_BT)
train(model, batches_of(long[:2], batch_size=2), loss_of, Optimisation(Schedule(1e-3), batch_size=2), steps=1)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 90_000_000, resource.RLIM_INFINITY))
batches = batches_of(long, batch_size=64)
found = train(model, batches, loss_of, Optimisation(Schedule(1e-3), batch_size=64), steps=2, watch=watch)
print(watch.seen, found.rows)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="sets a limit that only Linux keeps")
def test_a_real_limit_of_memory_halves_a_real_batch():
    ran = subprocess.run(
        [sys.executable, "-c", _REAL], capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout.startswith("[(1, ") and not ran.stdout.endswith(" 0\n"), ran.stdout
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY
