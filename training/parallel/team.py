"""The side of rank 0: starts the helpers, gives each its share of a step, and notices when one is gone."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from generation.sampling.memory import give_back, ran_out
from jobs import kin
from training.errors import ProcessLost, TrainingError
from training.gradients import LossOf, Summed, backward, clear_gradients, halved
from training.parallel.group import join, leave, send, sum_gradients, trained_parameters
from training.parallel.meeting import MeetingPlace
from training.parallel.orders import Done, Learn, Rest, Share, Step, hear, tell
from training.parallel.structure import without_weights
from training.records import seed_of

_ROOT = Path(__file__).resolve().parents[2]
_team: Team | None = None


def team_of(processes: int, device: torch.device) -> Team:
    """The team of this process, started when it is first asked for; another size or device starts another.

    Raises TrainingError (too_few_devices), and ProcessLost where a helper does not come.
    """
    global _team
    if _team is None or (_team.size, _team.kind) != (processes, device.type):
        disband()
        _refuse_unless_there_are(processes, device)
        _team = Team(processes, device.type)
        _team.meet()
    return _team


def disband() -> None:
    """Ends the helpers, if there are any. Called at the end of a run, however it ends."""
    global _team
    team, _team = _team, None
    if team is not None:
        team.end()


atexit.register(disband)


class Team:
    """This process and its helpers."""

    def __init__(self, size: int, kind: str) -> None:
        self.size, self.kind = size, kind
        self._meeting = MeetingPlace()
        self.helpers = [self._start(rank) for rank in range(1, size)]

    def meet(self) -> None:
        with self._watched():
            join(0, self.size, self._meeting.file, cpu=self.kind == "cpu")

    def _start(self, rank: int) -> subprocess.Popen[bytes]:
        arguments = [str(rank), str(self.size), str(self._meeting.file), self.kind]
        # In our own group of processes: whoever kills that kills them too.
        helper = subprocess.Popen(
            [sys.executable, "-m", "training.parallel.helper", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
        )
        kin.join(helper.pid)
        return helper

    @contextmanager
    def training(
        self,
        model: nn.Module,
        loss_of: LossOf[Any],
        *,
        precision: Literal["fp32", "bf16"],
        seed: int,
        rows: int,
    ) -> Iterator[Together]:
        """A training's gradients, computed together as long as the block lasts."""
        structure, tensors = without_weights(model)
        with self._watched():
            for helper in self.helpers:
                self._tell(helper, Learn(structure, loss_of, precision))
            send(tensors)
        together = Together(self, model, loss_of, precision, seed, rows)
        try:
            yield together
        finally:
            if together.is_in_step:
                # Its helpers stand somewhere in a step that will not end.
                disband()
            elif _team is self:
                self.tell_all([Rest() for _ in self.helpers])

    def tell_all(self, orders: Sequence[object]) -> None:
        with self._watched():
            for helper, order in zip(self.helpers, orders, strict=True):
                self._tell(helper, order)

    def hear_all(self) -> list[Done]:
        with self._watched():
            return [self._hear(helper) for helper in self.helpers]

    def send(self, model: nn.Module) -> None:
        with self._watched():
            send(trained_parameters(model))

    def sum_gradients(self, model: nn.Module) -> None:
        with self._watched():
            sum_gradients(model)

    def end(self) -> None:
        """Ends the helpers without a word: they keep nothing."""
        for helper in self.helpers:
            helper.kill()
        for helper in self.helpers:
            helper.wait()
            kin.leave(helper.pid)
            for stream in (helper.stdin, helper.stdout):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()
        leave()
        self._meeting.leave()

    @staticmethod
    def _tell(helper: subprocess.Popen[bytes], order: object) -> None:
        assert helper.stdin is not None
        tell(helper.stdin, order)

    @staticmethod
    def _hear(helper: subprocess.Popen[bytes]) -> Done:
        assert helper.stdout is not None
        answer: Done = hear(helper.stdout)
        return answer

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Whatever goes wrong between processes is told as one of them being gone; their log says why."""
        try:
            gone = [rank for rank, helper in enumerate(self.helpers, 1) if helper.poll() is not None]
            if gone:
                raise EOFError
            yield
        except (EOFError, OSError, RuntimeError) as error:
            disband()
            raise ProcessLost(
                f"One of the {self.size} processes of this training ended or did not answer. Its log says why; the "
                "training goes on from its last saved state.",
                details={
                    "processes": self.size,
                    "reason": str(error).splitlines()[0][:200] if str(error) else "",
                },
            ) from error


class Together:
    """`training.gradients.Computing` by a team."""

    def __init__(
        self,
        team: Team,
        model: nn.Module,
        loss_of: LossOf[Any],
        precision: Literal["fp32", "bf16"],
        seed: int,
        rows: int,
    ) -> None:
        self.rows = rows
        self.is_in_step = False
        self._team, self._model, self._loss_of = team, model, loss_of
        self._precision, self._seed = precision, seed

    def gradient(self, step: int, batches: Sequence[Any], units: float) -> Summed:
        shares = [
            [_share(batch, rank, self._team.size) for batch in batches] for rank in range(self._team.size)
        ]
        shares = [[part for part in share if len(part)] for share in shares]
        while True:
            self.is_in_step = True
            found = self._try(step, shares, units)
            self.is_in_step = False
            if found is not None:
                return found
            clear_gradients(self._model)
            give_back()
            self.rows = halved(step, self.rows, [part for share in shares for part in share])

    def _try(self, step: int, shares: Sequence[list[Any]], units: float) -> Summed | None:
        """None where the memory of any of the processes is full."""
        team = self._team
        team.tell_all(
            [
                Step([part.to("cpu") for part in share], units, self.rows, self._seed_of(step, rank))
                for rank, share in enumerate(shares[1:], 1)
            ]
        )
        team.send(self._model)
        # Dropout is a step's and a rank's own, so that a resumed training has it again; this rank has it too, and not
        # from a state that a second try would have moved.
        torch.manual_seed(self._seed_of(step, 0))
        found = self._own(shares[0], units)
        answers = team.hear_all()
        fits = found is not None and all(answer.fits for answer in answers)
        team.tell_all([Share(kept=fits) for _ in answers])
        if found is None or not fits:
            return None
        team.sum_gradients(self._model)
        for answer in answers:
            found.add(answer.total, answer.sums or {})
        return found

    def _own(self, share: Sequence[Any], units: float) -> Summed | None:
        try:
            return backward(
                self._model, share, self._loss_of, units=units, rows=self.rows, precision=self._precision
            )
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
            return None

    def _seed_of(self, step: int, rank: int) -> int:
        return seed_of(self._seed, "dropout", step, rank)


def _share(batch: Any, rank: int, size: int) -> Any:
    """A rank's rows of a batch: as many as the others have, or one more."""
    return batch.part(len(batch) * rank // size, len(batch) * (rank + 1) // size)


def room_for_processes(kind: str) -> int:
    """How many processes of a training can have a GPU, or a core, of their own."""
    if kind == "cuda":
        return torch.cuda.device_count()
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _refuse_unless_there_are(processes: int, device: torch.device) -> None:
    there = room_for_processes(device.type)
    usable = device.type == "cpu" or (device.type == "cuda" and device.index in (None, 0))
    if not usable or (device.type == "cuda" and processes > there):
        what = f"{there} GPUs" if device.type == "cuda" and usable else f"the device {device}"
        raise TrainingError(
            f"processes: {processes} cannot share {what}; expected at most one for each GPU, from the first on, or a"
            " CPU.",
            code="too_few_devices",
            details={"field": "processes", "value": processes, "expected": f"at most {there}"},
        )
