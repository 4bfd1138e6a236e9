"""`python -m training.parallel.helper RANK SIZE MEETING_PLACE cpu|cuda`: computes its share of each step.

Orders come through stdin, answers go to stdout; both end with the process that leads, and this one with them.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys
from pathlib import Path
from typing import IO

import torch
from torch import nn

from generation.sampling.memory import give_back, ran_out
from training.gradients import backward, clear_gradients
from training.parallel.group import join, send, sum_gradients, trained_parameters
from training.parallel.orders import Done, Learn, Share, Step, hear, tell
from training.parallel.structure import with_weights

PR_SET_PDEATHSIG = 1


def main(rank: int, size: int, meeting_place: Path, kind: str) -> None:
    if sys.platform == "linux":
        # Also while it waits inside the group, where no pipe is read.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    orders = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything prints belongs into the log
    torch.set_num_threads(1)
    # What every model needs is imported before the group meets: starting is not training.
    importlib.import_module("transformers.modeling_utils")
    device = join(rank, size, meeting_place, cpu=kind == "cpu")
    while True:
        try:
            order = hear(orders)
        except EOFError:
            return
        if isinstance(order, Learn):
            learn(order, device, orders, answers)
            give_back()


def learn(task: Learn, device: torch.device, orders: IO[bytes], answers: IO[bytes]) -> None:
    """One training, to its end."""
    model, tensors = with_weights(task.structure, device)
    send(tensors)
    model.train()
    while isinstance(order := hear(orders), Step | Share):
        if isinstance(order, Step):
            send(trained_parameters(model))
            tell(answers, compute(model, task, order, device))
            continue
        if order.kept:
            sum_gradients(model)
        clear_gradients(model)


def compute(model: nn.Module, task: Learn, step: Step, device: torch.device) -> Done:
    torch.manual_seed(step.seed)
    try:
        found = backward(
            model,
            [batch.to(device) for batch in step.batches],
            task.loss_of,
            units=step.units,
            rows=step.rows,
            precision=task.precision,
        )
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
    else:
        return Done(True, found.total, dict(found.sums))
    clear_gradients(model)
    give_back()
    return Done(False)


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
    except EOFError:
        sys.exit(0)
