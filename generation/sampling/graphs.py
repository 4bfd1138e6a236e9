"""Steps that a GPU records once and replays: CUDA graphs, one for each shape of a step.

A replay runs the recorded kernels on the recorded addresses, whatever the host has been doing: it is right only for a
step that asks the host for nothing and whose tensors stand still (`standing`). Which it is, is shown without a GPU by
recording a step's operations and running that record in its place (tests/generation/test_standing.py).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Protocol

import torch

#: Steps of a shape before it is recorded: kernels and libraries set themselves up in the first ones, and shapes that
#: are met once or twice are not worth a recording.
WARM_UPS = 2

_log = logging.getLogger(__name__)

Step = Callable[[], None]


class Capture(Protocol):
    """Makes a step out of one that will be asked for again and again."""

    def warm(self, step: Step) -> None:
        """Run it, as a first time."""
        ...

    def record(self, step: Step) -> Step:
        """What does the same again, to the same tensors. Recording may run the step or not: it may be run twice.

        Raises RuntimeError where the step can not be recorded.
        """
        ...

    def forget(self) -> None:
        """Nothing that was recorded is asked for any more."""
        ...


class Steps:
    """Runs steps, and replays those whose shape has been met often enough. capture: None replays nothing."""

    def __init__(self, capture: Capture | None) -> None:
        self._capture = capture
        self._met: Counter[Hashable] = Counter()
        self._recorded: dict[Hashable, Step] = {}

    def forget(self) -> None:
        """The tensors have moved."""
        self._met.clear()
        self._recorded.clear()
        if self._capture is not None:
            self._capture.forget()

    def run(self, shape: Hashable, step: Step) -> None:
        """step: touches the same tensors each time that it comes with this shape; run twice it does no harm."""
        if self._capture is None:
            step()
        elif shape in self._recorded:
            self._recorded[shape]()
        elif self._met[shape] < WARM_UPS:
            self._met[shape] += 1
            self._capture.warm(step)
        else:
            self._record(self._capture, shape, step)

    def _record(self, capture: Capture, shape: Hashable, step: Step) -> None:
        try:
            replay = capture.record(step)
        except RuntimeError as error:
            # Also where the memory has no room for a recording: the step itself may fit.
            _log.warning("Decoding goes on without CUDA graphs: %s", first_line(error))
            self.forget()
            self._capture = None
            step()
            return
        self._recorded[shape] = replay
        replay()


def first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


class CudaGraphs:
    """`Capture` on a GPU. All graphs share one memory for what lies between their kernels: none runs beside another."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self.forget()

    def forget(self) -> None:
        # A pool that all its graphs have left is not to be taken into use again.
        self._pool = torch.cuda.graph_pool_handle()

    def warm(self, step: Step) -> None:
        # On the stream that records: libraries make a workspace for each.
        now = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(now)
        with torch.cuda.stream(self._stream):
            step()
        now.wait_stream(self._stream)

    def record(self, step: Step) -> Step:
        graph = torch.cuda.CUDAGraph()
        now = torch.cuda.current_stream(self._device)
        # Threads that beat the heart of a job have no part in this.
        alone = "thread_local"
        try:
            with torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode=alone):
                step()
        finally:
            # A recording that fails leaves its own stream behind as the current one.
            torch.cuda.set_stream(now)
        replay: Step = graph.replay
        return replay
